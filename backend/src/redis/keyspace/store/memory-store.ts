import { InvalidArgumentError } from '../../base/errors/index.js';
import type { Clock } from '../../base/timing/index.js';
import { encodeEntry, newTombstone } from './entry.js';
import type { ApplyOutcome, KeyValueStore, StampedDrop, StampedWrite } from './key-value-store.js';
import {
  GroupIndex,
  laps,
  RecencyList,
  MemoryRecord,
  owned,
  weigh,
  type MemoryCopy,
  type Records,
} from './memory-records.js';
import { compareStamps, isDamaged, type Stamp } from './stamp.js';

export type { MemoryCopy } from './memory-records.js';

/** The bounds of a memory store. Both are required: memory without a bound ends the process. */
interface MemoryStoreOptions {
  /** Keys, and key groups that were emptied. */
  readonly maxEntries: number;
  /** Bytes of keys, entries and groups, and the cost of keeping them. */
  readonly maxBytes: number;
}

const SWEPT_PER_WRITE = 4;
const APPLIED: ApplyOutcome = { kind: 'applied' };

/**
 * {@link KeyValueStore} in this process, within limits: what was not used for the longest time is removed
 * first, tombstones and marks of groups too; then older writes are no longer refused. It never waits and
 * sets no timers. An expired record is removed when it is read, or when a write passes by.
 *
 * Bytes are copied out of larger Buffers, so that what is counted is what is held. An entry that is
 * larger than the whole store is `applied` as well, because it is the newest: the older one is removed,
 * nothing is kept, and it counts as refused.
 */
export class MemoryStore implements KeyValueStore {
  readonly #bounds: MemoryStoreOptions;
  readonly #clock: Clock;
  readonly #records: Records = new Map();
  // Tombstones of key groups that were emptied: they refuse older writes to the keys of the group.
  readonly #marks: Records = new Map();
  readonly #byUse = new RecencyList();
  readonly #groups = new GroupIndex();
  // Copies of an earlier round are distrusted.
  readonly #trust = { round: 0 };
  readonly #laps = laps(this.#records, this.#marks);
  #bytes = 0;
  #evictions = 0;
  #expirations = 0;
  #refused = 0;

  /** @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) when a limit is not a positive whole number. */
  constructor(bounds: MemoryStoreOptions, clock: Clock) {
    requireBound('maxEntries', bounds.maxEntries);
    requireBound('maxBytes', bounds.maxBytes);
    this.#bounds = bounds;
    this.#clock = clock;
  }

  /** Entries that are held, including tombstones, and expired entries that were not removed yet. */
  get size(): number {
    return this.#records.size;
  }

  /** Bytes that are held, as {@link MemoryStoreOptions.maxBytes} counts them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Entries and marks of groups that were evicted for lack of room. */
  get evictions(): number {
    return this.#evictions;
  }

  /** Entries and marks of groups that were dropped because they had expired. */
  get expirations(): number {
    return this.#expirations;
  }

  /** Entries that were not kept because they are larger than the whole store. */
  get refused(): number {
    return this.#refused;
  }

  /** Returns what is held under a key. Counts as use. */
  peek(key: string): MemoryCopy | null {
    const record = this.#find(this.#records, key, this.#clock.now());
    if (record !== null) this.#byUse.use(record);
    return record;
  }

  /** {@inheritDoc KeyValueStore.read} */
  read(keys: readonly string[]): (Buffer | null)[] {
    return keys.map((key) => this.peek(key)?.entry ?? null);
  }

  /** {@inheritDoc KeyValueStore.apply} */
  apply(write: StampedWrite): ApplyOutcome {
    const now = this.#clock.now();
    this.#sweep(now);
    const stored = this.#find(this.#records, write.key, now);
    if (stored?.has(write.stamp) === true) {
      stored.confirm(now);
      return APPLIED;
    }
    const by = this.#newerStamp(stored, write.stamp) ?? this.#dropSince(write, now);
    if (by !== null) return { kind: 'superseded', by };
    this.#put(this.#records, write, now);
    this.#shrink();
    return APPLIED;
  }

  /** Returns the stamp of what is newer than a write, which would then change nothing; `null` otherwise. */
  supersededBy(write: StampedWrite): Stamp | null {
    const now = this.#clock.now();
    const stored = this.#find(this.#records, write.key, now);
    return this.#newerStamp(stored, write.stamp) ?? this.#dropSince(write, now);
  }

  /** {@inheritDoc KeyValueStore.members} */
  members(group: string): string[] {
    const now = this.#clock.now();
    return this.#groups.keys(group).filter((key) => this.#find(this.#records, key, now) !== null);
  }

