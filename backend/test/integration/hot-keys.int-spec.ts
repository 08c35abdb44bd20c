import { RedisCache } from '../../src/redis/cache/index.js';
import type { CacheNamespace, HotKeyLevel } from '../../src/redis/index.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine, type RunningEngine } from '../support/engines.js';
import { nextEvent } from '../support/events.js';
import { heardBy } from '../support/server-monitor.js';

interface Process extends RunningEngine {
  readonly cache: RedisCache;
  readonly products: CacheNamespace;
}

const PATIENCE_MS = 20_000;
const CALLERS = 50;

let server: RedisTestServer;

async function start(level: HotKeyLevel): Promise<Process> {
  const options = {
    ...server.options(),
    // How fast the machine is does not matter here.
    routing: { readTimeoutMs: PATIENCE_MS },
    fallback: { timeoutMs: PATIENCE_MS },
    // So long that nothing but a notice brings news.
    hotKeys: { level, nearMs: 600_000, showKeys: 'whole' },
  } as const;
  const running = await startReadyEngine(options);
  const { keyspaces, calendar: clock, bus } = running.engine;
  const cache = new RedisCache({
    openKeyspace: (name, settings) => keyspaces.open(name, settings),
    clock,
    random: () => 0,
    bus,
    defaults: { ttlMs: 600_000 },
  });
  return { ...running, cache, products: cache.namespace('products') };
}

/** How often Redis has read a value since the last call. */
async function readsOfServer(): Promise<number> {
  const stats = await server.node.info('commandstats');
  await server.node.command('CONFIG', 'RESETSTAT');
  return ['get', 'mget', 'hget'].reduce((sum, name) => {
    const calls = /calls=(\d+)/.exec(stats.get(`cmdstat_${name}`) ?? '')?.[1];
    return sum + Number(calls ?? 0);
  }, 0);
}

/** Reads one after the other, so many times. */
async function readOften(times: number, read: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < times; i++) await read();
}

/** Accesses a key until the process has found that it is hot. */
async function heat({ redis }: RunningEngine, access: () => Promise<unknown>): Promise<void> {
  const rose = nextEvent(redis, 'hot-key.rose');
  const is = { hot: false };
  void rose.then(() => (is.hot = true));
  while (!is.hot) await readOften(50, access);
}

function isListenedTo(): Promise<boolean> {
  return server.node
    .command('PUBSUB', 'NUMSUB', 'products~changed')
    .then((reply) => Number((reply as unknown[])[1]) > 0);
}

beforeEach(async () => {
  server = await startRedisServer();
});
afterEach(async () => {
  await closeEngines();
  await server.stop();
});

describe('reads of a hot key of the cache', () => {
  it('are answered from memory, all but one in ten at most', async () => {
    const one = await start('on');
    await one.products.set('a', 1);
    const read = (): Promise<unknown> => one.products.getOrSet('a', () => 2);
    await readsOfServer();
    await readOften(200, read);
    expect(await readsOfServer()).toBe(200);
    expect(await isListenedTo()).toBe(false);
    await heat(one, read);
    await waitUntil(isListenedTo, { what: 'the process listens' });
    await readsOfServer();
    await readOften(2_000, read);
    expect(await readsOfServer()).toBeLessThanOrEqual(200);
    expect(one.redis.hotKeys()).toMatchObject({
      hot: { reads: 1 },
      top: [{ key: 'a', keyspace: 'products', isSpared: true }],
    });
  }, 60_000);

  it('are left out where many keys are asked for at a time', async () => {
    const one = await start('on');
    for (const key of ['a', 'b', 'c']) await one.products.set(key, key);
    await heat(one, () => one.products.getMany(['a', 'missing']));
    await waitUntil(isListenedTo, { what: 'the process listens' });
    await one.products.get('a');
    const commands = await heardBy(server, async () => {
      for (const key of ['b', 'c']) {
        expect([...(await one.products.getMany([key, 'a'])).keys()]).toEqual([key, 'a']);
        const values = await one.products.getOrSetMany(['a', key], () => new Map());
        expect([...values.keys()]).toEqual(['a', key]);
      }
    });
    const asked = ['a', 'b', 'c'].map(
      (key) => commands.filter(({ words }) => words.includes(`products:${key}`)).length,
    );
    expect(asked).toEqual([0, 2, 2]);
  }, 60_000);

  it('show a write of another process as soon as that is told of', async () => {
    const [one, other] = [await start('on'), await start('watch')];
    await one.products.set('a', 0);
    const read = (): Promise<unknown> => one.products.get('a');
    await heat(one, read);
    await waitUntil(isListenedTo, { what: 'the process listens' });
    await readOften(100, read);
    for (let value = 1; value <= 20; value++) {
      await other.products.set('a', value);
      await waitUntil(async () => (await read()) === value, { what: 'the new value' });
      await readOften(20, async () => {
        expect(await read()).toBe(value);
      });
    }
  }, 60_000);

  it('go to Redis as ever where hot keys are only watched', async () => {
    const one = await start('watch');
    await one.products.set('a', 1);
    const read = (): Promise<unknown> => one.products.get('a');
    await heat(one, read);
    await readsOfServer();
    await readOften(200, read);
    expect(await readsOfServer()).toBe(200);
    expect(await isListenedTo()).toBe(false);
    expect(one.redis.hotKeys()).toMatchObject({
      hot: { reads: 1 },
      sparedReads: 0,
      top: [{ key: 'a', isSpared: false }],
    });
  }, 60_000);
});

