import { Inject, Injectable, Module, type DynamicModule } from '@nestjs/common';
import {
  Cached,
  ConfigInvalidError,
  InjectRedis,
  InjectRedisCache,
  RedisCache,
  redisCacheToken,
  RedisModule,
  RedisService,
  redisToken,
  type RedisHaOptions,
  type RedisOptionsFactory,
} from '../../src/redis/index.js';
import { startRedisServer, type RedisTestServer } from '../../src/redis/testing/index.js';
import { closeApps, startApp } from '../support/apps.js';
import { outcomeOf } from '../support/outcomes.js';

jest.setTimeout(30_000);

let server: RedisTestServer;

beforeAll(async () => {
  server = await startRedisServer();
});
afterEach(() => closeApps());
afterAll(() => server.stop());

@Injectable()
class Settings {
  get redis(): RedisHaOptions {
    return server.options();
  }
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Injectable()
class OptionsFactory implements RedisOptionsFactory {
  createRedisOptions(): Promise<RedisHaOptions> {
    return Promise.resolve(server.options());
  }
}

@Module({ providers: [OptionsFactory], exports: [OptionsFactory] })
class OptionsModule {}

@Injectable()
class Consumer {
  constructor(
    readonly redis: RedisService,
    @InjectRedis() readonly same: RedisService,
    @Inject(RedisService) readonly alike: RedisService,
  ) {}
}

@Injectable()
class Shelves {
  constructor(
    @InjectRedisCache() readonly cache: RedisCache,
    @InjectRedisCache('second') readonly second: RedisCache,
  ) {}

