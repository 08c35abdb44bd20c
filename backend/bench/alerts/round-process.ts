import { RedisCache } from '../../src/redis/index.js';
import type { RedisTestNode } from '../../src/redis/testing/index.js';
import { sleep } from '../common/clock.js';
import { serve } from '../common/serve.js';
import { use } from '../dashboard/use.js';
import { SHORTER, type ToldAlert } from './told-alert.js';
import { WatchedBackend } from './watched-backend.js';

// At another moment between two scrapes each time.
const SCRAPED_EVERY_MS = 5_000;
const EVERY_MS = 20;
const ENTRY = 'x'.repeat(10_000);
const MAX_MEMORY = 12 * 2 ** 20;

// One backend at a time in a process: the environment belongs to the process.
serve({
  /** The primary is killed. Resolves with how long it took until Slack was told. */
  async failover(): Promise<number> {
    const watched = await WatchedBackend.start();
    try {
      const stop = await use(watched.app.http);
      await sleep(Math.random() * SCRAPED_EVERY_MS);
      const primary = await watched.cluster.currentPrimary();
      const since = performance.now();
      await primary.kill();
      const ms = await watched.told('slack', /^The primary of Redis was replaced/, since);
      stop();
      return ms;
    } finally {
      await watched.stop();
    }
  },

  slow,
});

/** Provokes what lasts: a low hit rate, a slow replica, full memory, a journal that fills and loses. */
async function slow(): Promise<ToldAlert[]> {
  const watched = await WatchedBackend.start({
    environment: { REDIS_JOURNAL_MAX_BYTES: '30000' },
    redisConfig: [`maxmemory ${String(MAX_MEMORY)}`, 'maxmemory-policy noeviction'],
    // For as long a Sentinel leaves a replica alone that follows somebody else.
    failoverTimeoutMs: 120_000,
    rules: shortened,
  });
  const { app, cluster } = watched;
  const cache = app.nest.get(RedisCache);
  const told: ToldAlert[] = [];
  const see = async (alert: string, how: string, title: RegExp, since: number): Promise<void> => {
    told.push({ alert, how, ms: await watched.told('slack', title, since) });
  };
  const often = (work: () => Promise<unknown>): (() => void) => {
    const timer = setInterval(() => void work().catch(() => undefined), EVERY_MS);
    return () => {
      clearInterval(timer);
    };
  };
  try {
    let since = performance.now();
    const stopMissing = often(() => cache.get(`nobody-has-it-${String(Math.random())}`));
    await see(
      'RedisHaHitRateLow',
      'reads of keys that do not exist',
      /of the reads of .* are hits/,
      since,
    );
    stopMissing();

    since = performance.now();
    const [replica] = cluster.replicas();
    const stopWriting = often(() => cache.set('a', 'b'));
    // It answers, and gets nothing. One that is frozen answers nobody: then it is down, and not behind.
    await replica?.command('REPLICAOF', '127.0.0.1', '1');
    await see('RedisHaReplicationLag', 'a replica without a link', /behind/, since);
    const { host, port } = (await cluster.currentPrimary()).address;
    await replica?.command('REPLICAOF', host, String(port));
    stopWriting();

    since = performance.now();
    await fill(await cluster.currentPrimary());
    // The replicas get it all: one message says it of three nodes, or of the first of them.
    const full = /of its memory in use|^RedisHaMemoryHigh/;
    await see('RedisHaMemoryHigh', 'a primary that is filled', full, since);

    since = performance.now();
    const all = [...cluster.sentinels(), ...cluster.replicas(), await cluster.currentPrimary()];
    await Promise.all(all.map((node) => node.freeze()));
    await cache.set('changed', 'while Redis is away').catch(() => undefined);
    const stopChanging = often(() => cache.delete(`changed-${String(Math.random())}`));
    await see(
      'RedisHaJournalFilling',
      'deletes while Redis is away',
      /^The journal of .* fills/,
      since,
    );
    // A delete that finds no room is refused. A value that waits gives way to one, and is lost.
    await see('RedisHaJournalLosingWrites', 'a value that gives way', /has lost writes/, since);
    stopChanging();
    return told;
  } finally {
    await watched.stop();
  }
}

// To nine tenths, and by nobody that waits or journals: Redis is not to refuse anything.
async function fill(node: RedisTestNode): Promise<void> {
  const used = async (): Promise<number> =>
    Number(/used_memory:(\d+)/.exec((await node.command('INFO', 'memory')) as string)?.[1]);
  for (let i = 0; (await used()) < MAX_MEMORY * 0.9; i++) {
    await node.command('SET', `filled-${String(i)}`, ENTRY);
  }
}

function shortened(rules: string): string {
  const seconds = (minutes: string, by: number): string => String((Number(minutes) * 60) / by);
  return rules
    .replace(/for: '(\d+)m'/g, (_, m: string) => `for: '${seconds(m, SHORTER.lasting)}s'`)
    .replace(/\[5m\]/g, `[${seconds('5', SHORTER.window)}s]`);
}
