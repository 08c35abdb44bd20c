import { RedisCache, RedisModule, RedisService } from '../../src/redis/index.js';
import { startRedisServer, type RedisTestServer } from '../../src/redis/testing/index.js';
import { closeApps, startApp } from '../support/apps.js';

const TAGS = Array.from({ length: 10 }, (_, i) => `t${i}`);
const KEYS = TAGS.flatMap((tag) => Array.from({ length: 20 }, (_, i) => `${tag}:${i}`));
const OTHERS = 200;
const MAX_ROUNDS = 100;

let server: RedisTestServer;

beforeEach(async () => {
  server = await startRedisServer({
    redisConfig: ['maxmemory 4mb', 'maxmemory-policy volatile-ttl'],
  });
});
afterEach(async () => {
  await closeApps();
  await server.stop();
});

async function newCache(): Promise<RedisCache> {
  const { app } = await startApp({ imports: [RedisModule.forRoot(server.options())] });
  await app.get(RedisService).whenReady(10_000);
  return app.get(RedisCache);
}

async function evictedKeys(): Promise<number> {
  return Number((await server.node.info('stats')).get('evicted_keys'));
}

describe('a Redis that evicts what ends soonest', () => {
  it('keeps what deletes and deletes by tag need, while it throws values away', async () => {
    const cache = await newCache();
    for (const tag of TAGS) {
      const own = KEYS.filter((key) => key.startsWith(`${tag}:`));
      await cache.setMany(new Map(own.map((key) => [key, 'x'.repeat(500)])), { tags: [tag] });
    }
    await cache.delete('deleted');
    for (let round = 0; round < MAX_ROUNDS && (await evictedKeys()) < 2_000; round++) {
      const others = Array.from({ length: OTHERS }, (_, i) => [`${round}:${i}`, 'y'.repeat(600)]);
      await cache.setMany(new Map(others as [string, string][]));
    }
    expect(await evictedKeys()).toBeGreaterThanOrEqual(2_000);
    expect(await server.node.command('EXISTS', 'default:deleted')).toBe(1);
    const [deleting, other] = [await newCache(), await newCache()];
    for (const tag of TAGS) await deleting.deleteByTag(tag);
    expect((await other.getMany(KEYS)).size).toBe(0);
  });
});
