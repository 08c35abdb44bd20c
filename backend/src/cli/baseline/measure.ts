import { formatAddress } from '../../redis/base/address/index.js';
import { SystemClock } from '../../redis/base/timing/index.js';
import type { Answer, Reached } from '../reach/index.js';
import { type Check, faultInWords } from '../verdict/index.js';

/** One measurement: a command, what it must answer, and how fast. */
export interface Measurement {
  readonly what: string;
  readonly words: readonly [command: string, ...args: string[]];
  readonly answer: string;
  readonly mostMs: number;
}

/** A check, and the median where every answer was the right one. */
export interface Measured {
  readonly check: Check;
  readonly medianMs: number | null;
}

// The first commands of a process are compiled while they run.
const WARM_UP = 20;
const LAG_ROUNDS = 5;
const clock = new SystemClock();

/** How often something is measured, unless somebody ends it. */
export interface SampleCount {
  readonly samples: number;
  readonly signal: AbortSignal;
}

/** Sends a command again and again, each after the answer to the one before, and judges the median. */
export async function measure(
  server: Reached,
  { samples, signal }: SampleCount,
  { what, words, answer, mostMs }: Measurement,
): Promise<Measured> {
  const took: number[] = [];
  for (let i = 0; i < WARM_UP + samples; i++) {
    signal.throwIfAborted();
    const [ms, said] = await timed(() => server.tryAsk(...words));
    if (!said.ok) return refused(what, said.reason);
    if (String(said.value) !== answer) return refused(what, 'another answer than was expected');
    if (i >= WARM_UP) took.push(ms);
  }
  const medianMs = medianOf(took);
  const level = medianMs < mostMs ? 'ok' : 'WARN';
  const check: Check = { level, what, figure: shownMs(medianMs), threshold: below(mostMs) };
  return { check, medianMs };
}

/** How the lag of the replicas is measured. */
export interface LagQuestion {
  readonly key: string;
  /** How many replicas are to have a write. */
  readonly replicas: number;
  readonly mostMs: number;
  /** What the way there and back takes, which is no lag. */
  readonly roundTripMs: number;
}

/** How long the primary waits for a write to be on the replicas. */
export function longestWaitMs(mostMs: number): number {
  return Math.floor(mostMs * 3) + 1;
}

/** Measures how long it takes until all replicas have acknowledged a fresh write: the median of five. */
export async function measureLag(
  primary: Reached,
  { key, replicas, mostMs, roundTripMs }: LagQuestion,
): Promise<Check> {
  const waitMs = longestWaitMs(mostMs);
  const of = `of ${String(replicas)} replicas`;
  const took: number[] = [];
  for (let i = 0; i < LAG_ROUNDS; i++) {
    const written = await primary.tryAsk('set', key, 'health', 'EX', '60');
    const [ms, said] = await timed(() => primary.tryAsk('wait', String(replicas), String(waitMs)));
    const failure = [written, said].find((one) => !one.ok);
    if (failure?.ok === false) {
      return { level: 'WARN', what: 'lag', figure: faultInWords(failure.reason) };
    }
    const have = Number(said.ok ? said.value : 0);
    if (have < replicas) {
      const figure = `${String(have)} ${of} had a write after ${String(waitMs)} ms`;
      return { level: 'WARN', what: 'lag', figure, threshold: below(mostMs) };
    }
    took.push(Math.max(0, ms - roundTripMs));
  }
  const median = medianOf(took);
  const figure = `${String(replicas)} ${of} have a write after ${shownMs(median)}`;
  const level = median < mostMs ? 'ok' : 'WARN';
  return { level, what: 'lag', figure, threshold: below(mostMs) };
}

/** A measurement of a server that is not there. */
export function notReached(what: string, reason: string): Measured {
  return { check: { level: 'FAIL', what, figure: reason }, medianMs: null };
}

/** What a measurement is called. */
export function nameOf(command: string, server: Parameters<typeof formatAddress>[0]): string {
  return `${command} ${formatAddress(server)}`;
}

async function timed(run: () => Promise<Answer>): Promise<[ms: number, answer: Answer]> {
  const begin = clock.now();
  const answer = await run();
  return [clock.now() - begin, answer];
}

function refused(what: string, reason: string): Measured {
  return { check: { level: 'FAIL', what, figure: `refused: ${reason}` }, medianMs: null };
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
}

function shownMs(ms: number): string {
  return `${ms.toFixed(3)} ms`;
}

function below(ms: number): string {
  return `< ${String(ms)} ms`;
}
