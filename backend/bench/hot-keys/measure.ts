import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CONTENDERS } from './contenders.js';
import { STREAMS, type StreamName, type StreamSize } from './streams.js';

/** What one contender made of one stream. */
export interface Measured {
  readonly contender: string;
  readonly stream: StreamName;
  /** The part of the ten most frequent keys that it names; `null` where there are none. */
  readonly recall: number | null;
  /** What it claims of the key that it calls the most frequent, against the truth: 1 is right. */
  readonly claim: number | null;
  /** For one access, the making of its key not counted. */
  readonly ns: number;
  /** How much memory it has taken. */
  readonly kilobytes: number;
}

const TOP = 10;
/** Counts fade to a third in six seconds. */
export const FADE_EACH_SECOND = Math.exp(-1 / 6);
const CHUNK = 10_000;
const EXACT = 'exact Map';
// The exact one would hold every key of the endless stream.
const MAX_EXACT = 2_000_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Measures all contenders with all streams. */
export function measureAll(size: StreamSize, seed: number, only: string | null): Measured[] {
  const names = Object.keys(STREAMS) as StreamName[];
  return names.flatMap((stream) => {
    const truth = new Map(
      run(EXACT, stream, size, seed)?.top.map(({ key, count }) => [key, count]),
    );
    return Object.keys(CONTENDERS)
      .filter((contender) => only === null || contender.includes(only))
      .flatMap((contender) => {
        const done = run(contender, stream, size, seed);
        if (done === null) return [];
        const { hasTop, top, ns, kilobytes } = done;
        const found = top.slice(0, TOP).filter(({ key }) => truth.has(key)).length;
        const [first] = top;
        const claim = first === undefined ? null : first.count / (truth.get(first.key) ?? NaN);
        return [
          {
            contender,
            stream,
            recall: hasTop ? found / TOP : null,
            claim: hasTop ? claim : (first?.count ?? 0),
            ns,
            kilobytes,
          },
        ];
      });
  });
}

function run(contender: string, stream: StreamName, size: StreamSize, seed: number): Done | null {
  const { length, next, hasTop } = STREAMS[stream](size, seed);
  if (contender === EXACT && !hasTop && length > MAX_EXACT) return null;
  collect();
  const empty = memory();
  const made = CONTENDERS[contender]?.(seed);
  if (made === undefined) return null;
  // Processor time: what else runs on the machine does not count.
  let spentMicros = 0;
  let sinceFade = 0;
  for (let done = 0; done < length; done += CHUNK) {
    const keys = Array.from({ length: Math.min(CHUNK, length - done) }, () => keyOf(next()));
    const before = process.cpuUsage();
    for (const key of keys) made.add(key);
    sinceFade += keys.length;
    if (sinceFade >= size.perSecond && done + CHUNK < length) {
      made.fade(FADE_EACH_SECOND);
      sinceFade = 0;
    }
    const { user, system } = process.cpuUsage(before);
    spentMicros += user + system;
  }
  collect();
  const kilobytes = (memory() - empty) / 1024;
  // What the stream itself takes was there before, and until here.
  next();
  return { hasTop, top: made.top(TOP), ns: (spentMicros * 1_000) / length, kilobytes };
}

interface Done {
  readonly hasTop: boolean;
  readonly top: readonly { readonly key: string; readonly count: number }[];
  readonly ns: number;
  readonly kilobytes: number;
}

function memory(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function keyOf(no: number): string {
  return `product:${String(no)}`;
}