  @Cached({ cache: redisCacheToken('second'), key: () => 'shelf' })
  async shelf(): Promise<string> {
    return 'loaded';
  }
}

async function expectToWork(redis: RedisService): Promise<void> {
  expect(await redis.set('module', 'works')).toBe('OK');
  expect(await redis.get('module')).toBe('works');
}

describe('the module is registered', () => {
  it('with options', async () => {
    const { app, log } = await startApp({
      imports: [RedisModule.forRoot(server.options())],
      providers: [Consumer],
    });
    const consumer = app.get(Consumer);
    await expectToWork(consumer.redis);
    expect(consumer.same).toBe(consumer.redis);
    expect(consumer.alike).toBe(consumer.redis);
    expect(log.texts('log').join('\n')).toContain(
      `Standalone mode: connecting to 127.0.0.1:${String(server.node.address.port)}`,
    );
    expect(log.texts('warn')).toEqual([]);
  });

  it('with namespaces of the cache, whoever uses one first', async () => {
    const prices = { ttlMs: 5_000, policy: 'session' } as const;
    const { app } = await startApp({
      imports: [RedisModule.forRoot(server.options(), { cache: { namespaces: { prices } } })],
    });
    const cache = app.get(RedisCache);
    await cache.namespace('prices').set('a', 1);
    expect(() => cache.namespace('prices', prices)).not.toThrow();
    expect(() => cache.namespace('prices', { ttlMs: 6_000 })).toThrow(
      'RedisModule.forRoot(options, { cache: { namespaces: { prices: { … } } } })',
    );
  });

  it('with a factory that injects something', async () => {
    const { app } = await startApp({
      imports: [
        RedisModule.forRootAsync({
          imports: [SettingsModule],
          inject: [Settings],
          useFactory: async (settings: Settings) => Promise.resolve(settings.redis),
        }),
      ],
    });
    await expectToWork(app.get(RedisService));
  });

  it('with a class', async () => {
    const { app } = await startApp({
      imports: [RedisModule.forRootAsync({ useClass: OptionsFactory })],
    });
    await expectToWork(app.get(RedisService));
  });

  it('with a provider that exists', async () => {
    const { app } = await startApp({
      imports: [
        RedisModule.forRootAsync({ imports: [OptionsModule], useExisting: OptionsFactory }),
      ],
    });
    await expectToWork(app.get(RedisService));
  });

  it('with options over the environment: those of the code win, the others come from there', async () => {
    const { port } = server.node.clientAddress;
    const before = { ...process.env };
    Object.assign(process.env, {
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: String(port),
      REDIS_CLIENT_NAME: 'from-the-environment',
      REDIS_KEY_PREFIX: 'environment:',
    });
    try {
      const { app } = await startApp({
        imports: [
          RedisModule.forRootAsync({
            overEnvironment: true,
            useFactory: () => Promise.resolve({ node: { keyPrefix: 'code:' } }),
          }),
          RedisModule.forRootAsync({
            name: 'second',
            overEnvironment: true,
            useFactory: () => undefined,
          }),
          RedisModule.forRoot(
            { node: { clientName: 'third' } },
            { name: 'third', overEnvironment: true },
          ),
        ],
      });
      const redis = app.get(RedisService);
      await redis.set('k', 'v');
      expect(await server.node.command('GET', 'code:k')).toBe('v');
      await app.get<RedisService>(redisToken('second')).set('k', 'w');
      expect(await server.node.command('GET', 'environment:k')).toBe('w');
      await app.get<RedisService>(redisToken('third')).ping();
      const clients = (await server.node.command('CLIENT', 'LIST')) as string;
      expect(clients).toContain('name=from-the-environment');
      expect(clients).toContain('name=third');
    } finally {
      process.env = before;
    }
  });

  it('with a factory that returns nothing: refused, because it may have forgotten to', async () => {
    const forgetful = RedisModule.forRootAsync({ useFactory: () => undefined as never });
    const { error } = await outcomeOf(startApp({ imports: [forgetful] }));
    expect(error).toBeInstanceOf(ConfigInvalidError);
    expect(String(error)).toContain('must be an object');
  });

  it('several times, with names, also asynchronously, and for one module only', async () => {
    const { app } = await startApp({
      imports: [
        RedisModule.forRoot(server.options()),
        RedisModule.forRootAsync({ name: 'second', useClass: OptionsFactory }),
        RedisModule.forRoot({ mode: 'memory' }, { name: 'third', isGlobal: false }),
      ],
    });
    await expectToWork(app.get(RedisService));
    await expectToWork(app.get(redisToken('second')));
    expect(app.get<RedisService>(redisToken('second')).name).toBe('second');
    expect(app.get<RedisService>(redisToken('third')).status.mode).toBe('memory');
  });

  it('several times, each with a cache of its own', async () => {
    const { app } = await startApp({
      imports: [
        RedisModule.forRoot(server.options()),
        RedisModule.forRoot({ mode: 'memory' }, { name: 'second' }),
      ],
      providers: [Shelves],
    });
    const shelves = app.get(Shelves);
    expect(shelves.cache).toBe(app.get(RedisCache));
    expect(shelves.second).toBe(app.get(redisCacheToken('second')));
    await shelves.shelf();
    expect(await shelves.second.get('shelf')).toBe('loaded');
    expect(await shelves.cache.get('shelf')).toBeUndefined();
  });

  it.each<[string, () => DynamicModule]>([
    ['forRoot', () => RedisModule.forRoot({ mode: 'memory' }, { name: 'twice' })],
    ['forRootAsync', () => RedisModule.forRootAsync({ name: 'twice', useClass: OptionsFactory })],
  ])('once for each name: a second one is refused, also by %s', async (_, second) => {
    const first = RedisModule.forRoot(server.options(), { name: 'twice' });
    const { error } = await outcomeOf(startApp({ imports: [first, second()] }));
    expect(error).toBeInstanceOf(ConfigInvalidError);
    expect(String(error)).toMatch(/register\.name = "twice": two calls of .*Register it once/s);
  });

  it('once, and imported by several modules', async () => {
    const redis = RedisModule.forRoot(server.options(), { isGlobal: false });
    @Module({ imports: [redis], providers: [Consumer] })
    class First {}
    @Module({ imports: [redis] })
    class Second {}
    const { app } = await startApp({ imports: [First, Second, redis] });
    await expectToWork(app.get(Consumer).redis);
  });

  it('with wrong options: the application does not start and every problem is named', async () => {
    const wrong = {
      mode: 'standalone',
      port: 99_999,
      node: { db: -1, passwort: 'hunter2' },
      routing: { readTimeoutMs: 'soon' },
    } as unknown as RedisHaOptions;
    const start = startApp({ imports: [RedisModule.forRoot(wrong)] });
    const error: unknown = await start.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ConfigInvalidError);
    const fields = (error as ConfigInvalidError).problems.map(({ field }) => field).toSorted();
    expect(fields).toEqual(['node.db', 'node.passwort', 'port', 'routing.readTimeoutMs']);
    expect(String(error)).not.toContain('hunter2');
  });
});

