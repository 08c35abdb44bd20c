import {
  birthOf,
  type DecodedEntry,
  decodeEntry,
  type Entry,
  hasStamp,
  isFinal,
  isTombstone,
} from './entry.js';
import type { Evictable } from '../../base/collections/index.js';
import type { StampedWrite } from './key-value-store.js';
import type { Place, Shelf } from './memory-rooms.js';
import { compareStamps, type Stamp } from './stamp.js';
import type { Standing } from './which-wins.js';

/** Where whoever decodes a copy may leave the result, so that the next one need not. */
export interface DecodedSlot {
  /** What was left here; `undefined` for nothing. Belongs to whoever left it. */
  readonly decoded: unknown;
  /**
   * Keeps a decoded value beside the bytes, for as long as they are held. Returns false when there is no
   * room, or when the key was written again meanwhile.
   *
   * @param bytes - what it counts for: the size of what it was decoded from, decompressed
   * @param isSpare - whether it can be done without: such values get a small part of the room, and the oldest of them
   * make room for the next
   */
  keepDecoded(value: unknown, bytes: number, isSpare?: boolean): boolean;
  /**
   * Whether what can be done without is worth making now, before it is made. Where others would have to make room for it
   * that is so once in a while only: they, and what is made, would leave before they are used.
   *
   * @param bytes - what it will count for, about
   */
  mayKeepSpare(bytes: number): boolean;
}

/** What the store holds under a key. The bytes belong to the store and must not be changed. */
export interface MemoryCopy extends DecodedSlot {
  /** The encoded entry; the same Buffer until the key is written again. */
  readonly entry: Buffer;
  /** The same, decoded: once, however often it is read. */
  readonly found: DecodedEntry;
  /** `null` when the bytes are no entry. */
  readonly stamp: Stamp | null;
  /** The stamp with which the value was born; `null` when the bytes are no entry. */
  readonly birth: Stamp | null;
  /** It is the end of a key that is never used again. */
  readonly isFinal: boolean;
  /** When it was last written or confirmed, by `clock.now()`. */
  readonly heardAt: number;
  /** False after it was distrusted, until it is written again or confirmed. */
  readonly isTrusted: boolean;
  /** When its time to live is over, by `clock.now()`. */
  readonly expiresAt: number;
  /** What it answers with as long as its pass is good; `null` when it has none. */
  readonly passed: Entry | null;
  /**
   * Lets the copy answer with this entry, and lists it: until the pass is over, or the copy is written again, distrusted
   * or given up.
   *
   * @param key - as a caller of its keyspace names it
   */
  givePass(key: string, entry: Entry, pass: Pass): void;
  /** Redis still has the same: the copy is trusted as if it were new. */
  confirm(now: number): void;
}

/** For how long a copy may answer without being judged again. */
export interface Pass {
  /** Where the copy is looked for. */
  readonly list: ShortKeys;
  /** What whoever gives passes counts: all earlier ones end with the next. */
  readonly round: number;
  /** Up to this moment of `clock.now()`. */
  readonly until: number;
  /** Up to this moment of the calendar. */
  readonly freshUntil: number;
}

/** What a record asks of its store. */
export interface RecordKeeper {
  keepDecoded(record: MemoryRecord, value: unknown, bytes: number, isSpare: boolean): boolean;
  mayKeepSpare(record: MemoryRecord, bytes: number): boolean;
}

// What a record, its stamp, its place in the map and its Buffer cost besides the bytes, and what one
// key group of a record, or one key that a drop spares, costs: measured as growth of the process, per entry.
const RECORD_BYTES = 912;
const LISTING_BYTES = 256;
const NONE: readonly string[] = [];
const NOBODY: SparedKeys = new Map();

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

/** Where a record belongs. */
interface RecordSpot {
  readonly home: Records;
  readonly place: Place<MemoryRecord>;
  readonly shelf: Shelf<MemoryRecord>;
  readonly weight: number;
  readonly keeper: RecordKeeper;
}

