import {
  RedisCache,
  RedisModule,
  RedisService,
  type CacheNamespace,
  type CacheOptions,
  type RedisHaEvent,
  type RedisHaOptions,
} from '../../src/redis/index.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { closeApps, startApp } from '../support/apps.js';
import type { LoadReport } from '../support/load-worker.js';
import { outcomeOf } from '../support/outcomes.js';
import { WorkerPool, type Worker } from '../support/worker.js';

let server: RedisTestServer;

beforeEach(async () => {
  server = await startRedisServer();
});
afterEach(async () => {
  await closeApps();
  await server.stop();
});

interface Process {
  readonly cache: RedisCache;
  readonly redis: RedisService;
  readonly events: RedisHaEvent[];
}

async function start(options: RedisHaOptions = server.options()): Promise<Process> {
  const { app } = await startApp({
    imports: [RedisModule.forRoot({ ...options, shutdownTimeoutMs: 100 })],
  });
  const redis = app.get(RedisService);
  if (options.mode !== 'memory') await redis.whenReady(10_000);
  const events: RedisHaEvent[] = [];
  redis.onAny((event) => {
    if (/^(cache|value)[.]/.test(event.type)) events.push(event);
  });
  return { cache: app.get(RedisCache), redis, events };
}

describe('a cache on a real Redis', () => {
  it('keeps what it loads there, with its time', async () => {
    const { cache, redis } = await start();
    const loader = jest.fn(() => ({ name: 'Ada' }));
    const users = cache.namespace('users', { ttlMs: 60_000, ttlJitter: 0.5, maxStaleMs: 30_000 });
    expect(await users.getOrSet('1', loader)).toEqual({ name: 'Ada' });
    expect(await users.getOrSet('1', loader)).toEqual({ name: 'Ada' });
    expect(loader).toHaveBeenCalledTimes(1);
    const ttl = await redis.pttl('users:1');
    expect(ttl).toBeGreaterThan(55_000);
    expect(ttl).toBeLessThanOrEqual(90_000);
    expect(await users.getEntry('1')).toMatchObject({ value: { name: 'Ada' }, source: 'redis' });
    expect(await redis.keys('*!*')).toEqual([]);
  });

  it('keeps large values compressed', async () => {
    const { cache, redis } = await start();
    const value = { rows: Array.from({ length: 2_000 }, (_, id) => ({ id, name: 'Ada' })) };
    await cache.set('k', value);
    expect(await redis.strlen('default:k')).toBeLessThan(JSON.stringify(value).length / 3);
    expect(await cache.get('k')).toEqual(value);
  });

  it('does not let a load bring back what was deleted or emptied meanwhile', async () => {
    const [one, two] = [await start(), await start()];
    const changes: [() => Promise<unknown>, unknown][] = [
      [() => two.cache.delete('k'), undefined],
      [() => two.cache.deleteByTag('t'), undefined],
      [() => two.cache.set('k', 'newer'), 'newer'],
    ];
    for (const [change, afterwards] of changes) {
      const load = async (): Promise<string> => {
        await change();
        return 'older';
      };
      expect(await one.cache.getOrSet('k', load, { tags: ['t'] })).toBe('older');
      expect(await one.cache.get('k')).toBe(afterwards);
    }
  });

  it('deletes all that has a tag, in all processes', async () => {
    const [one, two] = [await start(), await start()];
    await one.cache.setMany([['a', 1], ['b', 2]], { tags: ['t', 'u'] }); // prettier-ignore
    await two.cache.getOrSet('c', () => 3, { tags: ['t'] });
    await two.cache.set('d', 4, { tags: ['u'] });
    expect(await two.cache.deleteByTag('t')).toEqual({ outcome: 'stored' });
    expect(await one.cache.getMany(['a', 'b', 'c', 'd'])).toEqual(new Map([['d', 4]]));
  });

  it('overwrites what is no entry, and leaves alone what a newer version wrote', async () => {
    const { cache, redis, events } = await start();
    await redis.set('default:garbage', 'not an entry');
    await redis.set('default:cut', Buffer.from('5248010000', 'hex'));
    await redis.lpush('default:list', 'x');
    await cache.set('newer', 1);
    await redis.setrange('default:newer', 2, '\u0003');
    for (const key of ['garbage', 'cut', 'newer']) {
      expect(await cache.getOrSet(key, () => 'own')).toBe('own');
    }
    expect(await cache.getMany(['garbage', 'cut'])).toEqual(new Map([['garbage', 'own'], ['cut', 'own']])); // prettier-ignore
    expect((await redis.getBuffer('default:newer'))?.[2]).toBe(3);
    expect(events.map((event) => 'fault' in event && event.fault)).toEqual([
      'corrupt',
      'corrupt',
      'newer-format',
    ]);
    expect(await cache.getOrSet('list', () => 'own')).toBe('own');
    await cache.delete('newer');
    expect(await cache.getOrSet('newer', () => 'own')).toBe('own');
    expect(await cache.get('newer')).toBe('own');
  });

  it('keeps what was loaded in memory while Redis has no room for it', async () => {
    const { cache, redis, events } = await start();
    await redis.config('SET', 'maxmemory', '1mb');
    let loads = 0;
    for (let i = 0; i < 20; i++) expect(await cache.getOrSet('k', () => ++loads)).toBe(1);
    expect(events.map(({ type }) => type)).not.toContain('value.write-failed');
    expect((await cache.set('k', 'v')).outcome).toBe('journaled');
    await redis.config('SET', 'maxmemory', '0');
    await waitUntil(async () => (await redis.exists('default:k')) === 1, { what: 'Redis has it' });
  });

  it('calls no loader of a strict namespace while Redis takes no writes, and serves what it has', async () => {
    const { cache, redis } = await start();
    const strict = cache.namespace('strict', { policy: 'strict' });
    await strict.set('there', 1);
    await redis.config('SET', 'maxmemory', '1mb');
    const loader = jest.fn(() => 2);
    for (let i = 0; i < 3; i++) {
      expect((await outcomeOf(strict.getOrSet('k', loader))).code).toBe('COMMAND_REJECTED');
    }
    expect(loader).not.toHaveBeenCalled();
    expect(await strict.getOrSet('there', loader)).toBe(1);
    await redis.config('SET', 'maxmemory', '0');
  });

  it('counts and locks for all processes', async () => {
    const [one, two] = [await start(), await start()];
    expect(await one.cache.increment('n', 5, 60_000)).toBe(5);
    expect(await two.cache.increment('n', -2)).toBe(3);
    expect(await one.cache.takeIfFree('lock', 'one', 60_000)).toBe(true);
    expect(await two.cache.takeIfFree('lock', 'two', 60_000)).toBe(false);
    expect(await one.cache.giveBack('lock', 'one')).toBe(true);
    expect(await two.cache.takeIfFree('lock', 'two', 60_000)).toBe(true);
  });

  it('counts further than numbers of JavaScript are exact, and answers a number near to it', async () => {
    const { cache, redis } = await start();
    expect(await cache.increment('n', 9e15 - 1)).toBe(9e15 - 1);
    expect(await cache.increment('n', 9e15)).toBeCloseTo(18e15, -2);
    expect(await redis.get('default+n')).toBe('17999999999999999');
  });

  it('answers from memory with nearMs until another process changes the key', async () => {
    const [one, two] = [await start(), await start()];
    const near = one.cache.namespace('near', { nearMs: 60_000 });
    const far = two.cache.namespace('near', { nearMs: 60_000 });
    await near.set('k', 1);
    await waitUntil(
      async () => {
        await near.get('k');
        return near.stats.nearHits > 0;
      },
      { what: 'a hit in memory' },
    );
    await far.set('k', 2);
    await waitUntil(async () => (await near.get('k')) === 2, { what: 'the new value' });
    await far.delete('k');
    await waitUntil(async () => (await near.get('k')) === undefined, { what: 'the delete' });
  });
});

