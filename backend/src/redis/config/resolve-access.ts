import { HIDDEN, type Findings } from './findings.js';
import { resolveTls } from './resolve-tls.js';
import type { ResolvedAccess } from './resolved-options.js';

/** Credentials and transport of one kind of node; empty text counts as not set. */
export function resolveAccess(
  group: 'node' | 'sentinel',
  given: Pick<ResolvedAccess, 'username' | 'password'>,
  tls: unknown,
  findings: Findings,
): ResolvedAccess {
  const username = given.username === '' ? null : given.username;
  const password = given.password === '' ? null : given.password;
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
  return { username, password, tls: resolveTls(`${group}.tls`, tls, findings) };
}
