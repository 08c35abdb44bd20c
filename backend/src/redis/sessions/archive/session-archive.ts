import type { SessionRecord } from '../record/session-record.js';

/**
 * Where sessions are stored permanently, such as a table of your database. It decides which sessions
 * exist when Redis is away or has come back empty. Each call gets an `AbortSignal` that fires when
 * its result is no longer needed. Ids are hashes; the archive never gets a token.
 */
export interface SessionArchive {
  /**
   * Stores a record. `update` must only change an existing record whose `revision`, compared as text, is not
   * higher: otherwise a late update could bring back a session that was removed.
   */
  save(record: SessionRecord, how: 'insert' | 'update', signal: AbortSignal): Promise<void>;
  /** The record with this id, or `null`. Records past `endsAt` may be left out. */
  find(id: string, signal: AbortSignal): Promise<SessionRecord | null>;
  /** Removes the record, if it is there. */
  remove(id: string, signal: AbortSignal): Promise<void>;
  /** Removes all records of a user, but not the one with the id `exceptId`. */
  removeAllOf(userId: string, exceptId: string | null, signal: AbortSignal): Promise<void>;
  /** All records of a user. */
  listOf(userId: string, signal: AbortSignal): Promise<readonly SessionRecord[]>;
}
