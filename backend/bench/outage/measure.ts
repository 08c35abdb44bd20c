import { countBy, groupBy } from '../common/groups.js';
import { eachCall, OK, PENDING, type Call, type Calls } from '../common/ledger.js';
import { percentile, summaryOf, type Summary } from '../../src/cli/measure/statistics.js';
import type { Note } from './outage-client.js';
import { MISSING, OPERATIONS, WRONG, type Operation } from './workload.js';

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
export interface LoadLag extends Summary {
  readonly phase: Phase;
}

const HUNG_MS = 2000;
/** All other outcomes are the codes of errors. */
const WITHOUT_ERROR: ReadonlySet<string> = new Set([OK, PENDING, MISSING, WRONG]);

/** Which phase a call belongs to. A call under way when Redis goes away is one of the outage. */
export function phaseOf(
  { kind, dueAt, settledAt }: Call<Operation>,
  { calmAt, faultAt, backAt }: Moments,
  openings: Openings | null,
): Phase | null {
  if (dueAt >= backAt) return 'after';
  if (dueAt < faultAt && settledAt <= faultAt) return dueAt >= calmAt ? 'before' : null;
  if (openings === null) return 'away';
  return dueAt >= openedFor(kind, openings) ? 'open' : 'until open';
}

/** From when on calls of this kind do not wait for Redis any more. */
function openedFor(operation: Operation, { reads, writes }: Openings): number {
  const [forReads, forWrites] = [reads ?? Infinity, writes ?? Infinity];
  if (operation === 'set') return forWrites;
  // It reads, loads and writes.
  return operation === 'getOrSet' ? Math.max(forReads, forWrites) : forReads;
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
  calls: Calls<Operation>,
  moments: Moments,
  openings: Openings | null,
  drainedAt: number,
): Cell[] {
  const groups = groupBy(eachCall(calls), (call) => {
    const phase = phaseOf(call, moments, openings);
    return phase === null ? null : cellName(phase, call.kind);
  });
  return PHASES.flatMap((phase) =>
    OPERATIONS.flatMap((operation) => {
      const group = groups.get(cellName(phase, operation));
      return group === undefined ? [] : [{ phase, operation, ...cellOf(group, drainedAt) }];
    }),
  );
}

function cellName(phase: Phase, operation: Operation): string {
  return `${phase}|${operation}`;
}

function cellOf(
  calls: readonly Call<Operation>[],
  drainedAt: number,
): Omit<Cell, 'phase' | 'operation'> {
  // What is pending took at least until the end of the wait.
  const latencies = calls.map(
    ({ settledAt, dueAt }) => (Number.isNaN(settledAt) ? drainedAt : settledAt) - dueAt,
  );
  const own = latencies.map((ms, at) => ms - (calls[at]?.excludedMs ?? 0));
  const counts = countBy(calls.map(({ outcome }) => outcome));
  const failed = Object.entries(counts).filter(([outcome]) => !WITHOUT_ERROR.has(outcome));
  const { p50, p99, max } = summaryOf(latencies);
  return {
    count: calls.length,
    p50,
    p99,
    max,
    ownP99: percentile(own, 0.99),
    missing: counts[MISSING] ?? 0,
    wrong: counts[WRONG] ?? 0,
    failed: Object.fromEntries(failed),
    hung: latencies.filter((ms) => ms > HUNG_MS).length,
    never: counts[PENDING] ?? 0,
  };
}

/** How late the load was, phase by phase. */
export function loadLags(
  calls: Calls<Operation>,
  moments: Moments,
  openings: Openings | null,
): LoadLag[] {
  const groups = groupBy(eachCall(calls), (call) => phaseOf(call, moments, openings));
  return PHASES.flatMap((phase) => {
    const group = groups.get(phase);
    if (group === undefined) return [];
    return [{ phase, ...summaryOf(group.map(({ issuedAt, dueAt }) => issuedAt - dueAt)) }];
  });
}

/** The writes that were made and acknowledged while Redis was away. */
export function acknowledgedAway(
  calls: Calls<Operation>,
  { faultAt, repairAt }: Moments,
): number[] {
  return [...eachCall(calls)]
    .filter(({ kind, outcome }) => kind === 'set' && outcome === OK)
    .filter(({ issuedAt, settledAt }) => issuedAt >= faultAt && settledAt < repairAt)
    .map(({ index }) => index);
}
