import { TopKeys } from '../../src/redis/hot-keys/top-keys.js';
import { seededRandom } from '../../test/support/random-histories.js';
import { newCountMin } from './count-min.js';
import { newPlainHeavyKeeper } from './plain-heavy-keeper.js';
import { newSpaceSaving } from './space-saving.js';

/** A key and how often it was seen, as somebody believes. */
export interface Counted {
  readonly key: string;
  readonly count: number;
}

/** A way to find the keys that are seen most often, in memory of one size. */
export interface Contender {
  add(key: string): void;
  /** Multiplies all counts: what was seen longer ago counts less. */
  fade(factor: number): void;
  /** The keys that were seen most often, the most frequent first. */
  top(number: number): Counted[];
}

/** What the library itself uses: see `hot-keys/hot-keys.ts`. */
export const OURS = 'HeavyKeeper 2x2048, 512 kept';
const KEPT = 512;

/** Who is compared. */
export const CONTENDERS: Readonly<Record<string, (seed: number) => Contender>> = {
  'exact Map': newExact,
  [OURS]: newOurs,
  'HeavyKeeper 2x2048, heap': (seed) => newPlainHeavyKeeper(2048, KEPT, seed),
  'Space-Saving 1024': () => newSpaceSaving(1024),
  'Space-Saving 4096': () => newSpaceSaving(4096),
  'count-min 4x4096, heap': (seed) => newCountMin(4096, KEPT, seed),
};

function newOurs(seed: number): Contender {
  const keys = new TopKeys({ width: 2048, kept: KEPT }, seededRandom(seed));
  const shelf = keys.newShelf();
  return {
    add: (key) => keys.add(shelf, key),
    fade: (factor) => keys.fade(factor),
    top: (number) => mostOf(keys, number),
  };
}

function newExact(): Contender {
  const counts = new Map<string, number>();
  return {
    add: (key) => void counts.set(key, (counts.get(key) ?? 0) + 1),
    fade: (factor) => {
      for (const [key, count] of counts) counts.set(key, count * factor);
    },
    top: (number) =>
      mostOf(
        Array.from(counts, ([key, count]) => ({ key, count })),
        number,
      ),
  };
}

/** Returns the most frequent ones. */
export function mostOf(all: Iterable<Counted>, number: number): Counted[] {
  return Array.from(all, ({ key, count }) => ({ key, count }))
    .sort((a, b) => b.count - a.count)
    .slice(0, number);
}
