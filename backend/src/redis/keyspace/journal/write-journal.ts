import { ClosedError } from '../../base/errors/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';
import {
  isDelete,
  leftMs,
  stampOfRecord,
  targetOf,
  weightOf,
  type JournaledWrite,
  type JournalLog,
  type JournalRecord,
} from './journal-log.js';
import type { StampedDrop, StampedWrite } from '../store/key-value-store.js';
import { compareStamps, type Stamp } from '../store/stamp.js';

/** How much a journal holds, and for how long. */
interface WriteJournalOptions {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Older values are not replayed: a later delete may have been forgotten by now. */
  readonly maxAgeMs: number;
}

/** The outcome of a record that is no longer pending. `rejected`: Redis refuses this one for good. */
export type Settlement = 'applied' | 'superseded' | 'expired' | 'rejected';

/** What a journal holds, and the outcome of what it held. */
interface JournalStats extends Readonly<Record<Settlement, number>> {
  readonly entries: number;
  readonly bytes: number;
  readonly appended: number;
  /** No longer pending, because a newer record replaced it. */
  readonly replaced: number;
  /** Lost for lack of room. */
  readonly dropped: number;
}

/** A record and its place. */
interface Pending {
  readonly record: JournalRecord;
  readonly target: string;
  readonly weight: number;
  isPending: boolean;
  /** Resolves when the log has the record. */
  logged: Promise<void>;
}

const MIN_TO_TIDY = 64;
const NONE: ReadonlySet<JournalRecord> = new Set();

/**
 * The writes that were made while Redis was away. Of each key, and of each emptied key group, the newest
 * counts. Bounded: when it is full, droppable records are dropped first, oldest first.
 */
