import { performance } from 'node:perf_hooks';
import { median } from '../../src/cli/measure/statistics.js';
import { POLICIES, type Policy, type PolicyName } from './policies.js';
import { TRACES, type Trace, type TraceName, type TraceSize } from './traces.js';

/** What one policy made of all traces. */
export interface Measured {
  readonly policy: PolicyName;
  /** The part of the requests that found their key. */
  readonly hitRatio: Readonly<Record<TraceName, number>>;
  /** Millions a second, keys that are held. */
  readonly gets: number;
  /** Millions a second, keys that are not held, into a full cache. */
  readonly sets: number;
}

const SPEED_OPERATIONS = 1_000_000;

/** Measures all policies, each as often as there are rounds; speeds are medians. */
export function measureAll(size: TraceSize, rounds: number, seed: number): Measured[] {
  const names = Object.keys(TRACES) as TraceName[];
  const traces = names.map((name) => ({ name, trace: TRACES[name](size, seed) }));
  const policies = Object.keys(POLICIES) as PolicyName[];
  const speeds = policies.map((): { gets: number[]; sets: number[] } => ({ gets: [], sets: [] }));
  // In turns, so that what else happens on the machine meets everybody.
  for (let round = 0; round < rounds; round++) {
    for (const [i, policy] of policies.entries()) {
      const { gets, sets } = speedOf(POLICIES[policy](size.capacity), size.capacity);
      speeds[i]?.gets.push(gets);
      speeds[i]?.sets.push(sets);
    }
  }
  return policies.map((policy, i) => ({
    policy,
    hitRatio: Object.fromEntries(
      traces.map(({ name, trace }) => [name, hitRatio(POLICIES[policy](size.capacity), trace)]),
    ) as Record<TraceName, number>,
    gets: median(speeds[i]?.gets ?? []),
    sets: median(speeds[i]?.sets ?? []),
  }));
}

function hitRatio(cache: Policy, trace: Trace): number {
  let hits = 0;
  for (const no of trace) {
    const key = keyOf(no);
    if (cache.get(key)) hits++;
    else cache.set(key);
  }
  return hits / trace.length;
}

function speedOf(cache: Policy, capacity: number): { gets: number; sets: number } {
  const fresh = Array.from({ length: SPEED_OPERATIONS }, (_, i) => keyOf(i));
  const setMs = timeOf(() => {
    for (const key of fresh) cache.set(key);
  });
  // The first ones may be the ones that are held: look before measuring.
  const held = fresh.filter((key) => cache.get(key)).slice(0, capacity);
  const getMs = timeOf(() => {
    for (let i = 0; i < SPEED_OPERATIONS; i++) cache.get(held[i % held.length] ?? '');
  });
  return { gets: SPEED_OPERATIONS / getMs / 1000, sets: SPEED_OPERATIONS / setMs / 1000 };
}

function timeOf(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

function keyOf(no: number): string {
  return `users:${String(no)}`;
}