describe('the environment', () => {
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });

  async function startFrom(
    env: Record<string, string>,
  ): Promise<{ redis: RedisService; warnings: string[] }> {
    for (const name of Object.keys(process.env)) {
      if (name.startsWith('REDIS')) Reflect.deleteProperty(process.env, name);
    }
    Object.assign(process.env, env);
    const { app, log } = await startApp({ imports: [RedisModule.forRoot()] });
    return { redis: app.get(RedisService), warnings: log.texts('warn') };
  }

  it('says where a single Redis is, by host and port or by URL', async () => {
    const { redis } = await startFrom(server.env());
    await expectToWork(redis);
    await closeApps();
    const { host, port } = server.node.address;
    const byUrl = await startFrom({ REDIS_URL: `redis://${host}:${String(port)}/3` });
    await expectToWork(byUrl.redis);
    expect(await server.node.command('DBSIZE')).not.toBeNull();
    expect(await byUrl.redis.call('client', 'info')).toContain('db=3');
  });

  it.each([
    ['REDIS_SENTINELS', 'REDIS_SENTINEL_MASTER_NAME'],
    ['REDIS_SENTINEL_HOSTS', 'REDIS_MASTER_NAME'],
  ])('knows Sentinels in both dialects (%s)', async (list, masterName) => {
    const { redis } = await startFrom({
      REDIS_SENTINEL_ENABLED: 'true',
      [list]: '127.0.0.1:1,127.0.0.1:2,127.0.0.1:3',
      [masterName]: 'shop',
    });
    expect(redis.status).toMatchObject({ mode: 'sentinel', masterName: 'shop', status: 'down' });
    expect(redis.status.sentinels.map(({ address }) => address.port)).toEqual([1, 2, 3]);
  });

  it('with too few Sentinels warns and uses the one Redis', async () => {
    const { redis, warnings } = await startFrom({
      ...server.env(),
      REDIS_SENTINEL_ENABLED: 'true',
      REDIS_SENTINELS: '127.0.0.1:1,127.0.0.1:2',
    });
    expect(redis.status.mode).toBe('standalone');
    expect(warnings.join('\n')).toMatch(/Sentinel/i);
    await expectToWork(redis);
  });

  it('can switch Redis off', async () => {
    const { redis } = await startFrom({ REDIS_MODE: 'memory' });
    expect(redis.status).toMatchObject({ mode: 'memory', status: 'degraded' });
  });
});

describe('memory mode', () => {
  it('refuses everything at once, with one code, and never throws where a promise is expected', async () => {
    const { app, log } = await startApp({ imports: [RedisModule.forRoot({ mode: 'memory' })] });
    const redis = app.get(RedisService);
    const startedAt = performance.now();
    const script = redis.script({ lua: 'return 1' });
    const calls: readonly [string, () => Promise<unknown>][] = [
      ['get', () => redis.get('a')],
      ['set', () => redis.set('a', '1')],
      ['blpop', () => redis.blpop('a', 0)],
      ['call', () => redis.call('get', 'a')],
      ['with', () => redis.with({ timeoutMs: 5 }).get('a')],
      ['multi', () => redis.multi().get('a').exec()],
      ['pipeline', () => redis.pipeline().get('a').exec()],
      ['script', () => script(['a'])],
      ['subscribe', () => redis.subscribe('a', () => undefined)],
      ['psubscribe', () => redis.psubscribe('a', () => undefined)],
      ['session', () => redis.exclusive(() => Promise.resolve(1))],
      ['whenReady', () => redis.whenReady()],
      ['switchover', () => redis.switchover()],
      ['scanIterator', async () => redis.scanIterator().next()],
      ['scanMembers', async () => redis.scanMembers('sscan', 'a').next()],
      ['createClient', () => redis.createClient().get('a')],
    ];
    for (const [name, run] of calls) {
      let call: Promise<unknown>;
      try {
        call = run();
      } catch (error) {
        throw new Error(`${name} threw instead of rejecting`, { cause: error });
      }
      const outcome = await outcomeOf(call, 1000);
      expect({ name, code: outcome.code }).toEqual({ name, code: 'REDIS_DISABLED' });
    }
    expect(redis.failovers).toEqual([]);
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(log.texts().join('\n')).toContain('Memory mode');
  });
});
