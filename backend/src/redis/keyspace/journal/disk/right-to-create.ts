import type { StampedWrite } from '../../store/key-value-store.js';
import { isDelete, type JournalRecord } from './journal-log.js';
import { withDelete } from './replaced-delete.js';

/** What a record replaces, and when Redis has acknowledged it; `null` when it has not. */
interface Replaced {
  readonly record: JournalRecord;
  readonly at: number | null;
}

/**
 * A change replaces what is there and creates nothing: what it changes may have been ended. The change of a value that
 * this process has created itself, and that Redis may not have yet, inherits the right to create it.
 *
 * @param present - what the record replaces
 */
export function inheriting(record: JournalRecord, present: Replaced | undefined): JournalRecord {
  if (record.kind !== 'write' || record.write.replaces === undefined) return record;
  const change: JournalRecord = { ...record, write: { ...record.write, replaces: 'any' } };
  if (present?.record.kind !== 'write' || isDelete(present.record)) return change;
  if (present.record.write.replaces !== undefined) return change;
  const { knownSince = present.at === null ? undefined : present.record.madeAt } = present.record;
  const write = unconditional(record.write);
  return { ...record, write, ...(knownSince !== undefined && { knownSince }) };
}

/**
 * The same for records of several processes: one may have created a value, and another one changed it. Whoever has
 * both may create it. One may have deleted it: whoever has written it since brings the delete as well.
 */
export function inheritingAmong(newer: JournalRecord, older: JournalRecord): JournalRecord {
  return withDelete(inheriting(newer, { record: older, at: null }), older);
}

/** The same write, whatever it was based on. */
export function unconditional(write: StampedWrite): StampedWrite {
  // Nearly all are. An object of which a member was deleted is slow for as long as it is held.
  if (write.replaces === undefined) return write;
  const plain: { -readonly [K in keyof StampedWrite]: StampedWrite[K] } = { ...write };
  delete plain.replaces;
  return plain;
}
