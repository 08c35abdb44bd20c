import { hash, randomBytes } from 'node:crypto';

const TOKEN_BYTES = 32;
// 32 bytes in base64url are 43 characters, and the last one carries four bits only.
const TOKEN = /^[\w-]{42}[AEIMQUYcgkosw048]$/;
const ID = /^[0-9a-f]{64}$/;

/** Returns a new token: 32 secure random bytes, as 43 characters. Whoever has the token has the session. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** Returns true for what could be a token. Anything else is refused without a lookup. */
export function isToken(value: unknown): value is string {
  return typeof value === 'string' && TOKEN.test(value);
}

/** Returns true for what could be the id of a session. A token is never one: their formats differ. */
export function isSessionId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}

/**
 * The id under which everything about a secret is stored. The secret itself is stored nowhere. Secrets are
 * never compared, so the duration of a lookup only depends on hashes.
 */
export function idOf(secret: string): string {
  return hash('sha256', secret, 'hex');
}

/** The key group of all sessions of a user. */
export function groupOfUser(userId: string): string {
  return `user:${idOf(userId)}`;
}
