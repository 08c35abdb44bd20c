import type { Stamp } from './stamp.js';
import {
  GroupIndex,
  laps,
  MemoryRecord,
  shelfIn,
  weigh,
  type MemoryWrite,
  type RecordKeeper,
  type Records,
} from './memory-records.js';
import {
  MemoryRooms,
  type ClassUsage,
  type MemoryClass,
  type MemoryLimits,
  type MemoryNeeds,
  type Room,
  type Shelf,
  Spares,
} from './memory-rooms.js';

/** What memory holds, and what it may hold. */
export interface MemoryUsage extends MemoryLimits {
  readonly entries: number;
  readonly bytes: number;
  /** Entries and marks of groups that left for lack of room. */
  readonly evictions: number;
  /** The same by class. A session that left is unknown while Redis is away. */
  readonly classes: Readonly<Record<MemoryClass, ClassUsage>>;
}

const SWEPT_PER_WRITE = 4;

/**
 * What memory holds: records of keys, and marks of what was ended. It knows who gives way to whom (see
 * {@link MemoryRooms}) and what has expired, and leaves it to others which write wins.
 */
export class MemoryHoldings {
  readonly records: Records = new Map();
  /**
   * Tombstones of key groups that were emptied, and of keys that have been written again since: they refuse older
   * writes. By the name of the group, or the key.
   */
  readonly marks: Records = new Map();
  readonly #bounds: MemoryLimits;
  readonly #rooms: MemoryRooms<MemoryRecord>;
  readonly #groups = new GroupIndex();
  readonly #laps = laps(this.records, this.marks);
  readonly #keeper: RecordKeeper;
  readonly #onEndLost: (stamp: Stamp) => void;
  #expirations = 0;
  #refused = 0;

