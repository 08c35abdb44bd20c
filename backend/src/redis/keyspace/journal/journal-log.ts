import { decodeEntry } from '../store/entry.js';
import type { StampedDrop, StampedWrite } from '../store/key-value-store.js';
import type { Stamp } from '../store/stamp.js';

/** What every record holds. */
interface RecordOrigin {
  /** Calendar milliseconds at which the write was made: its TTL counts from here. */
  readonly madeAt: number;
  /** It may be dropped for another one when the journal is full. Set by the journal. */
  readonly isDroppable?: boolean;
}

/** A write that Redis does not have yet. */
export interface JournaledWrite extends RecordOrigin {
  readonly kind: 'write';
  readonly write: StampedWrite;
}

/** A key group that was emptied, which Redis does not know yet. */
export interface JournaledDrop extends RecordOrigin {
  readonly kind: 'drop';
  readonly drop: StampedDrop & { readonly channel?: string };
}

/** What a journal holds. */
export type JournalRecord = JournaledWrite | JournaledDrop;

/** Where a journal is kept besides memory. */
export interface JournalLog {
  /** Resolves when the record will outlive this process; rejects when it may be lost. */
  append(record: JournalRecord): Promise<void>;
  /** The records of this key (or key group) up to this stamp need no replay any more. */
  settle(record: JournalRecord): void;
  /** Finishes what was appended. Never rejects. */
  close(): Promise<void>;
}

/** In memory only. */
export const NO_LOG: JournalLog = {
  append: () => Promise.resolve(),
  settle: () => undefined,
  close: () => Promise.resolve(),
};

/** Approximate memory of one record besides its key and its entry. */
const RECORD_BYTES = 400;
const GROUP_BYTES = 100;
const TOMBSTONE = 'tombstone';

/** The target of a record: of two records for the same key, or the same group, the newer replaces the older. */
export function targetOf(record: JournalRecord): string {
  return record.kind === 'write' ? `w${record.write.key}` : `d${record.drop.group}`;
}

/** The stamp of a record: its place in the order of all writes. */
export function stampOfRecord(record: JournalRecord): Stamp {
  return record.kind === 'write' ? record.write.stamp : record.drop.stamp;
}

/** Approximate memory of a record, in bytes. */
export function weightOf(record: JournalRecord): number {
  if (record.kind === 'drop') return RECORD_BYTES + 2 * record.drop.group.length;
  const { key, entry, groups } = record.write;
  const names = groups.reduce((sum, { length }) => sum + GROUP_BYTES + 2 * length, 0);
  return RECORD_BYTES + 2 * key.length + entry.length + names;
}

/** What is left of a record's TTL at a calendar time; `null` means for ever, 0 or less that it has ended. */
export function leftMs(record: JournalRecord, wallTime: number): number | null {
  const { ttlMs } = record.kind === 'write' ? record.write : record.drop;
  if (ttlMs === null) return null;
  // The calendar may have been set back since: a TTL never grows.
  return Math.min(ttlMs, record.madeAt + ttlMs - wallTime);
}

/** Whether a write is a delete. */
export function isDelete({ write }: JournaledWrite): boolean {
  const decoded = decodeEntry(write.entry);
  return decoded.ok && decoded.entry.kind === TOMBSTONE;
}
