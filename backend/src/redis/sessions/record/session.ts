import { expiryOf, type SessionRecord } from './session-record.js';

/** A session, as the application sees it. Times in calendar milliseconds. Changing the object saves nothing. */
export interface Session<T = Record<string, unknown>> {
  /** The id of the session. It gives no access: it may be shown to its user. */
  readonly id: string;
  readonly userId: string;
  readonly data: T;
  /** When the user logged in. */
  readonly createdAt: number;
  /** When it was last used; up to `touchEveryMs` behind. */
  readonly lastSeenAt: number;
  /** When it ends unless it is used. */
  readonly expiresAt: number;
  /** When it ends in any case. */
  readonly endsAt: number;
}

/** A session and its token. The token is given only here: it is not stored. */
export interface IssuedSession<T = Record<string, unknown>> {
  readonly token: string;
  readonly session: Session<T>;
}

/** Sessions of a user, the last used one first. */
export interface SessionList<T = Record<string, unknown>> {
  readonly sessions: readonly Session<T>[];
  /** False when some may be missing, because Redis or the archive could not be asked. */
  readonly isComplete: boolean;
}

/** Options of a new session. */
export interface NewSession<T = Record<string, unknown>> {
  /** The user it belongs to: 1 to 1024 characters. */
  readonly userId: string;
  /** Plain JSON. */
  readonly data: T;
  /** @defaultValue `idleMs` of the service */
  readonly idleMs?: number;
  /** @defaultValue `absoluteMs` of the service */
  readonly absoluteMs?: number;
}

/** A record as the application sees it. */
export function toSession<T>(record: SessionRecord): Session<T> {
  const { id, userId, createdAt, lastSeenAt, endsAt } = record;
  // The data was given as this type; JSON keeps it.
  const data = record.data as T;
  return { id, userId, data, createdAt, lastSeenAt, expiresAt: expiryOf(record), endsAt };
}
