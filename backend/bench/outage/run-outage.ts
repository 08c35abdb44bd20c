import { startRedisServer, type RedisTestNode } from '../../src/redis/testing/index.js';
import { Child } from '../common/child.js';
import { now, sleep, sleepUntil, within } from '../common/clock.js';
import type { RunRecord } from './client-process.js';
import type { Contestant } from './contestants.js';
import { LagWatch, type Lag } from './lag-watch.js';
import { acknowledgedAway, type Moments } from './measure.js';
import { OUTAGES, type OutageName } from './scenarios.js';

/** How one run goes. */
export interface OutageOptions {
  readonly contestant: Contestant;
  readonly scenario: OutageName;
  readonly perSecond: number;
  readonly calmMs: number;
  readonly awayMs: number;
  readonly afterMs: number;
}

/** What one run came to. */
export interface OutageRun {
  readonly contestant: Contestant;
  readonly scenario: OutageName;
  readonly moments: Moments;
  /** How late an idle process of this machine was meanwhile. */
  readonly lags: readonly Lag[];
  readonly record: RunRecord;
  /** Writes that were acknowledged while Redis was away, and how many of them another process finds in the end; `NaN` when that cannot be told. */
  readonly acknowledged: number;
  readonly kept: number;
  /** It could be closed within a second. */
  readonly isClosed: boolean;
}

const WARM_UP_MS = 1000;
const DRAIN_MS = 5000;
const CLOSE_MS = 1000;
const LOOK_MS = 30_000;

/** Lets one contestant go through one outage, alone on the machine, with a Redis of its own. */
export async function runOutage(options: OutageOptions): Promise<OutageRun> {
  await using server = await startRedisServer();
  const { contestant } = options;
  const { port } = server.node.address;
  const child = startChild(contestant);
  const watch = new LagWatch();
  try {
    await child.call('open', contestant, port);
    const moments = await goThrough(options, server.node, child, watch);
    const lags = watch.stop();
    const record = await child.call<RunRecord>('stop', DRAIN_MS);
    const acknowledged = acknowledgedAway(record.calls, moments);
    const kept = await keptOf(contestant, port, acknowledged);
    const closed = child.call('close').then(() => true);
    const isClosed = await within(CLOSE_MS, closed, false).catch(() => false);
    closed.catch(() => {});
    return {
      contestant,
      scenario: options.scenario,
      moments,
      lags,
      record,
      acknowledged: acknowledged.length,
      kept,
      isClosed,
    };
  } finally {
    watch.stop();
    await child.end();
  }
}

async function goThrough(
  { scenario, perSecond, calmMs, awayMs, afterMs }: OutageOptions,
  node: RedisTestNode,
  child: Child,
  watch: LagWatch,
): Promise<Moments> {
  const outage = OUTAGES[scenario];
  const seconds = (WARM_UP_MS + calmMs + awayMs + afterMs) / 1000;
  // Some more, as starting Redis again takes its time.
  const capacity = Math.ceil(perSecond * (seconds + 10));
  const startedAt = await child.call<number>('start', perSecond, capacity);
  const calmAt = startedAt + WARM_UP_MS;
  await sleepUntil(calmAt);
  watch.start();
  await sleep(calmMs);
  const faultAt = now();
  await outage.break(node);
  await sleepUntil(faultAt + awayMs);
  const repairAt = now();
  await outage.repair(node);
  const backAt = now();
  await sleepUntil(backAt + afterMs);
  return { calmAt, faultAt, repairAt, backAt, endAt: now() };
}

/** Asks for them in a process that has not seen them: what it finds came through Redis. */
async function keptOf(
  contestant: Contestant,
  port: number,
  indexes: readonly number[],
): Promise<number> {
  // The floor has no Redis.
  if (contestant === 'floor') return NaN;
  if (indexes.length === 0) return 0;
  const reader = startChild(contestant);
  try {
    await reader.call('open', contestant, port);
    return await within(LOOK_MS, reader.call<number>('look', indexes), NaN);
  } finally {
    await reader.end();
  }
}

function startChild(contestant: Contestant): Child {
  return Child.start(contestant, new URL('./client-process.js', import.meta.url), ['--expose-gc']);
}
