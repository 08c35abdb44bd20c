import type { NearOptions, RedisHaOptions } from '../../src/redis/index.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { RedisService, resolveOptions } from '../../src/redis/index.js';
import { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import { closeEngines, startEngine, type RunningEngine } from '../support/engines.js';
import { nextEvent } from '../support/events.js';
import { everyServer } from '../support/servers.js';

const HOUR_MS = 3_600_000;
const NEAR: NearOptions = { prefixes: ['flag:', 'price:'], nearMs: HOUR_MS };

describe.each(everyServer())('redis.near on $version', ({ path }) => {
  let server: RedisTestServer;
  let writer: RedisService;

  beforeAll(async () => {
    server = await startRedisServer({ redisServerPath: path });
  });
  beforeEach(async () => {
    await server.node.command('FLUSHALL');
    writer = (await start({})).redis;
  });
  afterEach(() => closeEngines());
  afterAll(() => server.stop());

  async function start(
    near: NearOptions,
    extra: Partial<RedisHaOptions> = {},
  ): Promise<RunningEngine> {
    const running = startEngine({
      ...server.options(),
      near,
      ...extra,
    } as RedisHaOptions);
    await running.redis.whenReady(10_000);
    if ((near.prefixes ?? []).length > 0) await running.redis.near.whenReady();
    return running;
  }

  /** Reads until the value is served by a copy. */
  async function untilCopied(redis: RedisService, key: string): Promise<string | null> {
    return waitUntil(
      async () => {
        const { hits } = redis.near.stats;
        const value = await redis.near.get(key);
        return redis.near.stats.hits > hits ? { value } : null;
      },
      { what: `a copy of ${key} answers` },
    ).then(({ value }) => value);
  }

  function untilReads(redis: RedisService, key: string, value: string | null): Promise<unknown> {
    return waitUntil(async () => (await redis.near.get(key)) === value, {
      what: `${key} is ${String(value)} here`,
    });
  }

  it('answers without Redis until anybody changes the key', async () => {
    const { redis } = await start(NEAR);
    await writer.set('flag:a', '1');
    await untilReads(redis, 'flag:a', '1');
    expect(await untilCopied(redis, 'flag:a')).toBe('1');
    await writer.set('flag:a', '2');
    await untilReads(redis, 'flag:a', '2');
    await server.node.command('EVAL', 'return redis.call("SET", KEYS[1], "3")', '1', 'flag:a');
    await untilReads(redis, 'flag:a', '3');
    await writer.del('flag:a');
    await untilReads(redis, 'flag:a', null);
  });

  it('knows also that there is no such key, until there is', async () => {
    const { redis } = await start(NEAR);
    expect(await untilCopied(redis, 'flag:none')).toBeNull();
    await writer.set('flag:none', 'now');
    await untilReads(redis, 'flag:none', 'now');
  });

  it.each(['FLUSHALL', 'FLUSHDB'])('keeps nothing after %s', async (command) => {
    const { redis } = await start(NEAR);
    await writer.set('flag:a', '1');
    await untilReads(redis, 'flag:a', '1');
    await untilCopied(redis, 'flag:a');
    await server.node.command(command);
    await untilReads(redis, 'flag:a', null);
  });

  it('does not outlive a key that expires, nor one that is evicted', async () => {
    const { redis } = await start(NEAR);
    await writer.set('flag:short', '1', 'PX', 300);
    await untilCopied(redis, 'flag:short');
    await untilReads(redis, 'flag:short', null);
    await writer.set('flag:evicted', '1');
    await untilReads(redis, 'flag:evicted', '1');
    await untilCopied(redis, 'flag:evicted');
    await server.node.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random');
    await server.node.command('CONFIG', 'SET', 'maxmemory', '1');
    await server.node.command('PING');
    await waitUntil(async () => (await server.node.command('DBSIZE')) === 0, {
      what: 'everything is evicted',
    });
    await server.node.command('CONFIG', 'SET', 'maxmemory', '0');
    await untilReads(redis, 'flag:evicted', null);
  });

  it('copies nothing while the connection that tells of changes is lost, and goes on when it is back', async () => {
    const { redis } = await start(NEAR);
    await writer.set('flag:a', '1');
    await untilReads(redis, 'flag:a', '1');
    await untilCopied(redis, 'flag:a');
    const moved = nextEvent(redis, 'subscription.moved');
    const { flushes } = redis.near.stats;
    await server.node.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await moved;
    expect(redis.near.stats.flushes).toBeGreaterThan(flushes);
    await untilCopied(redis, 'flag:a');
    await writer.set('flag:a', '2');
    await untilReads(redis, 'flag:a', '2');
  });

  it('hears of keys under the prefix of the connection', async () => {
    const node = { ...server.options().node, keyPrefix: 'shop:' };
    const { redis } = await start({ prefixes: [''], nearMs: HOUR_MS }, { node });
    await redis.set('any', '1');
    await untilReads(redis, 'any', '1');
    await untilCopied(redis, 'any');
    await writer.set('shop:any', '2');
    await untilReads(redis, 'any', '2');
  });

  it('holds no more than so many copies and bytes', async () => {
    const { redis } = await start({ ...NEAR, maxEntries: 10, maxBytes: 5_000 });
    for (let i = 0; i < 50; i++) await redis.near.get(`flag:${String(i)}`);
    expect(redis.near.stats.entries).toBeLessThanOrEqual(10);
    await writer.set('flag:large', 'x'.repeat(10_000));
    await untilReads(redis, 'flag:large', 'x'.repeat(10_000));
    expect(redis.near.stats.bytes).toBeLessThanOrEqual(5_000);
  });

  it('refuses where Redis does not let the user hear, and says what the user lacks', async () => {
    for (const lacking of ['-client|tracking', 'resetchannels']) {
      await server.node.command(
        ...['ACL', 'SETUSER', 'deaf', 'reset', 'on', '>pw', '~*', '&*', '+@all', lacking],
      );
      const { redis } = startEngine({
        ...server.options(),
        node: { username: 'deaf', password: 'pw' },
        near: NEAR,
      });
      const refused = {
        code: 'CONFIG_INVALID',
        problems: [
          expect.objectContaining({
            field: 'near.prefixes',
            value: ['flag:', 'price:'],
            remedy: expect.stringContaining('+client|tracking'),
          }),
        ],
      };
      await expect(redis.near.whenReady()).rejects.toMatchObject(refused);
      await expect(redis.near.get('flag:a')).rejects.toMatchObject(refused);
      expect(redis.near.stats.isHearing).toBe(false);
    }
  });

  it('refuses a key of which Redis does not tell, and to work where nothing is to be copied', async () => {
    const { redis } = await start(NEAR);
    await expect(redis.near.get('user:1')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(writer.near.get('flag:a')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const memory = new RedisEngine(resolveOptions({ mode: 'memory', near: NEAR }).options);
    const { near } = new RedisService(memory);
    await expect(near.get('flag:a')).rejects.toMatchObject({ code: 'REDIS_DISABLED' });
    await expect(near.whenReady()).rejects.toMatchObject({ code: 'REDIS_DISABLED' });
    await memory.close();
  });
});
