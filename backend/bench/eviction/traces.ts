import { zipf } from '../common/zipf.js';

/** What is asked for, one after the other: numbers of keys. */
export type Trace = Int32Array;

/** How many keys there are, how many fit, and how many requests there are. */
export interface TraceSize {
  readonly universe: number;
  readonly capacity: number;
  readonly requests: number;
}

const SCAN_LENGTH = 500;
const SCANNED_PART = 0.2;
const SHIFTS = 4;
const LOOP = 1.2;

/** The traces, by name. The same seed gives the same requests. */
export const TRACES = {
  'Zipf 0.9': (size, seed) => skewed(size, 0.9, seed),
  'Zipf 1.0': (size, seed) => skewed(size, 1, seed),
  '+ 20 % scan': withScans,
  'hot set shifts': shifting,
  'loop 1.2 x': loop,
} satisfies Record<string, (size: TraceSize, seed: number) => Trace>;

/** The name of one of them. */
export type TraceName = keyof typeof TRACES;

/** Few keys are asked for often, many rarely: the n-th is asked for in proportion to 1 / n ^ skew. */
function skewed({ universe, requests }: TraceSize, skew: number, seed: number): Trace {
  return Int32Array.from({ length: requests }, zipf(universe, skew, seed));
}

/** One request in five belongs to a scan: keys that nobody asks for again, in a row. */
function withScans(size: TraceSize, seed: number): Trace {
  const trace = skewed(size, 0.9, seed);
  const period = SCAN_LENGTH / SCANNED_PART;
  let next = size.universe;
  return trace.map((key, i) => (i % period < SCAN_LENGTH ? next++ : key));
}

/** What is popular changes, all at once, four times. */
function shifting(size: TraceSize, seed: number): Trace {
  const period = Math.ceil(size.requests / (SHIFTS + 1));
  const step = Math.floor(size.universe / (SHIFTS + 1));
  const trace = skewed(size, 1, seed);
  return trace.map((key, i) => (key + Math.floor(i / period) * step) % size.universe);
}

/** All keys in a row, and again: a little more than fit. */
function loop({ capacity, requests }: TraceSize): Trace {
  const length = Math.floor(capacity * LOOP);
  return Int32Array.from({ length: requests }, (_, i) => i % length);
}
