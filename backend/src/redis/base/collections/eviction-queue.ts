/** What can stand in a line. Its place is part of it: a Map as a queue steps over the holes of deleted keys. */
export interface Evictable<T> {
  readonly key: string;
  /** Bytes it counts for. Whoever changes it tells the line by `reweigh`. */
  weight: number;
  newer: T | null;
  older: T | null;
  /** How often it was used since it was last spared, up to {@link MAX_USES}. */
  uses: number;
  /** Whether it has outlived its trial. */
  isProven: boolean;
}

/** An order in which items leave. */
export interface Queue<T> {
  readonly entries: number;
  readonly bytes: number;
  add(item: T): void;
  /** A later item takes the place of an earlier one of the same key. */
  replace(old: T, item: T): void;
  remove(item: T): void;
  /** The weight of an item has changed by so much. */
  reweigh(item: T, by: number): void;
  /** Takes out what is to leave first; `null` when there is nothing. */
  evict(): T | null;
}

/** More uses than this count no further, so that no item is spared for long after its last use. */
export const MAX_USES = 2;
/** One in so many bytes is for items on trial. */
const TRIAL_PART = 10;

/** Counts a use. */
export function use<T extends Evictable<T>>(item: T): void {
  if (item.uses < MAX_USES) item.uses++;
}

/** First in, first out. */
export class Line<T extends Evictable<T>> implements Queue<T> {
  newest: T | null = null;
  oldest: T | null = null;
  entries = 0;
  bytes = 0;

  add(item: T): void {
    item.older = this.newest;
    if (this.newest === null) this.oldest = item;
    else this.newest.newer = item;
    this.newest = item;
    this.entries++;
    this.bytes += item.weight;
  }

  /** The later item is the newest then. */
  replace(old: T, item: T): void {
    this.remove(old);
    this.add(item);
  }

  /** Puts a later item at the place of an earlier one. */
  substitute(old: T, item: T): void {
    item.newer = old.newer;
    item.older = old.older;
    if (old.newer === null) this.newest = item;
    else old.newer.older = item;
    if (old.older === null) this.oldest = item;
    else old.older.newer = item;
    old.newer = null;
    old.older = null;
    this.bytes += item.weight - old.weight;
  }

  remove(item: T): void {
    if (item.newer === null) this.newest = item.older;
    else item.newer.older = item.older;
    if (item.older === null) this.oldest = item.newer;
    else item.older.newer = item.newer;
    item.newer = null;
    item.older = null;
    this.entries--;
    this.bytes -= item.weight;
  }

  reweigh(item: T, by: number): void {
    item.weight += by;
    this.bytes += by;
  }

  evict(): T | null {
    const { oldest } = this;
    if (oldest !== null) this.remove(oldest);
    return oldest;
  }
}

/**
 * Keeps what is used again, and lets a scan pass (S3-FIFO, decision 0029). A new item is on trial: a tenth of
 * the bytes. If it is used in that time it joins the proven ones, which leave in their order too, but are
 * spared once for each use. Who left on trial and comes back is proven at once.
 */
export class EvictionQueue<T extends Evictable<T>> implements Queue<T> {
  readonly #trial = new Line<T>();
  readonly #proven = new Line<T>();
  readonly #departed: Departed;

  /** @param slots - how many of those who left on trial are remembered, about */
  constructor(slots: number) {
    this.#departed = new Departed(slots);
  }

  get entries(): number {
    return this.#trial.entries + this.#proven.entries;
  }

  get bytes(): number {
    return this.#trial.bytes + this.#proven.bytes;
  }

  add(item: T): void {
    item.isProven = this.#departed.recalls(item.key, this.entries);
    this.#lineOf(item).add(item);
  }

  /** The later item stands where the earlier one stood. Counts as use. */
  replace(old: T, item: T): void {
    item.isProven = old.isProven;
    item.uses = old.uses;
    use(item);
    this.#lineOf(old).substitute(old, item);
  }

  remove(item: T): void {
    this.#lineOf(item).remove(item);
  }

  reweigh(item: T, by: number): void {
    this.#lineOf(item).reweigh(item, by);
  }

  evict(): T | null {
    for (;;) {
      const item = this.#isTrialOver() ? this.#trial.evict() : this.#proven.evict();
      if (item === null) return null;
      if (!this.#isSpared(item)) return item;
    }
  }

  // What has just come stays, however large it is, as long as there is anything else.
  #isTrialOver(): boolean {
    const { entries, bytes } = this.#trial;
    if (this.#proven.entries === 0) return true;
    return entries > 1 && bytes * TRIAL_PART >= this.bytes;
  }

  #isSpared(item: T): boolean {
    if (item.uses === 0) {
      if (!item.isProven) this.#departed.note(item.key);
      return false;
    }
    item.uses = item.isProven ? item.uses - 1 : 0;
    item.isProven = true;
    this.#proven.add(item);
    return true;
  }

  #lineOf(item: T): Line<T> {
    return item.isProven ? this.#proven : this.#trial;
  }
}

/**
 * Who has left a moment ago: a table of hashes, with the number of the departure. Two keys may share a slot;
 * then the earlier one is forgotten. It takes up its memory when somebody leaves for the first time.
 */
class Departed {
  readonly #mask: number;
  #hashes: Int32Array | null = null;
  #numbers: Float64Array | null = null;
  #count = 0;

  constructor(slots: number) {
    this.#mask = 2 ** Math.max(0, Math.ceil(Math.log2(slots))) - 1;
  }

  note(key: string): void {
    this.#hashes ??= new Int32Array(this.#mask + 1);
    this.#numbers ??= new Float64Array(this.#mask + 1);
    const hash = hashOf(key);
    this.#hashes[hash & this.#mask] = hash;
    this.#numbers[hash & this.#mask] = ++this.#count;
  }

  /** Whether a key left, and at the most so many others after it. */
  recalls(key: string, others: number): boolean {
    if (this.#hashes === null || this.#numbers === null) return false;
    const hash = hashOf(key);
    const slot = hash & this.#mask;
    const number = this.#numbers[slot] ?? 0;
    return this.#hashes[slot] === hash && number > 0 && this.#count - number <= others;
  }
}

// FNV-1a, and its upper bits mixed into those that choose the slot.
function hashOf(key: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x0100_0193);
  }
  return hash ^ (hash >>> 15);
}