describe('a cache without Redis', () => {
  it('goes on: stale values, loads, writes that reach Redis later', async () => {
    const { cache, redis } = await start();
    const options: CacheOptions = { ttlMs: 1, ttlJitter: 0, maxStaleMs: 60_000 };
    const users = cache.namespace('users', options);
    const strict = cache.namespace('strict', { policy: 'strict' });
    await users.set('known', 'old');
    await server.node.freeze();
    await waitUntil(async () => (await users.getEntry('known'))?.source === 'stale', {
      what: 'an answer from memory',
    });
    expect(await users.getOrSet('known', () => Promise.reject(new TypeError('x')))).toBe('old');
    expect(await users.getOrSet('other', () => 'loaded', { ttlMs: 60_000 })).toBe('loaded');
    expect(await users.get('other')).toBe('loaded');
    expect(await users.delete('known')).toEqual({ outcome: 'journaled' });
    expect(await users.get('known')).toBeUndefined();
    expect((await outcomeOf(strict.getOrSet('k', () => 1))).error).toMatchObject({
      retryable: true,
    });
    expect((await outcomeOf(users.increment('n'))).code).toBe('DEGRADED_UNSUPPORTED');
    server.node.thaw();
    await waitUntil(() => redis.status.fallback.mode === 'healthy', { what: 'healthy' });
    expect(await users.getEntry('other')).toMatchObject({ value: 'loaded', source: 'redis' });
    expect(await redis.exists('users:other')).toBe(1);
  });

  it('works in memory mode', async () => {
    const { cache } = await start({ mode: 'memory' });
    const loader = jest.fn(() => 1);
    expect(await cache.getOrSet('k', loader, { tags: ['t'] })).toBe(1);
    expect(await cache.getOrSet('k', loader)).toBe(1);
    expect(loader).toHaveBeenCalledTimes(1);
    expect(await cache.set('k', 2, { tags: ['t'] })).toEqual({ outcome: 'kept' });
    expect(await cache.deleteByTag('t')).toEqual({ outcome: 'kept' });
    expect(await cache.get('k')).toBeUndefined();
    expect((await outcomeOf(cache.increment('n'))).code).toBe('DEGRADED_UNSUPPORTED');
    const strict = cache.namespace('strict', { policy: 'strict' });
    expect((await outcomeOf(strict.get('k'))).code).toBe('REDIS_DISABLED');
  });

  it('closes while loads are under way, and keeps nobody waiting', async () => {
    const { app } = await startApp({ imports: [RedisModule.forRoot(server.options())] });
    const users: CacheNamespace = app.get(RedisCache).namespace('users');
    const call = outcomeOf(users.getOrSet('k', () => new Promise<never>(() => undefined)));
    await waitUntil(() => users.stats.loads === 1, { what: 'the loader is called' });
    await app.close();
    expect((await call).code).toBe('CLOSED');
  });
});