describe('plain reads of a hot key', () => {
  it('of many callers at a time share an answer: at most one in ten reaches Redis', async () => {
    const one = await start('on');
    await one.redis.set('a', '1');
    await heat(one, () => one.redis.get('a'));
    await readsOfServer();
    await Promise.all(
      Array.from({ length: CALLERS }, () => readOften(40, () => one.redis.get('a'))),
    );
    expect(await readsOfServer()).toBeLessThanOrEqual((CALLERS * 40) / 10);
  }, 60_000);

  it('show each caller all that was written before he asked, by this process or another one', async () => {
    const [one, other] = [await start('on'), await start('watch')];
    await one.redis.set('a', '0');
    await heat(one, () => one.redis.get('a'));
    let acknowledged = 0;
    let isOver = false;
    const reader = async (): Promise<void> => {
      while (!isOver) {
        const atLeast = acknowledged;
        expect(Number(await one.redis.get('a'))).toBeGreaterThanOrEqual(atLeast);
      }
    };
    const readers = Array.from({ length: CALLERS }, reader);
    for (let value = 1; value <= 300; value++) {
      await (value % 2 === 0 ? one : other).redis.set('a', String(value));
      acknowledged = value;
      expect(await one.redis.get('a')).toBe(String(value));
    }
    isOver = true;
    await Promise.all(readers);
    expect(one.redis.hotKeys().sparedReads).toBeGreaterThan(0);
  }, 60_000);
});

describe('a key that is written very often', () => {
  it('is told of, with its rate', async () => {
    const one = await start('watch');
    const rose = nextEvent(one.redis, 'hot-key.rose');
    await heat(one, () => one.redis.incr('counter'));
    expect(await rose).toMatchObject({ keyspace: null, key: 'counter', direction: 'writes' });
  }, 60_000);
});

describe('redis.counter()', () => {
  it('counts everything that callers add, with few commands, and also what they add while Redis is away', async () => {
    const { redis } = await start('watch');
    const views = redis.counter('views', { flushMs: 20 });
    await server.node.command('CONFIG', 'RESETSTAT');
    await Promise.all(
      Array.from({ length: CALLERS }, () => readOften(100, async () => views.add())),
    );
    await views.flush();
    expect(await redis.get('views')).toBe(String(CALLERS * 100));
    const calls = /calls=(\d+)/.exec(
      (await server.node.info('commandstats')).get('cmdstat_incrby')!,
    );
    expect(Number(calls?.[1])).toBeLessThan(CALLERS);
    await server.node.freeze();
    for (let i = 0; i < 10; i++) views.add(10);
    const sent = views.flush();
    server.node.thaw();
    await sent;
    expect([await redis.get('views'), views.waiting]).toEqual([String(CALLERS * 100 + 100), 0]);
  }, 60_000);

  it('sends what is left before the application ends', async () => {
    const [one, other] = [await start('watch'), await start('watch')];
    one.redis.counter('views', { flushMs: 600_000 }).add(3);
    await one.engine.close();
    expect(await other.redis.get('views')).toBe('3');
  }, 60_000);

  it('tells what is lost because the key holds no number', async () => {
    const { redis } = await start('watch');
    await redis.lpush('views', 'x');
    const lost = nextEvent(redis, 'counts.lost');
    redis.counter('views', { flushMs: 1 }).add(3);
    expect(await lost).toMatchObject({ key: 'views', by: 3, reason: 'refused' });
  }, 60_000);
});

describe('redis.hotKeysOfServer()', () => {
  it('returns null where the server has no HOTKEYS', async () => {
    const { redis } = await start('watch');
    expect(await redis.hotKeysOfServer({ seconds: 1 })).toBeNull();
  }, 30_000);
});
