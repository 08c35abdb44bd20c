import type { SessionRecord } from '../record/session-record.js';

/**
 * Where sessions are kept for good, such as a table of your database: the truth about which sessions
 * exist, when Redis is away or has come back empty. Each call gets an `AbortSignal` that fires when
 * nobody waits for it any more. Ids are hashes; tokens never get here.
 */
export interface SessionArchive {
  /**
   * Keeps a record. With `update` it must change only a record that is there, and whose `revision` is
   * not higher as text: or a late update brings back a session that was removed.
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
