import type { RedisMode } from '../config/index.js';
import { journalProblem, type FallbackSource } from './fallback-report.js';

/** What is looked at to say whether Redis can be used. A part of what `RedisService.status` tells. */
export interface ReachSource {
  readonly mode: RedisMode;
  readonly status: 'up' | 'degraded' | 'down';
  readonly message: string;
  readonly canWrite: boolean;
  readonly canRead?: boolean;
  readonly missing?: readonly string[];
  readonly fallback?: FallbackSource;
}

/** Whether Redis can be used, as the application sees it. */
export interface Reach {
  readonly reads: boolean;
  readonly writes: boolean;
  readonly status: 'up' | 'degraded' | 'down';
  readonly message: string;
}

/**
 * Decides whether Redis can be used. Stricter than the status: a breaker that is not closed keeps the
 * application from a working Redis. A journal that keeps nothing degrades it: what is acknowledged may be lost.
 */
export function reachOf(source: ReachSource): Reach {
  const reach = reachOfRedis(source);
  const journal = source.fallback?.journal;
  const problem = journal === undefined ? null : journalProblem(journal);
  if (problem === null) return reach;
  const status = reach.status === 'up' ? 'degraded' : reach.status;
  return { ...reach, status, message: `${reach.message}; ${problem}` };
}

function reachOfRedis(source: ReachSource): Reach {
  const { mode, status, message } = source;
  if (mode === 'memory') return { reads: false, writes: false, status, message };
  // A source that tells no more than its status can be read from unless it is down.
  const canRead = source.canRead ?? status !== 'down';
  const breakers = source.fallback?.breakers ?? { reads: 'closed', writes: 'closed' };
  const reads = canRead && breakers.reads === 'closed';
  const writes = source.canWrite && breakers.writes === 'closed';
  const own = statusOf(reads, writes);
  if (own === 'up') return { reads, writes, ...redundancyOf(source) };
  if (own === status) return { reads, writes, status, message };
  return { reads, writes, status: own, message: `${SLOW[own]} (${MODES[mode]})` };
}

/** All calls are answered. Returns whether more may be lost, too. */
function redundancyOf({
  missing = [],
  mode,
  message,
}: ReachSource): Pick<Reach, 'status' | 'message'> {
  if (missing.length === 0) return { status: 'up', message };
  const what = missing.join(', ');
  return {
    status: 'degraded',
    message: `Redis answers all calls and is not redundant: it lacks ${what} (${MODES[mode]})`,
  };
}

const MODES = { sentinel: 'Sentinel mode', standalone: 'standalone mode', memory: 'memory mode' };

const SLOW = {
  degraded: 'Redis is connected and answers a part of the calls only: a breaker is open',
  down: 'Redis is connected and does not do what it is asked: the breakers are open',
};

function statusOf(reads: boolean, writes: boolean): Reach['status'] {
  if (reads && writes) return 'up';
  return reads || writes ? 'degraded' : 'down';
}
