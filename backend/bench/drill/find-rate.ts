import { formatMs } from '../../src/cli/measure/figures.js';
import type { LoadPlan } from './load.js';
import type { Level, LoadRun, Result } from './results.js';

const LEVELS = [600, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 5000, 6000, 7000, 8000] as const;
const LEVEL_SECONDS = 4;
const FIRST_WARM_UP_SECONDS = 4;
const WARM_UP_SECONDS = 2;
const MAX_P99_MS = 10;
// A short run is luckier than a long one.
const HEADROOM = 0.9;

/** What is needed of a load. */
export interface RateLoad {
  warmUp(rate: number, seconds: number): Promise<void>;
  begin(plan: LoadPlan): Promise<number>;
  finish(): Promise<Pick<LoadRun, 'whole'>>;
}

/** Whether a level was quick enough, and without a failure. */
export function isGood({ failed, p99 }: Pick<Level, 'failed' | 'p99'>): boolean {
  return failed === 0 && p99 < MAX_P99_MS;
}

/** Resolves with the highest rate that the machine carries within the bound for latency, found by short runs at rising rates. */
export async function findRate(
  load: RateLoad,
  say: (text: string) => void,
): Promise<NonNullable<Result['levels']>> {
  const tried: Level[] = [];
  let best: number = LEVELS[0];
  let misses = 0;
  let index = 0;
  for (let rate: number | undefined = LEVELS[0]; rate !== undefined && misses < 2;) {
    const level = await tryRate(load, rate, index === 0 ? FIRST_WARM_UP_SECONDS : WARM_UP_SECONDS);
    tried.push(level);
    const { p50, p99, failed } = level;
    say(`${rate} requests/s: p50 ${formatMs(p50)} ms, p99 ${formatMs(p99)} ms, ${failed} failed`);
    misses = isGood(level) ? 0 : misses + 1;
    if (misses > 0) continue;
    best = rate;
    rate = LEVELS[++index];
  }
  return { chosen: Math.round(best * HEADROOM), tried };
}

async function tryRate(load: RateLoad, rate: number, warmUpSeconds: number): Promise<Level> {
  await load.warmUp(rate, warmUpSeconds);
  await load.begin({ rate, seconds: LEVEL_SECONDS, phases: [] });
  const { p50, p99, failed } = (await load.finish()).whole;
  return { rate, p50, p99, failed };
}
