import { type DynamicModule, Inject, Injectable, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  InjectRedis,
  RedisCache,
  redisCacheToken,
  RedisModule,
  RedisService,
  redisToken,
  SessionModule,
  SessionService,
} from '../../index.js';
import { outcomeOf } from '../../../../test/support/outcomes.js';
import { RedisEngine } from '../../engine/index.js';
import { healthReport } from '../../health/health-report.js';
import {
  ManualClock,
  RedisTestingModule,
  type RedisStandInOptions,
  type RedisTestingOptions,
} from '../index.js';

const HOUR_MS = 3_600_000;

@Injectable()
class Prices {
  loads = 0;
  readonly #prices: ReturnType<RedisCache['namespace']>;

  constructor(
    readonly redis: RedisService,
    cache: RedisCache,
    readonly sessions: SessionService,
  ) {
    this.#prices = cache.namespace('prices', { ttlMs: 60_000, ttlJitter: 0 });
  }

  price(of: string): Promise<number> {
    return this.#prices.getOrSet(of, () => ++this.loads, { tags: ['all'] });
  }

  async forgetAll(): Promise<void> {
    await this.#prices.deleteByTag('all');
  }
}

/** As applications write it: with a Redis that no test has. */
@Module({
  imports: [
    RedisModule.forRoot({ mode: 'standalone', host: '192.0.2.1', node: { keyPrefix: 'app:' } }),
    RedisModule.forRoot({ mode: 'standalone', host: '192.0.2.1' }, { name: 'other' }),
    SessionModule.forRoot({ idleMs: HOUR_MS, absoluteMs: 8 * HOUR_MS }),
  ],
  providers: [Prices],
})
class AppModule {}

