import { percentile } from '../common/statistics.js';
import { OPERATIONS, OUTCOMES, type Calls, type Operation } from './ledger.js';
import type { Note } from './outage-client.js';

/** When what happened, on the clock that all processes share. */
export interface Moments {
  /** The warm-up is over. */
  readonly calmAt: number;
  readonly faultAt: number;
  /** Redis was let go on, or started again. */
  readonly repairAt: number;
  /** It answers again. */
  readonly backAt: number;
  readonly endAt: number;
}

/** The stretches of a run. One whose breaker says when it opens has `until open` and `open` instead of `away`. */
export type Phase = 'before' | 'away' | 'until open' | 'open' | 'after';

/** In the order of time. */
export const PHASES: readonly Phase[] = ['before', 'away', 'until open', 'open', 'after'];

/** When the breakers of one contestant opened first; `null` when they did not. */
export interface Openings {
  readonly reads: number | null;
  readonly writes: number | null;
}

/** What the calls of one kind came to in one phase. Milliseconds. */
export interface Cell {
  readonly phase: Phase;
  readonly operation: Operation;
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The 99th percentile without the time that the loader took. */
  readonly ownP99: number;
  readonly missing: number;
  readonly wrong: number;
  readonly failed: Readonly<Record<string, number>>;
  /** Took longer than two seconds, or is not settled at all. */
  readonly hung: number;
  /** Not settled five seconds after the load ended. */
  readonly never: number;
}

/** How late the process that issues the load was in one phase: a part of every latency. Milliseconds. */
export interface LoadLag {
  readonly phase: Phase;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const HUNG_MS = 2000;

/** Which phase a call belongs to. A call under way when Redis goes away is one of the outage. */
export function phaseOf(
  calls: Calls,
  index: number,
  { calmAt, faultAt, backAt }: Moments,
  openings: Openings | null,
): Phase | null {
  const intendedAt = calls.intendedAt[index] ?? 0;
  const settledAt = calls.settledAt[index] ?? 0;
  if (intendedAt >= backAt) return 'after';
  const isOver = settledAt !== 0 && settledAt <= faultAt;
  if (intendedAt < faultAt && isOver) return intendedAt >= calmAt ? 'before' : null;
  if (openings === null) return 'away';
  return intendedAt >= openedFor(operationOf(calls, index), openings) ? 'open' : 'until open';
}

/** From when on calls of this kind do not wait for Redis any more. */
function openedFor(operation: Operation, { reads, writes }: Openings): number {
  const [forReads, forWrites] = [reads ?? Infinity, writes ?? Infinity];
  if (operation === 'set') return forWrites;
  // It reads, loads and writes.
  return operation === 'getOrSet' ? Math.max(forReads, forWrites) : forReads;
}

function operationOf(calls: Calls, index: number): Operation {
  return OPERATIONS[calls.operation[index] ?? 0] ?? 'get';
}

/** When the breakers opened, from what the contestant noted (`breaker.opened reads`). */
export function openingsOf(notes: readonly Note[], { faultAt }: Moments): Openings {
  const first = (direction: string): number | null =>
    notes.find(({ at, text }) => at >= faultAt && text.startsWith(`breaker.opened ${direction}`))
      ?.at ?? null;
  return { reads: first('reads'), writes: first('writes') };
}

/** Every kind of call in every phase, as far as there were any. */
export function cellsOf(
  calls: Calls,
  moments: Moments,
  openings: Openings | null,
  drainedAt: number,
): Cell[] {
  const groups = new Map<string, number[]>();
  for (let index = 0; index < calls.count; index++) {
    const phase = phaseOf(calls, index, moments, openings);
    if (phase === null) continue;
    const key = `${phase}|${operationOf(calls, index)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [index]);
    else group.push(index);
  }
  return PHASES.flatMap((phase) =>
    OPERATIONS.flatMap((operation) => {
      const indexes = groups.get(`${phase}|${operation}`);
      return indexes === undefined
        ? []
        : [{ phase, operation, ...cellOf(calls, indexes, drainedAt) }];
    }),
  );
}

function cellOf(
  calls: Calls,
  indexes: readonly number[],
  drainedAt: number,
): Omit<Cell, 'phase' | 'operation'> {
  // What is pending took at least until the end of the wait.
  const latencies = indexes.map(
    (index) => (calls.settledAt[index] || drainedAt) - (calls.intendedAt[index] ?? 0),
  );
  const own = latencies.map((ms, i) => ms - (calls.loaderMs[indexes[i] ?? 0] ?? 0));
  const are = (outcome: (typeof OUTCOMES)[number]): number[] =>
    indexes.filter((index) => OUTCOMES[calls.outcome[index] ?? 0] === outcome);
  const failed: Record<string, number> = {};
  for (const index of are('failed')) {
    const code = calls.codes[calls.code[index] ?? 0] ?? '?';
    failed[code] = (failed[code] ?? 0) + 1;
  }
  return {
    count: indexes.length,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    max: percentile(latencies, 1),
    ownP99: percentile(own, 0.99),
    missing: are('missing').length,
    wrong: are('wrong').length,
    failed,
    hung: latencies.filter((ms) => ms > HUNG_MS).length,
    never: are('pending').length,
  };
}

/** How late the load was, phase by phase. */
export function loadLags(calls: Calls, moments: Moments, openings: Openings | null): LoadLag[] {
  const lags = new Map<Phase, number[]>();
  for (let index = 0; index < calls.count; index++) {
    const phase = phaseOf(calls, index, moments, openings);
    if (phase === null) continue;
    const lag = (calls.issuedAt[index] ?? 0) - (calls.intendedAt[index] ?? 0);
    const known = lags.get(phase);
    if (known === undefined) lags.set(phase, [lag]);
    else known.push(lag);
  }
  return PHASES.flatMap((phase) => {
    const of = lags.get(phase);
    if (of === undefined) return [];
    return [{ phase, p50: percentile(of, 0.5), p99: percentile(of, 0.99), max: percentile(of, 1) }];
  });
}

/** The writes that were made and acknowledged while Redis was away. */
export function acknowledgedAway(calls: Calls, { faultAt, repairAt }: Moments): number[] {
  const found: number[] = [];
  for (let index = 0; index < calls.count; index++) {
    const settledAt = calls.settledAt[index] ?? 0;
    const isOk = OUTCOMES[calls.outcome[index] ?? 0] === 'ok';
    const isAway =
      (calls.issuedAt[index] ?? 0) >= faultAt && settledAt !== 0 && settledAt < repairAt;
    if (isOk && isAway && operationOf(calls, index) === 'set') found.push(index);
  }
  return found;
}
