import { decodeEntry } from '../../store/entry.js';
import type { StampedDrop, StampedWrite } from '../../store/key-value-store.js';
import type { Stamp } from '../../store/stamp.js';
import { compareStandings, type Standing } from '../../store/which-wins.js';

/**
 * What a record is to its owner, which alone decides who gives way when there is no room:
 * - `value`: a cached value. Losing it costs a load
 * - `delete`: the end of cached values. Losing it brings back what was ended
 * - `must`: anything else, such as a login
 */
export type WriteClass = 'must' | 'delete' | 'value';

/** What every record holds. */
interface RecordOrigin {
  /** Calendar milliseconds at which the write was made: its TTL counts from here. */
  readonly madeAt: number;
  /** Journals of an earlier version have `isDroppable` instead, see {@link classOf}. */
  readonly class?: WriteClass;
  readonly isDroppable?: boolean;
  /**
   * Since when others may know the key, in calendar milliseconds: Redis has had the value, or one that it
   * replaces. They may have ended it since. Without it, the key was never anywhere else before `madeAt`.
   */
  readonly knownSince?: number;
}

/** A delete that a value has replaced in the journal. */
export interface ReplacedDelete {
  readonly stamp: Stamp;
  /** Calendar milliseconds at which it was made: its TTL counts from here. */
  readonly madeAt: number;
  readonly ttlMs: number;
}

/** A write that Redis does not have yet. */
export interface JournaledWrite extends RecordOrigin {
  readonly kind: 'write';
  readonly write: StampedWrite;
  /** Redis has to hear of it before the value: it refuses what is older for longer than the value may live. */
  readonly deleted?: ReplacedDelete;
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

/** What a record is about. */
export type Subject =
  | { readonly kind: 'write'; readonly write: Pick<StampedWrite, 'key'> }
  | { readonly kind: 'drop'; readonly drop: Pick<StampedDrop, 'group' | 'except'> };

/**
 * The target of a record: of two records with the same one the newer replaces the older. Those are writes to
 * one key, or drops of one group that spare the same keys: a drop that spares more does not end what the other did.
 */
export function targetOf(record: Subject): string {
  if (record.kind === 'write') return `w${record.write.key}`;
  const { group, except = [] } = record.drop;
  return except.length === 0 ? `d${group}` : `e${JSON.stringify([group, ...except.toSorted()])}`;
}

/** What a record is to its owner. */
export function classOf(record: JournalRecord): WriteClass {
  if (record.class !== undefined) return record.class;
  if (record.isDroppable !== true) return 'must';
  return record.kind === 'write' && !isDelete(record) ? 'value' : 'delete';
}

/** What decides which of two records of one target stays. */
export function standingOf(record: JournalRecord): Standing {
  const { stamp, isFinal = false } = record.kind === 'write' ? record.write : record.drop;
  return { stamp, isFinal };
}

/** Whether, of two records of one target, the second does not replace the first. */
export function isNotOlder(a: JournalRecord, b: JournalRecord): boolean {
  return compareStandings(standingOf(a), standingOf(b)) >= 0;
}

/** The stamp of a record: its place in the order of all writes. */
export function stampOfRecord(record: JournalRecord): Stamp {
  return record.kind === 'write' ? record.write.stamp : record.drop.stamp;
}

/** Approximate memory of a record, in bytes. */
export function weightOf(record: JournalRecord): number {
  if (record.kind === 'drop') {
    const { group, except = [] } = record.drop;
    return except.reduce((sum, { length }) => sum + 2 * length, RECORD_BYTES + 2 * group.length);
  }
  const { key, entry, groups } = record.write;
  const names = groups.reduce((sum, { length }) => sum + GROUP_BYTES + 2 * length, 0);
  return RECORD_BYTES + 2 * key.length + entry.length + names;
}

/** What is left of a record's TTL at a calendar time; `null` means for ever, 0 or less that it has ended. */
export function leftMs(record: JournalRecord, wallTime: number): number | null {
  const { ttlMs } = record.kind === 'write' ? record.write : record.drop;
  return ttlMs === null ? null : leftOf({ ttlMs, madeAt: record.madeAt }, wallTime);
}

/** The same of a delete that was replaced. */
export function leftOf(
  { ttlMs, madeAt }: Pick<ReplacedDelete, 'ttlMs' | 'madeAt'>,
  wallTime: number,
): number {
  // The calendar may have been set back since: a TTL never grows.
  return Math.min(ttlMs, madeAt + ttlMs - wallTime);
}

/** Whether a write is a delete. */
export function isDelete({ write }: JournaledWrite): boolean {
  const decoded = decodeEntry(write.entry);
  return decoded.ok && decoded.entry.kind === TOMBSTONE;
}