describe('RedisTestingModule', () => {
  let clock: ManualClock;
  const running: TestingModule[] = [];

  beforeEach(() => {
    clock = new ManualClock();
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((module) => module.close()));
    expect(clock.pending).toBe(0);
  });

  const start = async (options: RedisTestingOptions = {}): Promise<TestingModule> => {
    const module = await Test.createTestingModule({
      imports: [
        RedisTestingModule.forTest({ clock, ...options }),
        SessionModule.forRoot({ idleMs: HOUR_MS, absoluteMs: 8 * HOUR_MS }),
      ],
      providers: [Prices],
    }).compile();
    running.push(module);
    return module;
  };

  const replaced = async (): Promise<TestingModule> => {
    const builder = Test.createTestingModule({ imports: [AppModule] });
    RedisTestingModule.replaceIn(builder, { clock, keyPrefix: 'app:' });
    RedisTestingModule.replaceIn(builder, { clock, name: 'other' });
    const module = await builder.compile();
    running.push(module);
    return module;
  };

  describe.each([
    ['in the place of RedisModule', start],
    ['in an application that imports RedisModule', replaced],
  ])('%s', (_where, begin) => {
    it('gives commands, a cache and sessions', async () => {
      const app = await begin();
      const prices = app.get(Prices);
      await prices.redis.set('k', 'v');
      expect(await prices.redis.get('k')).toBe('v');
      expect([await prices.price('tea'), await prices.price('tea')]).toEqual([1, 1]);
      const { token } = await prices.sessions.create({ userId: 'ada', data: { cart: 1 } });
      expect(await prices.sessions.read(token)).toMatchObject({ userId: 'ada', data: { cart: 1 } });
    });

    it('lets cached values grow old with the clock', async () => {
      const prices = (await begin()).get(Prices);
      await prices.price('tea');
      await clock.advance(59_000);
      expect(await prices.price('tea')).toBe(1);
      await clock.advance(2_000);
      expect(await prices.price('tea')).toBe(2);
    });

    it('lets sessions end with the clock', async () => {
      const { sessions } = (await begin()).get(Prices);
      const { token } = await sessions.create({ userId: 'ada', data: {} });
      await clock.advance(HOUR_MS - 1_000);
      expect(await sessions.find(token)).not.toBeNull();
      await clock.advance(HOUR_MS + 1_000);
      expect(await sessions.find(token)).toBeNull();
    });
  });

  it('does with tags, counters and locks of caches what a Redis does', async () => {
    const app = await start();
    const prices = app.get(Prices);
    await prices.price('tea');
    await prices.forgetAll();
    expect(await prices.price('tea')).toBe(2);
    const counters = app.get(RedisCache).namespace('counters', { policy: 'strict' });
    expect([await counters.increment('n'), await counters.increment('n', 4)]).toEqual([1, 5]);
    const outcome = await app.get(RedisCache).namespace('x').set('k', 'v');
    expect(outcome).toEqual({ outcome: 'stored' });
  });

  it('loads a value once for all who ask', async () => {
    const prices = (await start()).get(Prices);
    expect(
      await Promise.all([prices.price('tea'), prices.price('tea'), prices.price('tea')]),
    ).toEqual([1, 1, 1]);
    expect(prices.loads).toBe(1);
  });

  it('does with the sessions of a user what a Redis does', async () => {
    const { sessions } = (await start()).get(Prices);
    const one = await sessions.create({ userId: 'ada', data: {} });
    const two = await sessions.create({ userId: 'ada', data: {} });
    expect(await sessions.listOf('ada')).toMatchObject({
      sessions: [expect.anything(), expect.anything()],
      isComplete: true,
    });
    const rotated = await sessions.rotate(one.token);
    expect(await sessions.find(one.token)).toBeNull();
    await sessions.destroyAllOf('ada', { except: two.token });
    expect(await sessions.find(rotated.token)).toBeNull();
    expect(await sessions.find(two.token)).not.toBeNull();
  });

  it('empties caches with the Redis that they are in', async () => {
    const prices = (await start()).get(Prices);
    await prices.price('tea');
    await prices.redis.flushall();
    expect(await prices.price('tea')).toBe(2);
  });

  it('keeps what two tests do apart', async () => {
    const [one, two] = [await start(), await start()];
    await one.get(RedisService).set('k', 'v');
    expect(await two.get(RedisService).get('k')).toBeNull();
  });

  it('puts the prefix of the application before its keys', async () => {
    const redis = (await start({ keyPrefix: 'app:' })).get(RedisService);
    await redis.set('k', 'v');
    expect(await redis.get('k')).toBe('v');
    expect(await redis.keys('*')).toEqual(['app:k']);
  });

  it('stands in for connections that have names', async () => {
    const other = (await replaced()).get<RedisService>(redisToken('other'));
    await other.set('k', 'v');
    expect([other.name, await other.get('k')]).toEqual(['other', 'v']);
    const jobs = await start({ name: 'jobs' }).catch((error: unknown) => error);
    // SessionModule looks for the default connection.
    expect(jobs).toBeInstanceOf(Error);
  });

  it('also replaces a module that is imported as one object', async () => {
    const real = RedisModule.forRoot({ mode: 'standalone', host: '192.0.2.1' });
    @Module({ imports: [real] })
    class OwnModule {}
    const module = await Test.createTestingModule({ imports: [OwnModule] })
      .overrideModule(real)
      .useModule(RedisTestingModule.forTest({ clock }))
      .compile();
    running.push(module);
    expect(await module.get(RedisService).incr('n')).toBe(1);
  });

  it.each<[string, (redis: RedisService) => Promise<unknown>]>([
    ['XADD', (redis) => redis.xadd('s', '*', 'a', '1')],
    ['SETBIT', (redis) => redis.setbit('k', 1, 1)],
    ['GEOADD', (redis) => redis.geoadd('k', 1, 1, 'a')],
    ['PFADD', (redis) => redis.pfadd('k', 'a')],
    ['EVAL', (redis) => redis.eval('return 1', 0)],
    ['EVALSHA', (redis) => redis.script({ lua: 'return 1' })([])],
    ['NEWER', (redis) => redis.call('newer', 'k')],
    ['XADD', (redis) => redis.multi().xadd('s', '*', 'a', '1').exec()],
    ['XADD', (redis) => redis.exclusive((own) => own.xadd('s', '*', 'a', '1'))],
  ])('refuses %s, and says what to use', async (name, run) => {
    const redis = (await start()).get(RedisService);
    const outcome = await outcomeOf(run(redis));
    expect(outcome).toMatchObject({
      error: { code: 'TEST_UNSUPPORTED', details: { command: name.toLowerCase() } },
    });
    expect((outcome.error as Error).message).toContain(`RedisTestingModule does not know ${name}`);
    expect((outcome.error as Error).message).toContain('startRedisServer()');
  });

  it('refuses one command of a pipeline, and does the others', async () => {
    const redis = (await start()).get(RedisService);
    expect(await redis.pipeline().set('k', 'v').xlen('s').get('k').exec()).toMatchObject([
      [null, 'OK'],
      [{ code: 'TEST_UNSUPPORTED' }, undefined],
      [null, 'v'],
    ]);
  });

  it('gives raw clients that refuse their commands', async () => {
    const redis = (await start()).get(RedisService);
    await expect(redis.createClient().get('k')).rejects.toMatchObject({ code: 'TEST_UNSUPPORTED' });
    expect(redis.connectionOptions()).toMatchObject({ enableReadyCheck: false });
  });

  it('ends what waits when the application is closed, and refuses what comes later', async () => {
    const module = await start();
    const redis = module.get(RedisService);
    const waiting = outcomeOf(redis.blpop('jobs', 0));
    await module.close();
    expect(await waiting).toMatchObject({ code: 'CLOSED' });
    expect(await outcomeOf(redis.get('k'))).toMatchObject({ code: 'CLOSED' });
    expect(await outcomeOf(redis.subscribe('news', () => undefined))).toMatchObject({
      code: 'CLOSED',
    });
  });

  it('serves those who wait in their order', async () => {
    const redis = (await start()).get(RedisService);
    const taken = [redis.blpop('jobs', 0), redis.brpop('other', 'jobs', 0), redis.blpop('jobs', 0)];
    await redis.rpush('jobs', '1', '2', '3');
    expect(await Promise.all(taken)).toEqual([
      ['jobs', '1'],
      ['jobs', '3'],
      ['jobs', '2'],
    ]);
  });

  it('reports a listener that fails, and tells the others', async () => {
    const redis = (await start()).get(RedisService);
    const [failed, told]: [unknown[], string[]] = [[], []];
    redis.on('listener.failed', (event) => failed.push(event));
    await redis.subscribe('news', () => Promise.reject(new TypeError('broken')));
    await redis.subscribe('news', (message) => told.push(message));
    await redis.publish('news', 'a');
    expect(told).toEqual(['a']);
    await Promise.resolve();
    expect(failed).toMatchObject([{ event: 'message' }]);
  });

  it('leaves no timer behind, also where nobody closes it', async () => {
    const prices = (await start()).get(Prices);
    await prices.redis.set('k', 'v', 'EX', 10);
    await prices.redis.subscribe('news', () => undefined);
    await prices.price('tea');
    await prices.sessions.create({ userId: 'ada', data: {} });
    expect(clock.pending).toBe(0);
  });

  it('does not wait for timers that the test runner has faked', async () => {
    jest.useFakeTimers();
    try {
      const module = await Test.createTestingModule({
        imports: [RedisTestingModule.forTest(), SessionModule.forRoot()],
        providers: [Prices],
      }).compile();
      const prices = module.get(Prices);
      await prices.redis.set('k', 'v', 'EX', 10);
      expect(await prices.price('tea')).toBe(1);
      const { token } = await prices.sessions.create({ userId: 'ada', data: {} });
      expect(await prices.sessions.find(token)).not.toBeNull();
      const told: string[] = [];
      await prices.redis.subscribe('news', (message) => told.push(message));
      await prices.redis.publish('news', 'a');
      expect(told).toEqual(['a']);
      // What a test moves here is its clock, and not the calendar that its runner has faked.
      jest.setSystemTime(Date.now() + 11_000);
      expect(await prices.redis.get('k')).toBe('v');
      await module.close();
    } finally {
      jest.useRealTimers();
    }
  });

  it('is healthy, and has everything that is asked of a connection', async () => {
    const redis = (await start()).get(RedisService);
    await redis.get('k');
    expect(healthReport(redis.status)).toMatchObject({ status: 'up' });
    expect(redis.status).toMatchObject({ missing: [], replicas: [], sentinels: [], pending: 0 });
    expect(redis.status.fallback).toMatchObject({ mode: 'healthy' });
    expect(redis.recentLatency.read).toBeDefined();
    expect(await outcomeOf(redis.renewCredentials())).toMatchObject({ code: null });
  });

  it.each<[string, () => DynamicModule]>([
    ['a real one', () => RedisModule.forRoot({ mode: 'standalone', host: '192.0.2.1' })],
    ['another one in memory', () => RedisTestingModule.forTest()],
  ])('refuses to stand beside %s, where nobody could tell which is meant', async (_what, other) => {
    const imports = [RedisTestingModule.forTest(), other()];
    const outcome = await outcomeOf(Test.createTestingModule({ imports }).compile());
    expect(outcome.code).toBe('CONFIG_INVALID');
    expect((outcome.error as Error).message).toContain('RedisTestingModule.replaceIn(builder)');
  });

  it.each<[string, RedisStandInOptions, string]>([
    ['a name that is misspelt', { name: 'ohter' }, "replaceIn(builder, { name: 'other' })"],
    ['no name where each connection has one', {}, "replaceIn(builder, { name: 'one' })"],
  ])('refuses to replace %s, before anything connects', async (_what, options, remedy) => {
    const connecting = jest.spyOn(RedisEngine, 'open');
    const names = options.name === undefined ? ['one', 'two'] : ['default', 'other'];
    const imports = names.map((name) =>
      RedisModule.forRoot({ mode: 'standalone', host: '192.0.2.1' }, { name }),
    );
    const builder = Test.createTestingModule({ imports });
    const compiling = RedisTestingModule.replaceIn(builder, options).compile();
    const outcome = await outcomeOf(compiling.then((module) => void running.push(module)));
    expect(outcome.code).toBe('CONFIG_INVALID');
    const { message } = outcome.error as Error;
    expect(message).toContain(`test.name = "${options.name ?? 'default'}": no module registers`);
    expect(message).toContain(remedy);
    expect(connecting).not.toHaveBeenCalled();
  });

  it('lives by the time of this machine where no clock is given', async () => {
    const module = await Test.createTestingModule({
      imports: [RedisTestingModule.forTest()],
    }).compile();
    running.push(module);
    const redis = module.get(RedisService);
    await redis.set('k', 'v', 'PXAT', Date.now() + 60_000);
    expect(await redis.ttl('k')).toBe(60);
  });

  it.each<[string, () => unknown]>([
    [
      'test.clok',
      () => RedisTestingModule.replaceIn(Test.createTestingModule({}), { clok: 1 } as never),
    ],
    ['Did you mean test.clock?', () => RedisTestingModule.forTest({ clok: 1 } as never)],
    ['known here: clock, keyPrefix', () => RedisTestingModule.forTest(new ManualClock() as never)],
    ['test.name', () => RedisTestingModule.forTest({ name: '' })],
  ])('refuses what is none of its options, with a word of help: %s', (said, run) => {
    expect(run).toThrow(said);
  });

  it('is what services are injected with, by whatever name they ask', async () => {
    @Injectable()
    class Asking {
      constructor(
        @InjectRedis() readonly redis: RedisService,
        @Inject(redisCacheToken()) readonly cache: RedisCache,
      ) {}
    }
    const module = await Test.createTestingModule({
      imports: [
        RedisTestingModule.forTest({ clock, cache: { namespaces: { prices: { ttlMs: 5 } } } }),
      ],
      providers: [Asking],
    }).compile();
    running.push(module);
    expect(module.get(Asking).redis).toBe(module.get(RedisService));
    expect(module.get(Asking).cache).toBeInstanceOf(RedisCache);
  });
});
