import { Redis } from 'ioredis';
import { startRedisServer } from '../../src/redis/testing/index.js';
import { Child } from '../common/child.js';
import { formatNumber } from '../../src/cli/measure/figures.js';
import { median } from '../../src/cli/measure/statistics.js';
import { formatTable } from '../common/table.js';
import type { OneMiss } from './client-process.js';
import { contestantsOf, type Contestant } from './contestants.js';

/** What the misses of one contestant came to, one at a time, in two processes that share the cache. */
export interface Loads {
  readonly contestant: Contestant;
  /** Commands for each miss that one process has alone, as the server has received them. */
  readonly commands: Readonly<Record<string, number>>;
  readonly aloneMs: number;
  /** Of one key that both processes ask for at once. */
  readonly loadsPerKey: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Long enough that the other process asks while it runs. */
export const LOADER_MS = 5;
const MISSES = 200;
const WARM_UP = 50;
// What looks after a connection, whoever uses it.
const UPKEEP = new Set(['ping', 'time', 'role', 'info', 'client', 'hello', 'subscribe', 'monitor']);

/** Counts commands for each miss, and lets two processes ask for the same key at once. */
export async function countLoads(contestants: readonly Contestant[]): Promise<Loads[]> {
  await using server = await startRedisServer();
  const { host, port } = server.node.address;
  const loads: Loads[] = [];
  for (const contestant of contestantsOf('miss', contestants)) {
    const pair = [0, 1].map(() =>
      Child.start(contestant, new URL('./client-process.js', import.meta.url)),
    );
    try {
      for (const child of pair) await child.call('open', 'miss', contestant, port);
      loads.push({
        contestant,
        ...(await missAlone(contestant, pair, new Redis({ host, port }))),
        ...(await missTogether(contestant, pair)),
      });
      for (const child of pair) await child.call('close');
    } finally {
      await Promise.all(pair.map((child) => child.end()));
    }
  }
  return loads;
}

async function missAlone(
  contestant: Contestant,
  [one]: readonly Child[],
  redis: Redis,
): Promise<Pick<Loads, 'commands' | 'aloneMs'>> {
  const miss = async (i: number): Promise<OneMiss> =>
    (await one?.call<OneMiss>('miss', `alone:${contestant}:${String(i)}`, 0)) ?? NOTHING;
  for (let i = 0; i < WARM_UP; i++) await miss(-1 - i);
  const counts = new Map<string, number>();
  const monitor = await redis.monitor();
  monitor.on('monitor', (_time: string, [name = '']: string[], source: string) => {
    const lower = name.toLowerCase();
    // What a script runs is no command of the client.
    if (source === 'lua' || UPKEEP.has(lower)) return;
    counts.set(lower, (counts.get(lower) ?? 0) + 1);
  });
  const took: number[] = [];
  for (let i = 0; i < MISSES; i++) took.push((await miss(i)).tookMs);
  // The server has told of everything before when it answers this.
  await redis.ping();
  monitor.disconnect();
  redis.disconnect();
  const commands = [...counts].map(([name, count]) => [name, count / MISSES]);
  return { commands: Object.fromEntries(commands) as Loads['commands'], aloneMs: median(took) };
}

async function missTogether(
  contestant: Contestant,
  pair: readonly Child[],
): Promise<Pick<Loads, 'loadsPerKey' | 'firstMs' | 'lastMs'>> {
  const misses: (readonly OneMiss[])[] = [];
  for (let i = 0; i < MISSES; i++) {
    const key = `together:${contestant}:${String(i)}`;
    misses.push(
      await Promise.all(pair.map((child) => child.call<OneMiss>('miss', key, LOADER_MS))),
    );
  }
  const timesOf = (both: readonly OneMiss[]): number[] => both.map(({ tookMs }) => tookMs);
  const loads = misses.flat().reduce((sum, one) => sum + one.loads, 0);
  return {
    loadsPerKey: loads / MISSES,
    firstMs: median(misses.map((both) => Math.min(...timesOf(both)))),
    lastMs: median(misses.map((both) => Math.max(...timesOf(both)))),
  };
}

const NOTHING: OneMiss = { loads: 0, tookMs: NaN };

/** The table of all contestants. */
export function loadsReport(loads: readonly Loads[]): string {
  const header = ['contestant', 'commands for one miss', 'ms', 'loads', 'first ms', 'last ms'];
  const rows = loads.map(({ contestant, commands, aloneMs, loadsPerKey, firstMs, lastMs }) => [
    contestant,
    Object.entries(commands)
      .map(([name, count]) => `${formatNumber(count, 2)} ${name}`)
      .join(', '),
    formatNumber(aloneMs, 2),
    formatNumber(loadsPerKey, 2),
    formatNumber(firstMs, 2),
    formatNumber(lastMs, 2),
  ]);
  const title = `One miss at a time; then two processes ask for one key at once, and its loader takes ${String(LOADER_MS)} ms`;
  return `\n${title}\n${formatTable(header, rows)}`;
}
