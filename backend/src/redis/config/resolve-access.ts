import { HIDDEN, type Findings } from '../base/options/index.js';
import type { ResolvedAccess } from './redis-options.js';

/** Reports credentials that can be used but are probably a mistake. */
export function checkAccess(
  group: 'node' | 'sentinel',
  { username, password }: ResolvedAccess,
  findings: Findings,
): void {
  if (password !== null && password !== password.trim()) {
    findings.warn(
      `${group}.password`,
      HIDDEN,
      'begins or ends with white space, which is sent as part of it',
      'Remove it unless it is meant; files of secrets often end with a line break',
    );
  }
  if (username !== null && password === null && !findings.isRefused(`${group}.password`)) {
    findings.warn(
      `${group}.username`,
      username,
      'is set without a password',
      `Set ${findings.name(`${group}.password`)} too, or leave both out`,
    );
  }
}
