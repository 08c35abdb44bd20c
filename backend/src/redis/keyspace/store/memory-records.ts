import { hasStamp } from './entry.js';
import type { StampedWrite } from './key-value-store.js';
import { compareStamps, type Stamp } from './stamp.js';

/** What the store holds under a key. The bytes belong to the store and must not be changed. */
export interface MemoryCopy {
  /** The encoded entry; the same Buffer until the key is written again. */
  readonly entry: Buffer;
  /** `null` when the bytes are no entry. */
  readonly stamp: Stamp | null;
  /** When it was last written or confirmed, by `clock.now()`. */
  readonly heardAt: number;
  /** False after it was distrusted, until it is written again or confirmed. */
  readonly isTrusted: boolean;
}

// What a record, its stamp, its place in the map and its Buffer cost besides the bytes, and what one
// key group of a record costs: measured as growth of the process, per entry.
const RECORD_BYTES = 768;
const LISTING_BYTES = 256;
const DISTRUSTED = -1;

/** Records by their key. */
export type Records = Map<string, MemoryRecord>;

/** Goes through all records, then through the marks; `null` is the end of a round. */
export function* laps(records: Records, marks: Records): Generator<MemoryRecord | null, never> {
  for (;;) {
    yield* records.values();
    yield* marks.values();
    yield null;
  }
}

/** What is kept under one key, and its place among the others. */
export class MemoryRecord implements MemoryCopy {
  newer: MemoryRecord | null = null;
  older: MemoryRecord | null = null;
  readonly home: Records;
  readonly key: string;
  readonly entry: Buffer;
  readonly stamp: Stamp | null;
  readonly groups: readonly string[];
  readonly expiresAt: number;
  readonly weight: number;
  heardAt: number;
  readonly #trust: { readonly round: number };
  #round: number;

  constructor(home: Records, write: StampedWrite, now: number, trust: { readonly round: number }) {
    this.home = home;
    this.key = write.key;
    this.entry = owned(write.entry);
    this.stamp = hasStamp(write.entry) ? write.stamp : null;
    this.groups = write.groups;
    this.expiresAt = write.ttlMs === null ? Infinity : now + write.ttlMs;
    this.weight = weigh(write);
    this.heardAt = now;
    this.#trust = trust;
    this.#round = trust.round;
  }

  /** {@inheritDoc MemoryCopy.isTrusted} */
  get isTrusted(): boolean {
    return this.#round === this.#trust.round;
  }

  has(stamp: Stamp): boolean {
    return this.stamp !== null && compareStamps(this.stamp, stamp) === 0;
  }

  confirm(now: number): void {
    this.heardAt = now;
    this.#round = this.#trust.round;
  }

  distrust(): void {
    this.#round = DISTRUSTED;
  }
}

/** Which records a key group lists. A key group is kept no longer than its last record. */
export class GroupIndex {
  readonly #members = new Map<string, Set<MemoryRecord>>();

  keys(group: string): string[] {
    return Array.from(this.#members.get(group) ?? [], ({ key }) => key);
  }

  add(record: MemoryRecord): void {
    for (const group of record.groups) {
      const members = this.#members.get(group);
      if (members === undefined) this.#members.set(group, new Set([record]));
      else members.add(record);
    }
  }

  remove(record: MemoryRecord): void {
    for (const group of record.groups) {
      const members = this.#members.get(group);
      members?.delete(record);
      if (members?.size === 0) this.#members.delete(group);
    }
  }
}

/**
 * A list from the newest to the oldest record. The order of a Map would do as well, but taking its first
 * key steps over the holes of deleted keys: with many entries that takes milliseconds.
 */
export class RecencyList {
  newest: MemoryRecord | null = null;
  oldest: MemoryRecord | null = null;

  add(item: MemoryRecord): void {
    item.older = this.newest;
    if (this.newest === null) this.oldest = item;
    else this.newest.newer = item;
    this.newest = item;
  }

  remove(item: MemoryRecord): void {
    if (item.newer === null) this.newest = item.older;
    else item.newer.older = item.older;
    if (item.older === null) this.oldest = item.newer;
    else item.older.newer = item.newer;
    item.newer = null;
    item.older = null;
  }

  use(item: MemoryRecord): void {
    if (item === this.newest) return;
    this.remove(item);
    this.add(item);
  }
}

/** Returns how much memory a write takes. */
export function weigh({ key, entry, groups }: StampedWrite): number {
  let bytes = RECORD_BYTES + Buffer.byteLength(key) + entry.length;
  for (const group of groups) bytes += LISTING_BYTES + Buffer.byteLength(group);
  return bytes;
}

/** Returns the bytes alone. A slice would keep the whole Buffer it was cut from, which may be far larger. */
export function owned(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.length) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
