import { createHash, randomBytes } from 'node:crypto';

const TOKEN_BYTES = 32;
// 32 bytes in base64url are 43 characters, and the last one carries four bits only.
const TOKEN = /^[\w-]{42}[AEIMQUYcgkosw048]$/;
const ID = /^[0-9a-f]{64}$/;

/** A new token: 32 bytes of the system's secure chance, as 43 characters. Who has it has the session. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** True for what could be a token. Anything else is refused without asking anybody. */
export function isToken(value: unknown): value is string {
  return typeof value === 'string' && TOKEN.test(value);
}

/** True for what could be the id of a session. A token never is: their forms differ. */
export function isSessionId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}

/**
 * The id under which everybody keeps what belongs to a secret. The secret itself is kept nowhere, and
 * no secrets are compared: whoever times a look-up learns of hashes.
 */
export function idOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** The group of all sessions of a user. */
export function groupOfUser(userId: string): string {
  return `user:${idOf(userId)}`;
}
