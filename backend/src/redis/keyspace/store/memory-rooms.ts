import { ConfigInvalidError, InvalidArgumentError } from '../../base/errors/index.js';
import { EvictionQueue, Line, type Evictable, type Queue } from '../../base/collections/index.js';

/** Why a copy is there; it decides who gives way. `ends` are tombstones and marks of groups. */
export type MemoryClass = 'sessions' | 'values' | 'ends';

/** How much may be held. */
export interface MemoryLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/** What memory has to know of a keyspace. */
export interface MemoryNeeds {
  readonly policy: 'cache' | 'session' | 'strict';
  /** The part of all memory that it has to itself; 0 means that it shares with others. @defaultValue 0 */
  readonly memoryPercent?: number;
  /** Whether near copies answer: then they are listed by a second key. @defaultValue 0 */
  readonly nearMs?: number;
}

/** What memory holds of one class, and the bounds of its rooms. Values and sessions share one of them. */
export interface ClassUsage extends MemoryLimits {
  readonly entries: number;
  readonly bytes: number;
  /** How many left for lack of room. */
  readonly evictions: number;
}

/** What stands in a room. */
export interface Held<T> extends Evictable<T> {
  /** What its decoded value counts for. */
  readonly decodedBytes: number;
}

/** Where copies of a keyspace stand. */
export interface Place<T extends Held<T>> {
  readonly values: Shelf<T>;
  readonly ends: Shelf<T>;
  /** What the list of near copies takes for each value. */
  readonly listedBytes: number;
}