/**
 * The keys that the drop of a group has spared. Each has a floor: other drops of the group, which did not spare it,
 * have ended what was born before that stamp; `null` where there was none.
 */
export type SparedKeys = ReadonlyMap<string, Stamp | null>;

/** What the mark of a group says of what it ends. */
export interface GroupMark {
  readonly entry: Buffer;
  readonly stamp: Stamp;
  readonly spared: SparedKeys;
}

/** A write, or the mark of a group. */
export interface MemoryWrite extends StampedWrite {
  readonly spared?: SparedKeys;
}

/** What is kept under one key, and its place among the others. */
export class MemoryRecord implements MemoryCopy, Evictable<MemoryRecord> {
  // What a hit needs stands together, in whole numbers that take no object of their own: among many records each
  // further look is one into slow memory.
  uses = 0;
  #passRound = 0;
  #passUntil = 0;
  #passFreshUntil = 0;
  passed: Entry | null = null;
  decoded: unknown = undefined;
  newer: MemoryRecord | null = null;
  older: MemoryRecord | null = null;
  isProven = false;
  isTrusted = true;
  /** Where it is listed by the key of its callers, and as what. */
  shortKeys: ShortKeys | null = null;
  shortKey = '';
  readonly home: Records;
  readonly place: Place<MemoryRecord>;
  readonly shelf: Shelf<MemoryRecord>;
  readonly key: string;
  readonly entry: Buffer;
  readonly stamp: Stamp | null;
  readonly birth: Stamp | null;
  readonly isTombstone: boolean;
  readonly isFinal: boolean;
  readonly groups: readonly string[];
  readonly spared: SparedKeys;
  readonly expiresAt: number;
  weight: number;
  heardAt: number;
  decodedBytes = 0;
  readonly #keeper: RecordKeeper;
  #found: DecodedEntry | null = null;

  constructor(write: MemoryWrite, now: number, spot: RecordSpot) {
    this.home = spot.home;
    this.place = spot.place;
    this.shelf = spot.shelf;
    this.weight = spot.weight;
    this.key = write.key;
    this.entry = owned(write.entry);
    this.stamp = hasStamp(write.entry) ? write.stamp : null;
    this.birth = this.stamp === null ? null : bornAt(write);
    this.isTombstone = isTombstone(write.entry);
    this.isFinal = this.isTombstone && isFinal(write.entry);
    this.groups = this.isTombstone ? NONE : write.groups;
    this.spared = write.spared ?? NOBODY;
    this.expiresAt = write.ttlMs === null ? Infinity : now + write.ttlMs;
    this.heardAt = now;
    this.#keeper = spot.keeper;
  }

  /** {@inheritDoc MemoryCopy.found} */
  get found(): DecodedEntry {
    return (this.#found ??= decodeEntry(this.entry));
  }

  /** What decides against a write; `null` when the bytes are no entry. */
  get standing(): Standing | null {
    return this.stamp === null ? null : { stamp: this.stamp, isFinal: this.isFinal };
  }

  has(stamp: Stamp): boolean {
    return this.stamp !== null && compareStamps(this.stamp, stamp) === 0;
  }

  confirm(now: number): void {
    this.heardAt = now;
    this.isTrusted = true;
  }

  distrust(): void {
    this.isTrusted = false;
    this.endPass();
  }

  /** {@inheritDoc MemoryCopy.givePass} */
  givePass(key: string, entry: Entry, { list, round, until, freshUntil }: Pass): void {
    if (this.home.get(this.key) !== this) return;
    list.add(key, this);
    this.passed = entry;
    this.#passRound = round;
    this.#passUntil = until;
    this.#passFreshUntil = freshUntil;
  }

  /** Whether it has a pass of this round that is not over. */
  hasPass(round: number, now: number, wallTime: number): boolean {
    return this.#passRound === round && now < this.#passUntil && wallTime < this.#passFreshUntil;
  }

  /** It must be judged again. */
  endPass(): void {
    this.#passUntil = 0;
    this.passed = null;
  }

  /** {@inheritDoc DecodedSlot.keepDecoded} */
  keepDecoded(value: unknown, bytes: number, isSpare = false): boolean {
    return this.#keeper.keepDecoded(this, value, bytes, isSpare);
  }

  /** {@inheritDoc DecodedSlot.mayKeepSpare} */
  mayKeepSpare(bytes: number): boolean {
    return this.#keeper.mayKeepSpare(this, bytes);
  }
}

// Up to this length V8 gives a text letters of its own. A longer one may keep alive the large text it was cut from.
const SURELY_OWN = 12;

/**
 * Copies of one keyspace that have a pass, or had one, by the keys of its callers: a hit need not put the whole key
 * together. What memory gives up is not listed any more, and has no pass, from the same moment on.
 */
export class ShortKeys {
  readonly #records = new Map<string, MemoryRecord>();