  /** {@inheritDoc KeyValueStore.drop} */
  drop({ group, stamp, ttlMs }: StampedDrop): number {
    const now = this.#clock.now();
    this.#sweep(now);
    const madeAt = this.#clock.wallTime();
    const entry = owned(encodeEntry(newTombstone(stamp, { madeAt, freshUntil: madeAt + ttlMs })));
    const grave: Omit<StampedWrite, 'key'> = { stamp, entry, ttlMs, groups: [] };
    let count = 0;
    for (const key of this.members(group)) {
      if (this.#newerStamp(this.#find(this.#records, key, now), stamp) !== null) continue;
      this.#put(this.#records, { ...grave, key }, now);
      count++;
    }
    const mark = this.#find(this.#marks, group, now);
    if (this.#newerStamp(mark, stamp) === null) {
      // An earlier drop may have to be remembered for longer.
      const keepMs = Math.max(ttlMs, (mark?.expiresAt ?? now) - now);
      this.#put(this.#marks, { ...grave, key: group, ttlMs: keepMs }, now);
    }
    this.#shrink();
    return count;
  }

  /** Redis still has the same: the copy is trusted as if it were new. Its time to live stays. */
  confirm(key: string): void {
    const now = this.#clock.now();
    this.#find(this.#records, key, now)?.confirm(now);
  }

  /** The key may have changed elsewhere: the copy is distrusted until it is written again or confirmed. */
  distrust(key: string): void {
    this.#records.get(key)?.distrust();
  }

  /** Notices may have been missed: no copy is trusted until it is written again or confirmed. */
  distrustAll(): void {
    this.#trust.round++;
  }

  /** Removes a key without a tombstone: older writes may put it back. */
  forget(key: string): void {
    const record = this.#records.get(key);
    if (record !== undefined) this.#remove(record);
  }

  /** Removes everything without tombstones, marks of groups too. The counters stay. */
  clear(): void {
    for (const record of this.#records.values()) this.#remove(record);
    for (const mark of this.#marks.values()) this.#remove(mark);
  }

  #find(home: Records, key: string, now: number): MemoryRecord | null {
    const record = home.get(key);
    if (record === undefined) return null;
    if (now < record.expiresAt) return record;
    this.#expire(record);
    return null;
  }

  #newerStamp(stored: MemoryRecord | null, coming: Stamp): Stamp | null {
    const stamp = stored?.stamp ?? null;
    if (stamp === null || compareStamps(stamp, coming) <= 0) return null;
    return isDamaged(stamp, this.#clock.wallTime()) ? null : stamp;
  }

  #dropSince({ stamp, groups }: StampedWrite, now: number): Stamp | null {
    for (const group of groups) {
      const newer = this.#newerStamp(this.#find(this.#marks, group, now), stamp);
      if (newer !== null) return newer;
    }
    return null;
  }

  #put(home: Records, write: StampedWrite, now: number): void {
    const old = home.get(write.key);
    // Deleting the key as well would leave a hole in the map at each write.
    if (old !== undefined) this.#unlink(old);
    const isTooLarge = weigh(write) > this.#bounds.maxBytes;
    if (isTooLarge) this.#refused++;
    if (isTooLarge || !(write.ttlMs === null || write.ttlMs > 0)) {
      home.delete(write.key);
      return;
    }
    const record = new MemoryRecord(home, write, now, this.#trust);
    home.set(write.key, record);
    this.#byUse.add(record);
    this.#groups.add(record);
    this.#bytes += record.weight;
  }

  #remove(record: MemoryRecord): void {
    record.home.delete(record.key);
    this.#unlink(record);
  }

  #unlink(record: MemoryRecord): void {
    this.#byUse.remove(record);
    this.#groups.remove(record);
    this.#bytes -= record.weight;
  }

  #expire(record: MemoryRecord): void {
    this.#remove(record);
    this.#expirations++;
  }

  // Each write checks a few more records, so that all of them are checked in the end.
  #sweep(now: number): void {
    for (let i = 0; i < SWEPT_PER_WRITE; i++) {
      const record = this.#laps.next().value;
      if (record === null) return;
      if (now >= record.expiresAt) this.#expire(record);
    }
  }

  // An entry larger than the whole store is never put, so the newest always fits.
  #shrink(): void {
    const { maxEntries, maxBytes } = this.#bounds;
    while (this.#records.size + this.#marks.size > maxEntries || this.#bytes > maxBytes) {
      const { oldest } = this.#byUse;
      if (oldest === null) return;
      this.#remove(oldest);
      this.#evictions++;
    }
  }
}

function requireBound(field: keyof MemoryStoreOptions, value: number): void {
  if (Number.isSafeInteger(value) && value > 0) return;
  throw new InvalidArgumentError({
    field,
    value,
    message: 'memory must be bounded by a positive whole number',
    remedy: 'For example maxEntries 10000 and maxBytes 67108864',
  });
}