describe('ten processes that miss the same key a thousand times each', () => {
  const PROCESSES = 10;
  const CALLS = 1_000;
  let pool: WorkerPool;
  let workers: Worker[];

  jest.setTimeout(90_000);

  beforeEach(async () => {
    pool = new WorkerPool('load-worker.ts');
    const plan = {
      // Where Redis does not answer in time each process loads for itself: a busy machine is not to look like that.
      options: { ...server.options(), fallback: { timeoutMs: 5_000 } },
      namespace: 'herd',
      cache: { ttlMs: 60_000, hardTimeoutMs: 30_000 },
    };
    workers = await Promise.all(Array.from({ length: PROCESSES }, () => pool.start(plan)));
  });
  afterEach(() => pool.close());

  const askAll = (some: readonly Worker[], key: string, loadMs: number): Promise<LoadReport[]> =>
    Promise.all(some.map((worker) => worker.call<LoadReport>('ask', key, CALLS, loadMs)));

  it('load it once, and nobody has an answer before it is there', async () => {
    const reports = await askAll(workers, 'k', 500);
    const loads = reports.reduce((sum, report) => sum + report.loads, 0);
    expect(loads).toBe(1);
    const values = new Set(reports.flatMap(({ outcomes }) => Object.keys(outcomes)));
    expect([...values]).toEqual([expect.stringMatching(/^by \d+$/)]);
    const loadedAt = reports.find((report) => report.loadedAt !== null)!.loadedAt!;
    for (const { outcomes, firstAt } of reports) {
      expect(Object.values(outcomes)).toEqual([CALLS]);
      expect(firstAt).toBeGreaterThanOrEqual(loadedAt);
    }
    const lastMs = Math.max(...reports.map(({ lastAt }) => lastAt)) - loadedAt;
    process.stdout.write(`herd: the last of ${PROCESSES * CALLS} answers ${lastMs} ms after the load\n`); // prettier-ignore
    expect(lastMs).toBeLessThan(2_000);
  });

  it('load it once however long it takes: the right to load is held on to', async () => {
    const reports = await askAll(workers.slice(0, 3), 'slow', 3_500);
    expect(reports.reduce((sum, report) => sum + report.loads, 0)).toBe(1);
  });

  it('load it once more when the process that loads is killed', async () => {
    const [holder, ...others] = workers as [Worker, ...Worker[]];
    await holder.call('hang', 'k');
    const waiting = askAll(others, 'k', 50);
    await waitUntil(
      async () => {
        const stats = await Promise.all(
          others.map((worker) => worker.call<{ joined: number }>('stats')),
        );
        return stats.every(({ joined }) => joined > 0);
      },
      { what: 'all the others wait' },
    );
    const killedAt = Date.now();
    await holder.kill();
    const reports = await waiting;
    expect(reports.reduce((sum, report) => sum + report.loads, 0)).toBe(1);
    for (const { outcomes } of reports) {
      expect(outcomes).toEqual({ [Object.keys(reports[0]!.outcomes)[0]!]: CALLS });
    }
    const lastMs = Math.max(...reports.map(({ lastAt }) => lastAt)) - killedAt;
    process.stdout.write(`herd: the last answer ${lastMs} ms after the kill\n`);
    // The lease of a second, and the load; the rest is room for a busy machine.
    expect(lastMs).toBeLessThan(5_000);
  });
});