  get(key: string): MemoryRecord | undefined {
    return this.#records.get(key);
  }

  add(key: string, record: MemoryRecord): void {
    if (record.shortKeys === this) return;
    const own = key.length <= SURELY_OWN ? key : Buffer.from(key).toString();
    this.#list(own, record);
  }

  /** A later record stands where an earlier one stood. */
  replace(old: MemoryRecord, record: MemoryRecord): void {
    old.endPass();
    old.shortKeys = null;
    this.#list(old.shortKey, record);
  }

  remove(record: MemoryRecord): void {
    record.endPass();
    record.shortKeys = null;
    this.#records.delete(record.shortKey);
  }

  #list(key: string, record: MemoryRecord): void {
    record.shortKeys = this;
    record.shortKey = key;
    this.#records.set(key, record);
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

/** Up to which stamp of its birth the mark of a group ends what a key holds; `null` when it ends nothing of it. */
export function endOf(
  { stamp, spared }: Pick<MemoryRecord, 'stamp' | 'spared'>,
  key: string,
): Stamp | null {
  const floor = spared.get(key);
  return floor === undefined ? stamp : floor;
}

/** The newer of two marks of one group, with what the other ends and it does not. */
export function joinedMarks(a: GroupMark, b: GroupMark): GroupMark {
  const [newer, other] = compareStamps(a.stamp, b.stamp) < 0 ? [b, a] : [a, b];
  const spared = new Map<string, Stamp | null>();
  for (const [key, floor] of newer.spared) spared.set(key, laterOf(floor, endOf(other, key)));
  return { entry: newer.entry, stamp: newer.stamp, spared };
}

function laterOf(a: Stamp | null, b: Stamp | null): Stamp | null {
  if (a === null || b === null) return a ?? b;
  return compareStamps(a, b) < 0 ? b : a;
}

/** The stamp with which what a write writes was born. */
export function bornAt({ birth, entry, stamp }: StampedWrite): Stamp {
  return birth ?? birthOf(entry) ?? stamp;
}

/** Where what a write writes would stand. */
export function shelfIn(place: Place<MemoryRecord>, { entry }: StampedWrite): Shelf<MemoryRecord> {
  return isTombstone(entry) ? place.ends : place.values;
}

/** Returns how much memory a write takes. */
export function weigh({ key, entry, groups, spared = NOBODY }: MemoryWrite): number {
  let bytes = RECORD_BYTES + Buffer.byteLength(key) + entry.length;
  for (const group of groups) bytes += LISTING_BYTES + Buffer.byteLength(group);
  for (const left of spared.keys()) bytes += LISTING_BYTES + Buffer.byteLength(left);
  return bytes;
}

/** Returns the bytes alone. A slice would keep the whole Buffer it was cut from, which may be far larger. */
export function owned(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.length) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