/** The largest part of memory that rooms of their own may take together. */
export const MAX_OWN_PERCENT = 50;
const ENDS_PART = 8;
const SPARE_PART = 8;
// Making a spare takes as long as a few of these times without one. A prime, so that no loop through keys meets the same.
const SPARE_TURNS = 17;
const SEPARATOR = /[:#]/;
// A place in a map and a text of its own, measured as growth of the process.
const LISTED_BYTES = 96;
// At 12 bytes each, and rounded up to a power of two: at most one hundredth of the memory.
const BYTES_PER_SLOT = 2400;
const CLASSES: readonly MemoryClass[] = ['sessions', 'values', 'ends'];

/** What can be done without beside the records of a room. The oldest makes room for the next. */
export class Spares<T extends Held<T>> {
  readonly #holders = new Set<T>();
  #bytes = 0;
  #turn = 0;

  /** Whether one of this size could stay, if all others made room for it. */
  static haveRoomFor(bytes: number, { maxBytes }: MemoryLimits): boolean {
    return bytes * SPARE_PART <= maxBytes;
  }

  /** Whether one of about this size is worth making: there is room, or it is the turn of one for which others leave. */
  mayAdd(bytes: number, bounds: MemoryLimits): boolean {
    if (Spares.haveRoomFor(this.#bytes + bytes, bounds)) return true;
    this.#turn = (this.#turn + 1) % SPARE_TURNS;
    return this.#turn === 0;
  }

  /** Adds what a record holds, and takes out those for which there is no room any more. */
  add(holder: T, bounds: MemoryLimits): readonly T[] {
    this.#holders.add(holder);
    this.#bytes += holder.decodedBytes;
    const others: T[] = [];
    for (const oldest of this.#holders) {
      if (Spares.haveRoomFor(this.#bytes, bounds)) break;
      this.remove(oldest);
      others.push(oldest);
    }
    return others;
  }

  /** The record holds nothing of the kind any more. */
  remove(holder: T): void {
    if (this.#holders.delete(holder)) this.#bytes -= holder.decodedBytes;
  }
}

/** A part of memory with bounds of its own. */
export class Room<T extends Held<T>> {
  bounds: MemoryLimits;
  readonly spares = new Spares<T>();
  /** The one that gives way comes first. */
  readonly shelves: readonly Shelf<T>[];

  constructor(bounds: MemoryLimits, classes: readonly MemoryClass[]) {
    this.bounds = bounds;
    this.shelves = classes.map((name, rank) => new Shelf<T>(this, name, rank));
  }

  get isOverfull(): boolean {
    return this.#isBeyond(0, 0);
  }

  /** Whether a record could stay on a shelf, if all others that give way to it did. */
  hasRoomOn({ rank }: Shelf<T>, weight: number): boolean {
    return !this.#isBeyond(rank + 1, weight);
  }

  /** Takes out who leaves first; `null` when the room is empty. */
  evict(): T | null {
    for (const shelf of this.shelves) {
      const record = shelf.queue.evict();
      if (record === null) continue;
      shelf.evictions++;
      return record;
    }
    return null;
  }

  // Whether what stands on these shelves is too much, with a record of this weight if it has one.
  #isBeyond(first: number, weight: number): boolean {
    let entries = weight > 0 ? 1 : 0;
    let bytes = weight;
    for (let rank = first; rank < this.shelves.length; rank++) {
      const queue = this.shelves[rank]?.queue;
      entries += queue?.entries ?? 0;
      bytes += queue?.bytes ?? 0;
    }
    return entries > this.bounds.maxEntries || bytes > this.bounds.maxBytes;
  }
}

/** Records of one class in one room. */
export class Shelf<T extends Held<T>> {
  readonly room: Room<T>;
  readonly class: MemoryClass;
  /** Lower ones give way first. */
  readonly rank: number;
  readonly queue: Queue<T>;
  evictions = 0;

  constructor(room: Room<T>, ofClass: MemoryClass, rank: number) {
    this.room = room;
    this.class = ofClass;
    this.rank = rank;
    this.queue = ofClass === 'ends' ? new Line() : new EvictionQueue(slotsOf(room.bounds));
  }
}

/** Which copies stand where: by the keyspace at the beginning of their key. */
export class MemoryRooms<T extends Held<T>> {
  readonly #bounds: MemoryLimits;
  readonly #shared: Room<T>;
  readonly #ends: Room<T>;
  readonly #own: Room<T>[] = [];
  readonly #places = new Map<string, Place<T>>();
  // Keyspaces that nobody has opened hold values.
  readonly #unknown: Place<T>;
  #ownPercent = 0;

  /** @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) when a limit is not a positive whole number. */
  constructor(bounds: MemoryLimits) {
    requireLimit('maxEntries', bounds.maxEntries);
    requireLimit('maxBytes', bounds.maxBytes);
    this.#bounds = bounds;
    const ends = endsOf(bounds);
    this.#ends = new Room<T>(ends, ['ends', 'ends']);
    this.#shared = new Room<T>(without(bounds, ends), ['values', 'sessions']);
    this.#unknown = placeIn(this.#shared, this.#ends, { ofClass: 'values', listedBytes: 0 });
  }

  /**
   * Gives a keyspace its place.
   *
   * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) when rooms of their own would take too much.
   */
  open(keyspace: string, { policy, memoryPercent = 0, nearMs = 0 }: MemoryNeeds): Room<T> | null {
    if (this.#places.has(keyspace)) return null;
    const ofClass = policy === 'session' ? 'sessions' : 'values';
    const room = memoryPercent > 0 ? this.#setAside(keyspace, memoryPercent, ofClass) : null;
    const listedBytes = nearMs > 0 ? LISTED_BYTES : 0;
    const place = placeIn(room ?? this.#shared, this.#ends, { ofClass, listedBytes });
    this.#places.set(keyspace, place);
    return room === null ? null : this.#shared;
  }

  /** Where an entry or a mark stands, by its whole name: no name of a keyspace holds a separator. */
  placeOf(name: string): Place<T> {
    const end = name.search(SEPARATOR);
    return (end > 0 ? this.#places.get(name.slice(0, end)) : undefined) ?? this.#unknown;
  }

  /** What is held, by class. */
  get usage(): Readonly<Record<MemoryClass, ClassUsage>> {
    const rooms = [this.#shared, this.#ends, ...this.#own];
    const usage = CLASSES.map((name) => [name, usageOf(name, rooms)]);
    return Object.fromEntries(usage) as Record<MemoryClass, ClassUsage>;
  }

  #setAside(keyspace: string, percent: number, ofClass: MemoryClass): Room<T> {
    const left = MAX_OWN_PERCENT - this.#ownPercent;
    if (percent > left) {
      throw new ConfigInvalidError([
        {
          field: `${keyspace}.memoryPercent`,
          value: percent,
          message: `rooms of their own may take ${String(MAX_OWN_PERCENT)} percent of memory together, and ${String(left)} are left`,
          remedy: 'Make them smaller, or let some namespaces share',
        },
      ]);
    }
    this.#ownPercent += percent;
    const bounds = partOf(this.#bounds, percent);
    const room = new Room<T>(bounds, [ofClass]);
    this.#own.push(room);
    this.#shared.bounds = without(this.#shared.bounds, bounds);
    return room;
  }
}

function placeIn<T extends Held<T>>(
  room: Room<T>,
  ends: Room<T>,
  { ofClass, listedBytes }: { readonly ofClass: MemoryClass; readonly listedBytes: number },
): Place<T> {
  const [endsOfValues, endsOfSessions] = ends.shelves;
  const values = room.shelves.find((shelf) => shelf.class === ofClass);
  const endsOfClass = ofClass === 'sessions' ? endsOfSessions : endsOfValues;
  return { values, ends: endsOfClass, listedBytes } as Place<T>;
}

function endsOf({ maxEntries, maxBytes }: MemoryLimits): MemoryLimits {
  return {
    maxEntries: Math.min(Math.ceil(maxEntries / ENDS_PART), maxEntries - 1),
    maxBytes: Math.floor(maxBytes / ENDS_PART),
  };
}

function partOf({ maxEntries, maxBytes }: MemoryLimits, percent: number): MemoryLimits {
  return {
    maxEntries: Math.floor((maxEntries * percent) / 100),
    maxBytes: Math.floor((maxBytes * percent) / 100),
  };
}

function without(all: MemoryLimits, part: MemoryLimits): MemoryLimits {
  return {
    maxEntries: all.maxEntries - part.maxEntries,
    maxBytes: all.maxBytes - part.maxBytes,
  };
}

function slotsOf({ maxEntries, maxBytes }: MemoryLimits): number {
  return Math.max(1, Math.min(maxEntries, Math.floor(maxBytes / BYTES_PER_SLOT)));
}

function usageOf<T extends Held<T>>(name: MemoryClass, rooms: readonly Room<T>[]): ClassUsage {
  const usage = { entries: 0, bytes: 0, evictions: 0, maxEntries: 0, maxBytes: 0 };
  for (const { shelves, bounds } of rooms) {
    const own = shelves.filter((shelf) => shelf.class === name);
    for (const { queue, evictions } of own) {
      usage.entries += queue.entries;
      usage.bytes += queue.bytes;
      usage.evictions += evictions;
    }
    if (own.length === 0) continue;
    usage.maxEntries += bounds.maxEntries;
    usage.maxBytes += bounds.maxBytes;
  }
  return usage;
}

function requireLimit(field: keyof MemoryLimits, value: number): void {
  if (Number.isSafeInteger(value) && value > 0) return;
  throw new InvalidArgumentError({
    field,
    value,
    message: 'memory must be bounded by a positive whole number',
    remedy: 'For example maxEntries 10000 and maxBytes 67108864',
  });
}
