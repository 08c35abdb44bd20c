import { HIDDEN, type Findings } from '../base/options/index.js';
import type { Credentials } from './credentials.js';
import type { ResolvedAccess } from './redis-options.js';

/** Reports credentials that are given twice, and those that can be used but are probably a mistake. */
export function checkAccess(
  group: 'node' | 'sentinel',
  access: ResolvedAccess,
  findings: Findings,
): void {
  const { username, password, passwordFile = null, credentials = null } = access;
  refuseTwice(group, access, findings);
  if (password !== null && password !== password.trim()) {
    findings.warn(
      `${group}.password`,
      HIDDEN,
      'begins or ends with white space, which is sent as part of it',
      'Remove it unless it is meant; files of secrets often end with a line break',
    );
  }
  const hasPassword = password !== null || passwordFile !== null;
  const isRefused = ['password', 'passwordFile'].some((key) =>
    findings.isRefused(`${group}.${key}`),
  );
  if (username !== null && !hasPassword && !isRefused && credentials === null) {
    findings.warn(
      `${group}.username`,
      username,
      'is set without a password',
      `Set ${findings.name(`${group}.password`)} too, or leave both out`,
    );
  }
}

// Either of the two may be the outdated one.
function refuseTwice(group: 'node' | 'sentinel', access: ResolvedAccess, findings: Findings): void {
  const { username, password, passwordFile = null, credentials = null } = access;
  const twice = (one: string, other: string): void => {
    const [name, otherName] = [
      findings.name(`${group}.${one}`),
      findings.name(`${group}.${other}`),
    ];
    const remedy = `Keep ${name} or ${otherName}, not both`;
    findings.refuse(`${group}.${one}`, HIDDEN, `is given together with ${otherName}`, remedy);
  };
  if (passwordFile !== null && password !== null) twice('passwordFile', 'password');
  if (credentials === null) return;
  if (username !== null) twice('credentials', 'username');
  if (password !== null) twice('credentials', 'password');
  if (passwordFile !== null) twice('credentials', 'passwordFile');
}

/** Returns the credentials of connections that may change; `null` where they are fixed, or there are none. */
export function changingCredentials(access: ResolvedAccess): Credentials | null {
  return access.credentials ?? access.passwordFile ?? null;
}
