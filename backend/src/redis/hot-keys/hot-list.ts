import type { KeptKey, KeyShelf, TopKeys } from './top-keys.js';

/** A key that is hot, and since when. */
export interface HotKey {
  readonly shelf: KeyShelf;
  readonly key: string;
  /** When it rose, in calendar milliseconds. */
  readonly since: number;
  perMinute: number;
}

/** From when on a key is hot. */
export interface HotRules {
  /** A key rises with so many accesses a minute, and falls below half of them. */
  readonly perMinute: number;
}

/** What has changed since the last look. */
export interface HotChange {
  readonly risen: readonly HotKey[];
  readonly fallen: readonly HotKey[];
}

/** What is told of at one time, and spared. For more the threshold is too low. */
const MAX_HOT = 100;
// Where one access in many is counted, a few of them by chance make no hot key.
const MIN_COUNTED = 8;
const FALLS_BELOW = 0.5;

/** The hot keys of one direction: which they are is decided at each look. */
export class HotList {
  readonly #keys: TopKeys;
  readonly #rules: HotRules;
  readonly #hot = new Map<KeyShelf, Map<string, HotKey>>();
  #size = 0;

  constructor(keys: TopKeys, rules: HotRules) {
    this.#keys = keys;
    this.#rules = rules;
  }

  /** How many keys are hot. */
  get size(): number {
    return this.#size;
  }

  /** Returns what is known of a hot key; `undefined` for one that is not hot. */
  get(shelf: KeyShelf, key: string): HotKey | undefined {
    return this.#hot.get(shelf)?.get(key);
  }

  /**
   * Looks which keys have become hot, and which are no longer.
   *
   * @param perMinuteOf - how many accesses a minute a count stands for
   * @param wallTime - the calendar time
   */
  look(perMinuteOf: (count: number) => number, wallTime: number): HotChange {
    const fallen = this.#fall(perMinuteOf);
    const risen = this.#rise(perMinuteOf, wallTime);
    return { risen, fallen };
  }

  #fall(perMinuteOf: (count: number) => number): HotKey[] {
    const fallen: HotKey[] = [];
    for (const [shelf, hot] of this.#hot) {
      for (const one of hot.values()) {
        one.perMinute = perMinuteOf(shelf.kept.get(one.key)?.count ?? 0);
        if (one.perMinute < this.#rules.perMinute * FALLS_BELOW) fallen.push(one);
      }
    }
    for (const { shelf, key } of fallen) {
      if (this.#hot.get(shelf)?.delete(key) === true) this.#size--;
    }
    return fallen;
  }

  #rise(perMinuteOf: (count: number) => number, since: number): HotKey[] {
    const room = MAX_HOT - this.#size;
    if (room <= 0) return [];
    const candidates: KeptKey[] = [];
    for (const one of this.#keys) {
      if (one.count < MIN_COUNTED || perMinuteOf(one.count) < this.#rules.perMinute) continue;
      if (this.get(one.shelf, one.key) === undefined) candidates.push(one);
    }
    candidates.sort((a, b) => b.count - a.count);
    const risen = candidates
      .slice(0, room)
      .map(({ shelf, key, count }) => ({ shelf, key, since, perMinute: perMinuteOf(count) }));
    for (const one of risen) {
      const hot = this.#hot.get(one.shelf) ?? new Map<string, HotKey>();
      this.#hot.set(one.shelf, hot.set(one.key, one));
    }
    this.#size += risen.length;
    return risen;
  }
}
