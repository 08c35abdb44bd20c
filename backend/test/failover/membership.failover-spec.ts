import { Inject, Injectable } from '@nestjs/common';
import {
  InjectRedis,
  RedisModule,
  RedisService,
  redisToken,
  resolveFromEnv,
} from '../../src/redis/index.js';
import {
  startRedisCluster,
  startRedisServer,
  type RedisTestCluster,
} from '../../src/redis/testing/index.js';
import { formatAddress } from '../../src/redis/base/address/index.js';
import { healthReport } from '../../src/redis/health/health-report.js';
import { closeApps, startApp } from '../support/apps.js';
import { callsOf } from '../support/clients.js';
import { closeEngines, startEngine, startReadyEngine, withOptions } from '../support/engines.js';
import { EventLog } from '../support/events.js';
import { startLoad } from '../support/load.js';
import { outcomeOf } from '../support/outcomes.js';
import { untilRead, untilWritten } from '../support/progress.js';

@Injectable()
class Shop {
  constructor(
    readonly main: RedisService,
    @InjectRedis('sessions') readonly sessions: RedisService,
    @Inject(redisToken('cache')) readonly cache: RedisService,
  ) {}
}

describe('a cluster that changes, and an application that comes early', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200 });
  });
  afterEach(async () => {
    await closeApps();
    await closeEngines();
  });
  afterAll(() => cluster.stop());

  it('a replica and a Sentinel that are gone make it degraded and not unusable, until they are back', async () => {
    const { redis } = await startReadyEngine(cluster.options());
    const health = () => healthReport(redis.status);
    expect(health()).toMatchObject({ status: 'up' });
    const lost = [cluster.replicas()[0]!, cluster.sentinels()[2]!];
    await Promise.all(lost.map((node) => node.kill()));
    await cluster.waitUntil(() => redis.status.missing.length === 2, {
      what: 'both are called missing',
      timeoutMs: 20_000,
    });
    expect(redis.status.missing).toEqual([
      `the replica ${formatAddress(lost[0]!.address)}`,
      `the Sentinel ${formatAddress(lost[1]!.address)}`,
    ]);
    expect(health()).toMatchObject({ status: 'degraded', connected: true });
    expect(await redis.set('still', 'works')).toBe('OK');
    await Promise.all(lost.map((node) => node.start()));
    await cluster.waitUntil(() => redis.status.missing.length === 0, { what: 'both are back' });
    expect(health()).toMatchObject({ status: 'up' });
    await cluster.waitForReady();
  });

  it('a replica that is added serves reads, and one that is removed is forgotten', async () => {
    const { redis } = await startReadyEngine(
      withOptions(cluster.options(), { routing: { readTimeoutMs: 1500 } }),
    );
    const events = new EventLog(redis);
    const load = startLoad(redis);
    const knows = (port: number): boolean =>
      redis.status.replicas.some(({ address }) => address.port === port);
    try {
      const added = await cluster.addReplica();
      await cluster.waitUntil(() => knows(added.address.port), {
        what: 'the new replica is known',
      });
      await cluster.waitUntil(
        async () => {
          // Many at once: while nobody is busy, one replica may well answer everything.
          await Promise.all(Array.from({ length: 200 }, () => redis.get('anything')));
          return (await callsOf(added, 'get')) > 5;
        },
        { what: 'the new replica answers reads' },
      );
      await untilRead(load, 20);
      await cluster.removeReplica(added);
      await cluster.waitUntil(() => !knows(added.address.port), {
        what: 'the removed replica is forgotten',
        timeoutMs: 20_000,
      });
      await untilWritten(load, 50);
      const report = await load.stop();
      expect(report.errors).toEqual([]);
      expect(report).toMatchObject({ hung: 0, uncertain: { set: 0, incr: 0 } });
      expect((await load.check()).lost).toEqual([]);
      expect(redis.status.replicas).toHaveLength(2);
      expect(events.of('primary.switched')).toEqual([]);
    } finally {
      await load.stop();
      events.stop();
    }
  });

  it('a Sentinel that is added is asked once all that are configured are gone', async () => {
    const { redis } = await startReadyEngine(cluster.options());
    const configured = cluster.sentinels();
    const added = await cluster.addSentinel();
    const isListened = (): boolean =>
      redis.status.sentinels.some(
        (one) => one.address.port === added.address.port && one.isAnswering && one.isSubscribed,
      );
    await cluster.waitUntil(
      async () => {
        const lists = configured.map((one) => one.command('SENTINEL', 'SENTINELS', 'mymaster'));
        const port = String(added.address.port);
        return (await Promise.all(lists)).every((list) => JSON.stringify(list).includes(port));
      },
      { what: 'the others list the new Sentinel', timeoutMs: 20_000 },
    );
    expect(isListened()).toBe(false);
    try {
      for (const one of configured) await one.freeze();
      await cluster.waitUntil(isListened, {
        what: 'the new Sentinel is listened to',
        timeoutMs: 20_000,
      });
      expect(await redis.set('a', '1')).toBe('OK');
    } finally {
      for (const one of configured) one.thaw();
    }
    await cluster.waitUntil(() => redis.status.sentinels.length === 3 && !isListened(), {
      what: 'the configured ones decide again',
      timeoutMs: 20_000,
    });
  });

  it('several named connections live side by side, each with its own Redis and its own name in the log', async () => {
    await using server = await startRedisServer();
    const { app, log } = await startApp({
      imports: [
        RedisModule.forRoot(cluster.options()),
        RedisModule.forRoot(server.options(), { name: 'sessions' }),
        RedisModule.forRoot(withOptions(cluster.options(), { node: { db: 5 } }), { name: 'cache' }),
      ],
      providers: [Shop],
    });
    const shop = app.get(Shop);
    await Promise.all([shop.main, shop.sessions, shop.cache].map((one) => one.whenReady()));
    await shop.main.set('who', 'main');
    await shop.sessions.set('who', 'sessions');
    await shop.cache.set('who', 'cache');
    const primaryOnly = { readPolicy: 'primary' } as const;
    expect(await shop.main.with(primaryOnly).get('who')).toBe('main');
    expect(await shop.sessions.get('who')).toBe('sessions');
    expect(await shop.cache.with(primaryOnly).get('who')).toBe('cache');
    expect([shop.main, shop.sessions, shop.cache].map((one) => one.name)).toEqual([
      'default',
      'sessions',
      'cache',
    ]);
    expect(shop.sessions.status.mode).toBe('standalone');
    expect(app.get(redisToken('sessions'))).toBe(shop.sessions);
    expect(log.texts('error')).toEqual([]);
    await closeApps();
    expect((await outcomeOf(shop.sessions.get('who'))).code).toBe('CLOSED');
  });

  it('boots at once while Redis is away, says so, and works as soon as Redis comes', async () => {
    const server = await startRedisServer();
    try {
      await server.node.kill();
      const startedAt = performance.now();
      const { app, log } = await startApp({ imports: [RedisModule.forRoot(server.options())] });
      expect(performance.now() - startedAt).toBeLessThan(1500);
      const redis = app.get(RedisService);
      expect(redis.status).toMatchObject({ status: 'down', canRead: false, canWrite: false });
      expect([redis.canRead, redis.canWrite]).toEqual([false, false]);
      const waiting = outcomeOf(redis.set('early', 'bird'), 20_000);
      const reading = await outcomeOf(redis.get('early'));
      expect(reading.code).toBe('COMMAND_TIMEOUT');
      await cluster.waitUntil(
        () => log.texts('error').some((line) => line.startsWith('No primary for')),
        {
          what: 'the log says that Redis is away',
        },
      );
      const complaint = log.texts('error').find((line) => line.startsWith('No primary for')) ?? '';
      expect(complaint).toContain('ECONNREFUSED');
      expect(complaint).toContain(String(server.node.address.port));
      await server.node.restart();
      expect((await waiting).value).toBe('OK');
      expect(log.texts('log').join('\n')).toContain('takes writes');
    } finally {
      await closeApps();
      await server.stop();
    }
  });

  it('a connection that never came up is silent after the application was closed', async () => {
    const { redis, engine } = startEngine({ mode: 'standalone', port: 1 });
    const events = new EventLog(redis);
    await engine.close();
    const before = events.toText();
    await new Promise((done) => setTimeout(done, 300));
    expect(events.toText()).toBe(before);
    events.stop();
  });

  it('takes the whole cluster from the environment', async () => {
    const { options, warnings } = resolveFromEnv(cluster.env());
    expect(options.mode).toBe('sentinel');
    expect(warnings).toEqual([]);
    const before = { ...process.env };
    Object.assign(process.env, cluster.env());
    try {
      const { app } = await startApp({ imports: [RedisModule.forRoot()] });
      const redis = app.get(RedisService);
      await redis.whenReady();
      expect(await redis.set('from', 'env')).toBe('OK');
      expect(redis.status.masterName).toBe(cluster.groups[0]);
    } finally {
      process.env = before;
    }
  });
});
