import { zipf } from '../common/zipf.js';

/** How long the streams are. */
export interface StreamSize {
  /** Keys that there are, where they come again. */
  readonly universe: number;
  readonly accesses: number;
  /** Accesses of a second: so many, and all counts fade. */
  readonly perSecond: number;
  /** Keys of the stream in which none comes twice. */
  readonly distinct: number;
}

/** Numbers of keys, one after the other. */
export interface Stream {
  readonly length: number;
  /** Returns the number of the next key. */
  readonly next: () => number;
  /** Whether some keys are more frequent than others: where none is, there is no top to be found. */
  readonly hasTop: boolean;
}

const SHIFTS = 4;

/** The streams, by name. The same seed gives the same accesses. */
export const STREAMS = {
  'Zipf 0.8': (size, seed) => skewed(size, 0.8, seed),
  'Zipf 1.0': (size, seed) => skewed(size, 1, seed),
  'Zipf 1.2': (size, seed) => skewed(size, 1.2, seed),
  shifting,
  uniform,
} satisfies Record<string, (size: StreamSize, seed: number) => Stream>;

/** The name of one of them. */
export type StreamName = keyof typeof STREAMS;

/** The n-th key is seen in proportion to 1 / n ^ skew. */
function skewed({ universe, accesses }: StreamSize, skew: number, seed: number): Stream {
  return { length: accesses, hasTop: true, next: zipf(universe, skew, seed) };
}

/** What is frequent changes all at once, four times; the last stretch has ten seconds at least. */
function shifting(size: StreamSize, seed: number): Stream {
  const period = Math.ceil(size.accesses / (SHIFTS + 1));
  const step = Math.floor(size.universe / (SHIFTS + 1));
  const { length, next } = skewed(size, 1, seed);
  let done = 0;
  return {
    length,
    hasTop: true,
    next: () => (next() + Math.floor(done++ / period) * step) % size.universe,
  };
}

/** No key comes twice. */
function uniform({ distinct }: StreamSize): Stream {
  let done = 0;
  return { length: distinct, hasTop: false, next: () => done++ };
}
