import type { WarmUpCause, WarmUpCounts } from './warm-up-mark.js';

/**
 * What a warm-up does now: `waiting` for a reason to begin; `running` in this process; `following` another process, which
 * leads; `paused`, because Redis is away or the source fails; `finished`; `stopped`, because the source
 * failed too often; `closed`.
 */
export type WarmUpState =
  'waiting' | 'running' | 'following' | 'paused' | 'finished' | 'stopped' | 'closed';

/** How far a warm-up is. */
export interface WarmUpProgress extends WarmUpCounts {
  readonly plan: string;
  readonly namespace: string;
  readonly state: WarmUpState;
  /** Why it began; `null` before it has. */
  readonly cause: WarmUpCause | null;
  /** How many keys there are; `null` where that is not known. */
  readonly total: number | null;
  /** Calendar milliseconds; `null` before it has begun, and while it has not ended. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

const WIDTH = 30;
const SECOND_MS = 1_000;

/** Returns one line that shows a progress: a bar where the number of keys is known. */
export function drawProgress(progress: WarmUpProgress, now: number): string {
  const { plan, state, done, total, loaded, skipped, failed, startedAt, endedAt } = progress;
  const seconds = startedAt === null ? 0 : ((endedAt ?? now) - startedAt) / SECOND_MS;
  const counts = `${String(loaded)} loaded, ${String(skipped)} fresh, ${String(failed)} failed`;
  return `${plan} ${barOf(done, total)} ${state}, ${counts}, ${seconds.toFixed(1)} s`;
}

function barOf(done: number, total: number | null): string {
  if (total === null || total === 0) return `${String(done)} keys`;
  const share = Math.min(1, done / total);
  const full = Math.round(share * WIDTH);
  const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
  return `${bar} ${String(Math.floor(share * 100))} %`;
}
