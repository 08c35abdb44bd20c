import { expiryOf, type SessionRecord } from './session-record.js';

/** A session, as the application sees it. Times in calendar milliseconds. Changing the object changes nothing. */
export interface Session<T = Record<string, unknown>> {
  /** Names the session, and opens nothing: it may be shown to its user. */
  readonly id: string;
  readonly userId: string;
  readonly data: T;
  /** When its user logged in. */
  readonly createdAt: number;
  /** When it was used; up to `touchEveryMs` behind. */
  readonly lastSeenAt: number;
  /** When it ends unless it is used. */
  readonly expiresAt: number;
  /** When it ends for certain. */
  readonly endsAt: number;
}

/** A session and the secret that opens it. The secret is known only here and now: nothing keeps it. */
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

/** What a session begins with. */
export interface NewSession<T = Record<string, unknown>> {
  /** Whose it is: 1 to 1024 characters. */
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
  // What is stored under this type was given as this type; JSON keeps it.
  const data = record.data as T;
  return { id, userId, data, createdAt, lastSeenAt, expiresAt: expiryOf(record), endsAt };
}
