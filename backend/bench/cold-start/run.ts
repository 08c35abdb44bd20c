import { startRedisServer } from '../../src/redis/testing/index.js';
import { Child } from '../common/child.js';
import { now, sleep, sleepUntil } from '../common/clock.js';
import type { ColdSample, ColdSettings } from './client-process.js';

/** What is asked for. */
export interface ColdOrder {
  readonly seconds: number;
  readonly products: number;
  readonly reads: number;
  readonly perSecond: number;
}

/** One second of a run. */
export interface ColdSecond {
  readonly hitRate: number | null;
  readonly warmCalls: number;
  readonly liveCalls: number;
  readonly done: number;
}

/** What was seen of one run. */
export interface ColdRun {
  readonly isWarmed: boolean;
  readonly bootMs: readonly number[];
  readonly seconds: readonly ColdSecond[];
  /** The most loads that the warm-up began within any second, all processes together. */
  readonly busiestSecond: number;
  /** When the process that led was killed, and how many keys were done before another went on; `null` without. */
  readonly killedAtS: number | null;
  readonly resumedAt: number | null;
  readonly warmedAtS: number | null;
}

const PROCESSES = 2;
const KILLED_AFTER = 0.15;

/** A cold cache under traffic, with or without warming; with it, the process that leads is killed in the middle. */
export async function runCold(order: ColdOrder, isWarmed: boolean): Promise<ColdRun> {
  const server = await startRedisServer();
  const children: Child[] = [];
  try {
    const { host, port } = server.node.address;
    const settings = (seed: number): ColdSettings => ({
      ...{ redis: { host, port }, isWarmed, seed },
      products: order.products,
      perSecond: order.perSecond,
      reads: order.reads / PROCESSES,
    });
    const start = async (seed: number): Promise<number> => {
      const module = new URL('./client-process.js', import.meta.url);
      const child = Child.start(`process ${String(seed)}`, module);
      children.push(child);
      return child.call<number>('open', settings(seed));
    };
    const bootMs: number[] = [];
    for (let seed = 1; seed <= PROCESSES; seed++) bootMs.push(await start(seed));
    return { ...(await measure(order, { isWarmed, children, settings, start })), bootMs };
  } finally {
    await Promise.all(children.map((child) => child.end()));
    await server.stop();
  }
}

interface Stage {
  readonly isWarmed: boolean;
  readonly children: Child[];
  readonly settings: (seed: number) => ColdSettings;
  readonly start: (seed: number) => Promise<number>;
}

async function measure(order: ColdOrder, stage: Stage): Promise<Omit<ColdRun, 'bootMs'>> {
  const { children, isWarmed, settings, start } = stage;
  const startedAt = now();
  const run = (child: Child, seed: number, ms: number): Promise<unknown> =>
    // One that is killed does not answer.
    child.call('traffic', settings(seed), ms).catch(() => undefined);
  const running = children.map((child, i) => run(child, i + 1, order.seconds * 1_000));
  const seconds: ColdSecond[] = [];
  const warmCalls: number[] = [];
  let killedAtS: number | null = null;
  let resumedAt: number | null = null;
  let warmedAtS: number | null = null;
  for (let second = 1; second <= order.seconds; second++) {
    await sleepUntil(startedAt + second * 1_000);
    const samples = await Promise.all(
      children.map((child) => child.call<ColdSample>('sample').catch(() => null)),
    );
    const known = samples.filter((one) => one !== null);
    seconds.push(secondOf(known));
    warmCalls.push(...known.flatMap((one) => one.warmCalls));
    resumedAt ??= known.map((one) => one.resumedAt).find((at) => at !== null) ?? null;
    const isWarm = known.length > 0 && known.every(({ state }) => state === 'finished');
    if (isWarm) warmedAtS ??= second;
    const leader = samples.findIndex((one) => one?.state === 'running');
    const { done } = known.find(({ state }) => state === 'running') ?? { done: 0 };
    if (!isWarmed || killedAtS !== null || done < order.products * KILLED_AFTER) continue;
    const [child] = children.splice(leader, 1);
    process.kill(child?.pid ?? 0, 'SIGKILL');
    killedAtS = second;
    await sleep(500);
    await start(PROCESSES + 1);
    const [last] = children.slice(-1);
    if (last !== undefined)
      running.push(run(last, PROCESSES + 1, (order.seconds - second) * 1_000));
  }
  await Promise.all(running);
  return {
    ...{ isWarmed, seconds, killedAtS, resumedAt, warmedAtS },
    busiestSecond: busiest(warmCalls),
  };
}

function secondOf(samples: readonly ColdSample[]): ColdSecond {
  const sum = (of: (one: ColdSample) => number): number =>
    samples.reduce((total, one) => total + of(one), 0);
  const hits = sum((one) => one.hits);
  const reads = hits + sum((one) => one.misses);
  return {
    hitRate: reads === 0 ? null : hits / reads,
    warmCalls: sum((one) => one.warmCalls.length),
    liveCalls: sum((one) => one.liveCalls.length),
    done: Math.max(0, ...samples.map((one) => one.done)),
  };
}

function busiest(calls: readonly number[]): number {
  const sorted = [...calls].sort((a, b) => a - b);
  let most = 0;
  for (let from = 0, to = 0; to < sorted.length; to++) {
    while ((sorted[to] ?? 0) - (sorted[from] ?? 0) >= 1_000) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}
