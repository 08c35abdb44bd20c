import type { Random } from '../base/timing/index.js';
import { HeavyKeeper } from './heavy-keeper.js';
import { hashOfKey } from './key-hash.js';

/** How much is remembered. */
export interface TopKeysOptions {
  /** Places in each of two rows for keys that are counted by their hash, a power of two. */
  readonly width: number;
  /** Keys that are known by name. Up to twice as many for a moment. */
  readonly kept: number;
}

/** A key that is known by name, and how often it was seen. Older accesses count less. */
export class KeptKey {
  readonly shelf: KeyShelf;
  readonly key: string;
  count: number;

  constructor(shelf: KeyShelf, key: string, count: number) {
    this.shelf = shelf;
    this.key = key;
    this.count = count;
  }
}

/** The kept keys of one keyspace. Keys of two keyspaces with one name are different keys. */
export class KeyShelf {
  readonly seed: number;
  readonly kept = new Map<string, KeptKey>();

  constructor(seed: number) {
    this.seed = seed;
  }
}

/** What is longer is not counted: what is kept must not grow with the keys. */
const MAX_KEY_LENGTH = 512;
/** A key that was seen once is nothing that somebody wants to know. */
const MIN_COUNT = 2;

/**
 * Finds the keys that are seen most often, in memory of one size. A key begins in a {@link HeavyKeeper}; once it
 * is seen more often than the last of those that are kept, it is kept by name and counted exactly.
 */
export class TopKeys {
  readonly #maxKept: number;
  readonly #keeper: HeavyKeeper;
  readonly #random: Random;
  readonly #shelves: KeyShelf[] = [];
  #size = 0;
  #floor = 0;

  constructor({ width, kept }: TopKeysOptions, random: Random) {
    this.#maxKept = kept;
    this.#keeper = new HeavyKeeper(width, random);
    this.#random = random;
  }

  /** Makes room for the keys of a keyspace. */
  newShelf(): KeyShelf {
    const shelf = new KeyShelf(Math.floor(this.#random() * 2 ** 32) | 0);
    this.#shelves.push(shelf);
    return shelf;
  }

  /** The number of keys that are known by name. */
  get size(): number {
    return this.#size;
  }

  /** Counts a key once more. */
  add(shelf: KeyShelf, key: string): void {
    const known = shelf.kept.get(key);
    if (known !== undefined) {
      known.count++;
      return;
    }
    if (key.length > MAX_KEY_LENGTH) return;
    const count = this.#keeper.add(hashOfKey(shelf.seed, key));
    if (count < MIN_COUNT || count <= this.#floor) return;
    this.#keep(shelf, key, count);
  }

  /** Multiplies all counts. What is nearly nothing is forgotten. */
  fade(factor: number): void {
    this.#keeper.fade(factor);
    this.#floor *= factor;
    for (const { kept } of this.#shelves) {
      for (const known of kept.values()) known.count *= factor;
    }
    this.#forgetBelow(1);
  }

  /** All keys that are kept, in no order. */
  *[Symbol.iterator](): Generator<KeptKey> {
    for (const { kept } of this.#shelves) yield* kept.values();
  }

  #keep(shelf: KeyShelf, key: string, count: number): void {
    // A part of a longer text would keep the whole of it.
    const copy = Buffer.from(key, 'utf16le').toString('utf16le');
    shelf.kept.set(copy, new KeptKey(shelf, copy, count));
    if (++this.#size < 2 * this.#maxKept) return;
    const counts = Array.from(this, (known) => known.count).sort((a, b) => b - a);
    this.#floor = counts[this.#maxKept] ?? 0;
    this.#forgetBelow(this.#floor, true);
  }

  #forgetBelow(count: number, orEqual = false): void {
    for (const { kept } of this.#shelves) {
      for (const known of kept.values()) {
        if (known.count > count || (known.count === count && !orEqual)) continue;
        kept.delete(known.key);
        this.#size--;
      }
    }
  }
}