export class WriteJournal {
  readonly #bounds: WriteJournalOptions;
  readonly #clock: Clock;
  readonly #log: JournalLog;
  readonly #pending = new Map<string, Pending>();
  /** Records that may be dropped for others, oldest first. */
  readonly #droppable = new Map<string, Pending>();
  readonly #byGroup = new Map<string, Set<Pending>>();
  /** By stamp. Records that are no longer pending stay in it, marked, until there are enough to clean up. */
  #order: Pending[] = [];
  #bytes = 0;
  #droppableBytes = 0;
  #isClosed = false;
  #onDropped: (count: number) => void = () => undefined;
  readonly #counts = {
    appended: 0,
    replaced: 0,
    dropped: 0,
    applied: 0,
    superseded: 0,
    expired: 0,
    rejected: 0,
  };

  /** @param recovered - the records that the log kept from an earlier process */
  constructor(
    bounds: WriteJournalOptions,
    clock: Clock,
    log: JournalLog,
    recovered: readonly JournalRecord[] = [],
  ) {
    this.#bounds = bounds;
    this.#clock = clock;
    this.#log = log;
    for (const record of recovered) this.recover(record);
  }

  /** How many records are pending. */
  get entries(): number {
    return this.#pending.size;
  }

  /** About how many bytes they take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What it holds, and the outcome of what it held. */
  get stats(): JournalStats {
    return { entries: this.entries, bytes: this.#bytes, ...this.#counts };
  }

  /** The latest stamp that is pending: after a restart, new stamps must be later. */
  get latestStamp(): Stamp | null {
    const last = this.#order.findLast(({ isPending }) => isPending);
    return last === undefined ? null : stampOfRecord(last.record);
  }

  /** Calls back when records were lost for lack of room, with their number. There is one listener. */
  onDropped(listener: (count: number) => void): Stop {
    this.#onDropped = listener;
    return () => {
      this.#onDropped = () => undefined;
    };
  }

  /**
   * Adds a record. It counts from this moment on. The promise resolves when the log has it too, and
   * rejects when the log failed: then the record is pending, and would be lost in a crash of this process.
   */
  append(
    record: JournalRecord,
    options: { readonly mayDropOthers: boolean },
  ): Promise<'journaled' | 'full'> {
    if (this.#isClosed) return Promise.reject(new ClosedError('The journal is closed'));
    const target = targetOf(record);
    const present = this.#pending.get(target);
    if (present !== undefined && isNotOlder(present.record, record)) {
      this.#counts.replaced++;
      return present.logged.then(() => 'journaled');
    }
    const own = { ...record, isDroppable: options.mayDropOthers };
    if (!this.#makeRoom(weightOf(own), present, options.mayDropOthers))
      return Promise.resolve('full');
    if (present !== undefined) {
      this.#remove(present);
      this.#counts.replaced++;
    }
    const pending = this.#add(own);
    this.#counts.appended++;
    pending.logged = this.#log.append(own);
    return pending.logged.then(() => 'journaled');
  }

  /**
   * Adds a record of a process that is gone, which the log has already. An acknowledged write is kept even
   * when the limits are smaller now; droppable records are not.
   */
  recover(record: JournalRecord): void {
    const present = this.#pending.get(targetOf(record));
    if (present !== undefined && isNotOlder(present.record, record)) return;
    const hasRoom = this.#makeRoom(weightOf(record), present, true);
    if (!hasRoom && record.isDroppable === true) {
      this.#log.settle(record);
      this.#counts.dropped++;
      return;
    }
    if (present !== undefined) this.#remove(present);
    this.#add(record);
  }

  /** The pending write of a key; `null` when there is none, or when its key group was emptied since. */
  pendingOf(key: string): StampedWrite | null {
    if (this.#pending.size === 0) return null;
    const record = this.#pending.get(`w${key}`)?.record;
    if (record?.kind !== 'write') return null;
    return this.#isDroppedSince(record.write) ? null : record.write;
  }

  /** The pending drop of a key group. */
  pendingDrop(group: string): StampedDrop | null {
    const record = this.#pending.get(`d${group}`)?.record;
    return record?.kind === 'drop' ? record.drop : null;
  }

  /** Keys whose pending write lists them under a key group that was not emptied since. */
  pendingMembers(group: string): string[] {
    const keys: string[] = [];
    for (const { record } of this.#byGroup.get(group) ?? []) {
      if (record.kind === 'write' && !this.#isDroppedSince(record.write)) {
        keys.push(record.write.key);
      }
    }
    return keys;
  }

  /** The oldest records by stamp, at most `count`, without those in `except`. */
  oldest(count: number, except: ReadonlySet<JournalRecord> = NONE): JournalRecord[] {
    const found: JournalRecord[] = [];
    for (const { isPending, record } of this.#order) {
      if (found.length >= count) break;
      if (isPending && !except.has(record)) found.push(record);
    }
    return found;
  }

  /** Whether a value must no longer be written: expired, or too old. A delete is never too old. */
  isExpired(record: JournaledWrite): boolean {
    const now = this.#clock.wallTime();
    const left = leftMs(record, now);
    if (left !== null && left <= 0) return true;
    return now - record.madeAt > this.#bounds.maxAgeMs && !isDelete(record);
  }

  /** Takes a record out, unless a newer one has replaced it. Returns whether it was there. */
  settle(record: JournalRecord, settlement: Settlement): boolean {
    const pending = this.#pending.get(targetOf(record));
    if (pending === undefined || !isNotOlder(record, pending.record)) return false;
    this.#leave(pending);
    this.#counts[settlement]++;
    return true;
  }

  /** Removes the write of a key when Redis has one with this stamp or a later one. */
  settleKey(key: string, stamp: Stamp): boolean {
    const pending = this.#pending.get(`w${key}`);
    if (pending === undefined || compareStamps(stampOfRecord(pending.record), stamp) > 0) {
      return false;
    }
    this.#leave(pending);
    this.#counts.superseded++;
    return true;
  }

  /** Accepts no more records, and closes the log. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#log.close();
  }

  #makeRoom(weight: number, present: Pending | undefined, mayDropOthers: boolean): boolean {
    const { maxEntries, maxBytes } = this.#bounds;
    const bytes = weight - (present?.weight ?? 0);
    const entries = present === undefined ? 1 : 0;
    const isOver = (): boolean =>
      this.#pending.size + entries > maxEntries || this.#bytes + bytes > maxBytes;
    if (!isOver()) return true;
    if (!mayDropOthers || !this.#canMakeRoom(bytes, entries, present)) return false;
    let dropped = 0;
    for (const oldest of this.#droppable.values()) {
      if (!isOver()) break;
      if (oldest === present) continue;
      this.#leave(oldest);
      dropped++;
    }
    this.#counts.dropped += dropped;
    this.#onDropped(dropped);
    return true;
  }

  // Nothing is dropped for a record that does not fit anyway.
  #canMakeRoom(bytes: number, entries: number, present: Pending | undefined): boolean {
    const { maxEntries, maxBytes } = this.#bounds;
    const ownBytes = present?.record.isDroppable === true ? present.weight : 0;
    const othersBytes = this.#droppableBytes - ownBytes;
    const fits = this.#bytes + bytes - othersBytes <= maxBytes;
    return fits && this.#pending.size + entries - this.#droppable.size <= maxEntries;
  }

  #add(record: JournalRecord): Pending {
    const pending: Pending = {
      record,
      target: targetOf(record),
      weight: weightOf(record),
      isPending: true,
      logged: Promise.resolve(),
    };
    this.#pending.set(pending.target, pending);
    this.#bytes += pending.weight;
    if (record.isDroppable === true) {
      this.#droppable.set(pending.target, pending);
      this.#droppableBytes += pending.weight;
    }
    for (const group of groupsOf(record)) {
      const members = this.#byGroup.get(group) ?? new Set();
      this.#byGroup.set(group, members.add(pending));
    }
    insertByStamp(this.#order, pending);
    return pending;
  }

  #leave(pending: Pending): void {
    this.#remove(pending);
    this.#log.settle(pending.record);
  }

  #remove(pending: Pending): void {
    pending.isPending = false;
    this.#pending.delete(pending.target);
    this.#bytes -= pending.weight;
    if (this.#droppable.delete(pending.target)) this.#droppableBytes -= pending.weight;
    for (const group of groupsOf(pending.record)) {
      const members = this.#byGroup.get(group);
      members?.delete(pending);
      if (members?.size === 0) this.#byGroup.delete(group);
    }
    const gone = this.#order.length - this.#pending.size;
    if (gone > MIN_TO_TIDY && gone > this.#pending.size) {
      this.#order = this.#order.filter(({ isPending }) => isPending);
    }
  }

  #isDroppedSince({ groups, stamp }: StampedWrite): boolean {
    return groups.some((group) => {
      const drop = this.pendingDrop(group);
      return drop !== null && compareStamps(drop.stamp, stamp) > 0;
    });
  }
}

function isNotOlder(a: JournalRecord, b: JournalRecord): boolean {
  return compareStamps(stampOfRecord(a), stampOfRecord(b)) >= 0;
}

function groupsOf(record: JournalRecord): readonly string[] {
  return record.kind === 'write' ? record.write.groups : [];
}

// Stamps arrive almost in order, so the place is nearly always the end.
function insertByStamp(order: Pending[], pending: Pending): void {
  const stamp = stampOfRecord(pending.record);
  let low = 0;
  let high = order.length;
  const last = order.at(-1);
  if (last !== undefined && compareStamps(stampOfRecord(last.record), stamp) < 0) low = high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = order[middle];
    if (at !== undefined && compareStamps(stampOfRecord(at.record), stamp) < 0) low = middle + 1;
    else high = middle;
  }
  if (low === order.length) order.push(pending);
  else order.splice(low, 0, pending);
}