  /**
   * @param onEndLost - called with the stamp of each tombstone, or mark, for which there is no room any more
   * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) when a limit is not a positive whole number.
   */
  constructor({ maxEntries, maxBytes }: MemoryLimits, onEndLost: (stamp: Stamp) => void) {
    this.#onEndLost = onEndLost;
    this.#bounds = { maxEntries, maxBytes };
    this.#rooms = new MemoryRooms(this.#bounds);
    this.#keeper = {
      keepDecoded: (record, value, bytes, isSpare) =>
        isSpare ? this.#keepSpare(record, value, bytes) : this.#keepDecoded(record, value, bytes),
      mayKeepSpare: ({ shelf: { room } }, bytes) => room.spares.mayAdd(bytes, room.bounds),
    };
  }

  /** How many were dropped because they had expired. */
  get expirations(): number {
    return this.#expirations;
  }

  /** How many were not kept because they are larger than their room. */
  get refused(): number {
    return this.#refused;
  }

  /** What is held, with what has expired and was not removed yet. */
  get usage(): MemoryUsage {
    const classes = this.#rooms.usage;
    const all = Object.values(classes);
    return {
      ...this.#bounds,
      entries: all.reduce((sum, { entries }) => sum + entries, 0),
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
      evictions: all.reduce((sum, { evictions }) => sum + evictions, 0),
      classes,
    };
  }

  /**
   * Says what a keyspace is, so that its copies get their place: before the first of them is written.
   *
   * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) when rooms of their own would take too much.
   */
  open(keyspace: string, needs: MemoryNeeds): void {
    const smaller = this.#rooms.open(keyspace, needs);
    if (smaller !== null) this.#shrink(smaller);
  }

  /** Returns the record of a key; one that has expired is removed. */
  findRecord(key: string, now: number): MemoryRecord | null {
    return this.#find(this.records, key, now);
  }

  /** The same of the mark of a group, or of a key. */
  findMark(name: string, now: number): MemoryRecord | null {
    return this.#find(this.marks, name, now);
  }

  /** The keys of a key group, also of records that have expired. */
  listed(group: string): string[] {
    return this.#groups.keys(group);
  }

  /** Holds what a write writes, in place of the record that is there; nothing at all when there is no room for it. */
  putRecord(write: MemoryWrite, now: number): void {
    this.#put(this.records, write, now);
  }

  /** The same for the mark of a group, or of a key. */
  putMark(mark: MemoryWrite, now: number): void {
    this.#put(this.marks, mark, now);
  }

  /** Gives a record up. */
  remove(record: MemoryRecord): void {
    record.shelf.queue.remove(record);
    this.#unlist(record);
  }

  /** Checks a few more records for their time: each write does, so that all of them are checked in the end. */
  sweep(now: number): void {
    for (let i = 0; i < SWEPT_PER_WRITE; i++) {
      const record = this.#laps.next().value;
      if (record === null) return;
      if (now >= record.expiresAt) this.#expire(record);
    }
  }

  /** No copy is trusted until it is written again or confirmed. */
  distrustAll(): void {
    for (const record of this.records.values()) record.distrust();
  }

  #find(home: Records, name: string, now: number): MemoryRecord | null {
    const record = home.get(name);
    if (record === undefined) return null;
    if (now < record.expiresAt) return record;
    this.#expire(record);
    return null;
  }

  #put(home: Records, write: MemoryWrite, now: number): void {
    const old = home.get(write.key) ?? null;
    const place = old?.place ?? this.#rooms.placeOf(write.key);
    const shelf = shelfIn(place, write);
    const weight = weigh(write) + (shelf === place.values ? place.listedBytes : 0);
    if (!this.#mayStay(write, shelf, weight)) {
      if (old !== null) this.remove(old);
      return;
    }
    const keeper = this.#keeper;
    const record = new MemoryRecord(write, now, { home, place, shelf, weight, keeper });
    // Deleting the key first would leave a hole in the map at each write.
    home.set(write.key, record);
    this.#link(record, old);
    this.#shrink(shelf.room);
  }

  #mayStay(write: MemoryWrite, shelf: Shelf<MemoryRecord>, weight: number): boolean {
    if (isOver(write)) return false;
    const hasRoom = shelf.room.hasRoomOn(shelf, weight);
    if (hasRoom) return true;
    this.#refused++;
    if (shelf.class === 'ends') this.#onEndLost(write.stamp);
    return false;
  }

  #link(record: MemoryRecord, old: MemoryRecord | null): void {
    if (old !== null) {
      this.#groups.remove(old);
      old.shelf.room.spares.remove(old);
      old.shortKeys?.replace(old, record);
    }
    this.#groups.add(record);
    const { queue } = record.shelf;
    if (old?.shelf === record.shelf) {
      queue.replace(old, record);
      return;
    }
    old?.shelf.queue.remove(old);
    queue.add(record);
  }

  #keepDecoded(record: MemoryRecord, value: unknown, bytes: number): boolean {
    if (record.home.get(record.key) !== record) return false;
    const { shelf } = record;
    const by = bytes - record.decodedBytes;
    if (!shelf.room.hasRoomOn(shelf, record.weight + by)) return false;
    shelf.room.spares.remove(record);
    record.decoded = value;
    record.decodedBytes = bytes;
    shelf.queue.reweigh(record, by);
    this.#shrink(shelf.room);
    return record.home.get(record.key) === record;
  }

  #keepSpare(record: MemoryRecord, value: unknown, bytes: number): boolean {
    const { spares, bounds } = record.shelf.room;
    if (!Spares.haveRoomFor(bytes, bounds) || !this.#keepDecoded(record, value, bytes))
      return false;
    for (const other of spares.add(record, bounds)) {
      other.shelf.queue.reweigh(other, -other.decodedBytes);
      other.decoded = undefined;
      other.decodedBytes = 0;
    }
    return record.decoded === value;
  }

  #unlist(record: MemoryRecord): void {
    record.shelf.room.spares.remove(record);
    record.home.delete(record.key);
    record.shortKeys?.remove(record);
    this.#groups.remove(record);
  }

  #expire(record: MemoryRecord): void {
    this.remove(record);
    this.#expirations++;
  }

  #shrink(room: Room<MemoryRecord>): void {
    while (room.isOverfull) {
      const record = room.evict();
      if (record === null) return;
      this.#unlist(record);
      if (record.isTombstone && record.stamp !== null) this.#onEndLost(record.stamp);
    }
  }
}

/** Whether what a write writes is gone at once. NaN is over, too. */
export function isOver({ ttlMs }: Pick<MemoryWrite, 'ttlMs'>): boolean {
  return !(ttlMs === null || ttlMs > 0);
}
