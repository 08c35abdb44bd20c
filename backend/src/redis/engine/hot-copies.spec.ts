import { RedisCache, type CacheOptions } from '../cache/index.js';
import { resolveOptions } from '../config/index.js';
import { ManualClock } from '../testing/index.js';
import { newMemoryStandIn } from '../testing/memory/memory-group.js';
import { RedisEngine } from './redis-engine.js';

describe('a hot key of the cache', () => {
  let clock: ManualClock;
  let engine: RedisEngine;
  let cache: RedisCache;
  /** How many commands asked Redis for values. */
  let sent: number;
  /** The keys they asked for. */
  let asked: string[];

  beforeEach(() => {
    clock = new ManualClock();
    const hotKeys = { level: 'watch' } as const;
    const { options } = resolveOptions({ mode: 'standalone', hotKeys });
    sent = 0;
    asked = [];
    engine = new RedisEngine(options, clock, undefined, (bus) => {
      const standIn = newMemoryStandIn(options, clock, bus);
      const { port } = standIn;
      const run = port.run.bind(port);
      port.run = (name, args, options) => {
        if (name === 'get' || name === 'mget') {
          sent++;
          asked.push(...args.map((key) => String(key).slice(-1)));
        }
        return run(name, args, options);
      };
      return standIn;
    });
    engine.start();
    cache = new RedisCache({
      openKeyspace: (name, settings) => engine.keyspaces.open(name, settings),
      clock: engine.calendar,
      random: () => 0,
      bus: engine.bus,
    });
  });
  afterEach(async () => {
    await cache.close();
    const closing = engine.close();
    await clock.advance(5_000);
    await closing;
  });

  const readOften = async (times: number, read: () => Promise<unknown>): Promise<number> => {
    const before = sent;
    for (let i = 0; i < times; i++) await read();
    return sent - before;
  };
  const open = async (options: CacheOptions): Promise<() => Promise<unknown>> => {
    const products = cache.namespace('products', { ttlMs: 600_000, ...options });
    await products.set('a', 1);
    return () => products.get('a');
  };

  it('is answered from memory while it is hot, once a second from Redis, and no longer than that', async () => {
    const read = await open({ hotKeys: 'on' });
    expect(await readOften(500, read)).toBe(500);
    await clock.advance(1_001);
    expect(await readOften(500, read)).toBe(1);
    await clock.advance(1_001);
    expect(await readOften(500, read)).toBe(1);
    await clock.advance(60_000);
    expect(engine.hotKeys.report.hot.reads).toBe(0);
    expect(await readOften(10, read)).toBe(10);
  });

  it.each([
    ['is only watched', {}],
    ['is told to be watched', { hotKeys: 'watch' }],
    ['is not looked for', { hotKeys: 'off' }],
    ['has another policy than cache', { hotKeys: 'on', policy: 'session' }],
    ['must not be served from memory', { hotKeys: 'on', policy: 'strict' }],
  ] as const)('is asked of Redis each time where it %s', async (_why, options) => {
    const read = await open(options);
    await readOften(500, read);
    await clock.advance(1_000);
    expect(await readOften(500, read)).toBe(500);
  });

  it.each([
    ['getMany', (keys: readonly string[]) => cache.namespace('products').getMany(keys)],
    [
      'getOrSetMany',
      (keys: readonly string[]) => cache.namespace('products').getOrSetMany(keys, () => new Map()),
    ],
  ])('is left out of what %s asks Redis for, and answered all the same', async (_name, readAll) => {
    const read = await open({ hotKeys: 'on' });
    await cache.namespace('products').set('b', 2);
    await readOften(500, read);
    await clock.advance(1_001);
    await read();
    const { nearHits, hits } = cache.namespace('products').stats;
    asked = [];
    expect(await readAll(['b', 'a', 'c'])).toEqual(
      new Map([
        ['b', 2],
        ['a', 1],
      ]),
    );
    expect(asked).toEqual(['b', 'c']);
    const stats = cache.namespace('products').stats;
    expect([stats.nearHits - nearHits, stats.hits - hits]).toEqual([1, 2]);
    expect(await readOften(10, () => readAll(['a']))).toBe(0);
  });

  it('of which many at a time are asked for rises as if each were asked for alone', async () => {
    await open({ hotKeys: 'on' });
    const readAll = (): Promise<unknown> => cache.namespace('products').getMany(['a', 'z']);
    await readOften(500, readAll);
    await clock.advance(1_001);
    asked = [];
    await readOften(500, readAll);
    expect(asked.filter((key) => key === 'a')).toHaveLength(1);
  });

  it('has no part in it that other keys of its namespace are asked for', async () => {
    const read = await open({ hotKeys: 'on' });
    await readOften(500, read);
    await clock.advance(1_001);
    await readOften(1, read);
    const products = cache.namespace('products');
    await products.set('b', 2);
    expect(await readOften(10, () => products.get('b'))).toBe(10);
  });

  it('is used by nobody after a write of this process, whatever its copy says', async () => {
    const read = await open({ hotKeys: 'on' });
    await readOften(500, read);
    await clock.advance(1_001);
    await readOften(10, read);
    await cache.namespace('products').set('a', 2);
    expect(await read()).toBe(2);
    await cache.namespace('products').delete('a');
    expect(await read()).toBeUndefined();
  });

  it('is loaded anew in the last fifth of its life, and nobody waits', async () => {
    const products = cache.namespace('products', { ttlMs: 10_000, hotKeys: 'on' });
    let loads = 0;
    const read = (): Promise<unknown> => products.getOrSet('a', () => ++loads);
    await readOften(500, read);
    await clock.advance(7_000);
    await readOften(500, read);
    await clock.advance(1_000);
    expect([loads, engine.hotKeys.report.hot.reads]).toEqual([1, 1]);
    expect(await read()).toBe(1);
    await clock.advance(1);
    expect([loads, await read()]).toEqual([2, 2]);
  });
});
