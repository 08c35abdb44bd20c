import { setTimeout as sleep } from 'node:timers/promises';
import { RedisCache } from '../../src/redis/cache/index.js';
import { startRedisServer } from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine } from '../support/engines.js';
import { heardBy } from '../support/server-monitor.js';

const RUN_MS = 5_000;
/** From the first read of a key on. */
const SPARED_AFTER_MS = 2_000;
const CALLERS = 30;

afterEach(() => closeEngines());

describe('with `on`, the reads of the hottest key at the server', () => {
  it('fall to a tenth within two seconds, however the key is read', async () => {
    await using server = await startRedisServer();
    const { engine, redis } = await startReadyEngine({
      ...server.options(),
      hotKeys: { level: 'on' },
    });
    const { keyspaces, calendar: clock, bus } = engine;
    const cache = new RedisCache({
      openKeyspace: (name, settings) => keyspaces.open(name, settings),
      ...{ clock, bus, random: Math.random, defaults: { ttlMs: 600_000 } },
    });
    const products = cache.namespace('products');
    const reads: Readonly<Record<string, (key: string, other: string) => Promise<unknown>>> = {
      get: (key) => products.get(key),
      getOrSet: (key) => products.getOrSet(key, () => 'loaded'),
      getMany: (key, other) => products.getMany([other, key]),
      getOrSetMany: (key, other) => products.getOrSetMany([other, key], () => new Map()),
      plain: (key) => redis.get(`products:${key}`),
    };
    const askedAt: Record<string, number[]> = {};
    for (const way of Object.keys(reads)) {
      askedAt[way] = [];
      if (way === 'plain') await redis.set('products:plain', 'x');
      else await products.set(way, 'x');
    }
    const startedAt = Date.now();
    const caller = async (way: string, read: (typeof reads)[string], no: number): Promise<void> => {
      for (let turn = no; Date.now() < startedAt + RUN_MS; turn++) {
        askedAt[way]?.push(Date.now());
        await read(way, `other ${String(turn)}`);
        // Plain reads are spared where many come at a time, those of the cache also one by one.
        if (way !== 'plain') await sleep(5 + (no % 7));
      }
    };
    const commands = await heardBy(server, () =>
      Promise.all(
        Object.entries(reads).flatMap(([way, read]) =>
          Array.from({ length: CALLERS }, (_, no) => caller(way, read, no)),
        ),
      ),
    );
    const late = startedAt + SPARED_AFTER_MS;
    for (const way of Object.keys(reads)) {
      const asked = askedAt[way]?.filter((at) => at >= late).length ?? 0;
      const reached = commands.filter(
        ({ at, words }) => at >= late && words.includes(`products:${way}`),
      ).length;
      expect([way, reached <= asked / 10]).toEqual([way, true]);
      expect(asked).toBeGreaterThan(500);
    }
  }, 60_000);
});
