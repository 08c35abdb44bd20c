import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import request from 'supertest';
import {
  RedisHealthModule,
  type ClusterMetrics,
  type ClusterSummary,
  type FullHealth,
  type RedisHealthModuleOptions,
} from '../../src/redis/health/index.js';
import {
  RedisCache,
  RedisModule,
  RedisService,
  SessionModule,
  SessionService,
  type RedisHaOptions,
} from '../../src/redis/index.js';
import {
  startRedisCluster,
  startRedisServer,
  waitUntil,
  type RedisTestCluster,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import {
  JOURNAL_HEALTH,
  JOURNAL_REPORT,
  MEMORY_HEALTH,
  MEMORY_REPORT,
} from '../support/health-shapes.js';

jest.setTimeout(40_000);

const PASSWORD = 'planted-password-7391';
const SENTINEL_PASSWORD = 'planted-sentinel-password-2846';
const ROUTES = [
  '/health',
  '/health/live',
  '/health/ready',
  '/health/startup',
  '/api/health/redis',
  '/api/health/redis/metrics',
];

const apps: INestApplication[] = [];
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

async function startApp(
  redis: RedisHaOptions,
  options: RedisHealthModuleOptions = {},
): Promise<INestApplication> {
  @Module({
    imports: [
      RedisModule.forRoot(redis),
      SessionModule.forRoot(),
      RedisHealthModule.forRoot(options),
    ],
  })
  class HealthyModule {}
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
  const app = await NestFactory.create(HealthyModule, { logger: false });
  apps.push(app);
  await app.listen(0, '127.0.0.1');
  return app;
}

async function ask(app: INestApplication, path: string) {
  const { status, body } = await request(await app.getUrl()).get(path);
  return { status, body: body as unknown };
}

async function full(app: INestApplication) {
  const { status, body } = await ask(app, '/health');
  return { status, body: body as FullHealth };
}

async function summary(app: INestApplication) {
  const { body } = await ask(app, '/api/health/redis');
  return { body: body as ClusterSummary };
}

async function metrics(app: INestApplication) {
  const { body } = await ask(app, '/api/health/redis/metrics');
  return { body: body as ClusterMetrics };
}

function ratesOf(rate: number | null) {
  return { lastMinute: rate, last5Minutes: rate, last15Minutes: rate };
}

function hitRateOf(namespace: string, percent: number | null, reads: number) {
  return {
    namespace,
    last_1m_percent: percent,
    last_5m_percent: percent,
    last_15m_percent: percent,
    reads_15m: reads,
  };
}

const LATENCIES = {
  read_latency_p50_ms: expect.any(Number),
  read_latency_p99_ms: expect.any(Number),
  write_latency_p50_ms: expect.any(Number),
  write_latency_p99_ms: expect.any(Number),
};

describe('with one Redis', () => {
  let server: RedisTestServer;
  beforeAll(async () => {
    server = await startRedisServer();
  });
  afterAll(() => server.stop());

  it('the answer is the one that was asked for, without Sentinels', async () => {
    const app = await startApp(server.options());
    await app.get(RedisService).whenReady(10_000);
    const { status, body } = await full(app);
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ok' });
    expect(body.error).toEqual({});
    expect(body.info).toEqual(body.details);
    expect(body.redis).toEqual({
      status: 'up',
      connected: true,
      message: 'Redis is healthy (standalone mode)',
      mode: 'standalone',
      metrics: {
        hits: 0,
        misses: 0,
        hitRate: 0,
        sets: 0,
        deletes: 0,
        errors: 0,
        hitRates: ratesOf(null),
      },
      memory: MEMORY_HEALTH,
      journal: JOURNAL_HEALTH,
    });
    const { port } = server.node.address;
    expect((await metrics(app)).body.cluster).toEqual({
      master: `127.0.0.1:${String(port)}`,
      replicas: [],
      sentinels: null,
    });
    expect((await summary(app)).body).toMatchObject({
      status: 'healthy',
      mode: 'standalone',
      cluster: { master: `127.0.0.1:${String(port)}`, replicas: 0, sentinels: 0 },
    });
  });

  it('the numbers are those of the traffic', async () => {
    const app = await startApp(server.options());
    await app.get(RedisService).whenReady(10_000);
    const before = (await metrics(app)).body.performance;
    expect(before).toMatchObject({ read_latency_p99_ms: null, cache_hit_rate_percent: null });
    const cache = app.get(RedisCache);
    await cache.set('a', 1);
    for (let i = 0; i < 8; i++) await cache.get('a');
    for (const key of ['b', 'c']) await cache.get(key);
    await cache.delete('a');
    expect((await full(app)).body.redis.metrics).toEqual({
      hits: 8,
      misses: 2,
      hitRate: 0.8,
      sets: 1,
      deletes: 1,
      errors: 0,
      hitRates: ratesOf(0.8),
    });
    const { performance } = (await metrics(app)).body;
    expect(performance).toEqual({ ...LATENCIES, cache_hit_rate_percent: 80 });
    expect(performance.read_latency_p99_ms).toBeGreaterThan(0);
  });

  it('reads of sessions are reads of a cache: those that know the session are hits', async () => {
    const app = await startApp(server.options());
    await app.get(RedisService).whenReady(10_000);
    const sessions = app.get(SessionService);
    const { token } = await sessions.create({ userId: '1', data: {} });
    const other = await sessions.create({ userId: '2', data: {} });
    for (let i = 0; i < 97; i++) await sessions.read(token);
    await sessions.destroy(other.token);
    const [malformed, ended] = ['nonsense', other.token];
    const unknown = 'A'.repeat(43);
    for (const wrong of [malformed, ended, unknown]) {
      await expect(sessions.read(wrong)).rejects.toMatchObject({ code: 'SESSION_INVALID' });
    }
    await app.get(RedisCache).get('not there');
    // The one that was ended is known; of the malformed one nobody need be asked.
    const seen = { hits: 98, misses: 2, hitRate: 0.98, hitRates: ratesOf(0.98) };
    expect((await full(app)).body.redis.metrics).toMatchObject(seen);
    const { hit_rates, performance } = (await metrics(app)).body;
    expect(performance.cache_hit_rate_percent).toBe(98);
    const sessionsRate = { namespace: 'sessions', last_15m_percent: 99, reads_15m: 99 };
    expect(hit_rates).toContainEqual(expect.objectContaining(sessionsRate));
  });

  it('the pools show what is in use', async () => {
    const app = await startApp(server.options());
    const redis = app.get(RedisService);
    await redis.whenReady(10_000);
    const idle = (await metrics(app)).body.pool;
    expect(idle.write_pool_available).toBe(idle.write_pool_size);
    const busy = await redis.exclusive(async () => (await metrics(app)).body.pool);
    expect(busy.write_pool_available).toBeLessThan(idle.write_pool_available);
    await waitUntil(
      async () => (await metrics(app)).body.pool.write_pool_available === idle.write_pool_available,
      { what: 'what was lent is back' },
    );
  });

  it('a disk that does not keep the journal is told, and takes nothing out of service', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'planted-folder-'));
    const own = await startRedisServer();
    try {
      const app = await startApp({ ...own.options(), journal: { dir } }, { required: true });
      await app.get(RedisService).whenReady(10_000);
      const journal = async () => (await full(app)).body.redis.journal;
      expect(await journal()).toMatchObject({
        entries: 0,
        file: { state: 'sound', since: null, queuedBytes: 0 },
      });
      await rm(dir, { recursive: true });
      await own.node.freeze();
      const sessions = app.get(SessionService);
      await expect(sessions.create({ userId: 'u', data: {} })).rejects.toMatchObject({
        code: 'JOURNAL_FILE_FAILED',
      });
      const waiting = { reason: 'ENOENT', queuedBytes: expect.any(Number), failures: 1 };
      expect(await journal()).toMatchObject({
        entries: 1,
        oldestMs: expect.any(Number),
        file: { state: 'failed', ...waiting },
      });
      own.node.thaw();
      await waitUntil(async () => (await journal())?.entries === 0, { what: 'it is replayed' });
      const said =
        'Redis is healthy (standalone mode); the journal cannot be written to disk (ENOENT)';
      await waitUntil(async () => (await full(app)).body.redis.message === said, {
        what: 'it says what is wrong with the disk',
      });
      const { status, body } = await full(app);
      expect(status).toBe(200);
      expect(body).toMatchObject({ status: 'degraded', redis: { status: 'degraded' } });
      expect((await ask(app, '/health/ready')).status).toBe(200);
      expect((await ask(app, '/health/live')).status).toBe(200);
      expect((await metrics(app)).body).toMatchObject({
        status: 'degraded',
        journal: { file: { state: 'failed', reason: 'ENOENT' } },
      });
      for (const path of ROUTES) {
        expect(JSON.stringify((await ask(app, path)).body)).not.toContain('planted-');
      }
      await mkdir(dir);
      await waitUntil(async () => (await full(app)).body.redis.status === 'up', {
        what: 'the disk takes it again',
      });
    } finally {
      await own.stop();
      await Promise.all(apps.splice(0).map((app) => app.close()));
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('startup waits for Redis and readiness with it, where Redis is required', async () => {
    const gone = await startRedisServer();
    await gone.node.kill();
    try {
      const app = await startApp(gone.options(), { required: true, startupMs: 60_000 });
      expect(await ask(app, '/health/startup')).toMatchObject({
        status: 503,
        body: { status: 'starting', reason: 'Redis has not been reached yet' },
      });
      expect((await ask(app, '/health/ready')).status).toBe(503);
      expect((await full(app)).body).toMatchObject({
        status: 'error',
        error: { redis: { redisStatus: 'down' } },
      });
      expect((await ask(app, '/health/live')).status).toBe(200);
      await gone.node.restart();
      await waitUntil(async () => (await ask(app, '/health/ready')).status === 200, {
        what: 'it is ready',
      });
      expect((await ask(app, '/health/startup')).status).toBe(200);
    } finally {
      await gone.stop();
    }
  });
});

describe('with a cluster', () => {
  let cluster: RedisTestCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({ password: PASSWORD, sentinelPassword: SENTINEL_PASSWORD });
  });
  afterAll(() => cluster.stop());

  async function startReadyApp(): Promise<INestApplication> {
    const app = await startApp(cluster.options());
    await app.get(RedisService).whenReady(10_000);
    await waitUntil(
      async () => {
        const { cluster: seen } = (await summary(app)).body;
        return seen.replicas === 2 && seen.sentinels === 3;
      },
      { what: 'everybody is known' },
    );
    return app;
  }

  it('every answer has the shape that was asked for', async () => {
    const app = await startReadyApp();
    const primary = cluster.primary().address;
    await waitUntil(
      async () => (await metrics(app)).body.cluster.replicas.every(({ lag_ms }) => lag_ms !== null),
      { what: 'the lag of each replica is known' },
    );
    const cache = app.get(RedisCache);
    await cache.getOrSet('a', () => 1);
    await cache.get('a');

    const { body: health } = await full(app);
    expect(health.redis).toEqual({
      status: 'up',
      connected: true,
      message: 'Redis is healthy (Sentinel mode)',
      mode: 'sentinel',
      metrics: {
        hits: 1,
        misses: 1,
        hitRate: 0.5,
        sets: 0,
        deletes: 0,
        errors: 0,
        hitRates: ratesOf(0.5),
      },
      memory: MEMORY_HEALTH,
      journal: JOURNAL_HEALTH,
      sentinel: {
        enabled: true,
        masterName: 'mymaster',
        sentinels: expect.arrayContaining(cluster.sentinels().map(({ address }) => address)),
        currentMaster: primary,
        failoverCount: 0,
        lastFailover: null,
      },
    });
    const performance = { ...LATENCIES, cache_hit_rate_percent: 50 };
    const master = `127.0.0.1:${String(primary.port)}`;
    expect((await summary(app)).body).toEqual({
      status: 'healthy',
      mode: 'sentinel',
      cluster: { master, replicas: 2, sentinels: 3 },
      performance,
    });
    const { body } = await metrics(app);
    const online = { host: '127.0.0.1', lag_ms: expect.any(Number), status: 'online' };
    const replicas = cluster.replicas().map(({ address: { port } }) => ({ ...online, port }));
    expect(body).toEqual({
      status: 'healthy',
      mode: 'sentinel',
      cluster: {
        master,
        replicas: expect.arrayContaining(replicas),
        sentinels: { count: 3, answering: 3, quorum: 2, status: 'healthy' },
      },
      performance,
      hit_rates: [hitRateOf('default', 50, 2)],
      warm_up: [],
      hot_keys: {
        level: 'watch',
        threshold_per_minute: 1000,
        hot_reads: 0,
        hot_writes: 0,
        top: expect.any(Array),
      },
      pool: {
        write_pool_size: expect.any(Number),
        write_pool_available: expect.any(Number),
        read_pool_size: expect.any(Number),
        read_pool_available: expect.any(Number),
      },
      clock: { offset_ms: expect.any(Number) },
      failover: { last_event: null, total_count_24h: 0 },
      memory: MEMORY_REPORT,
      journal: JOURNAL_REPORT,
    });
    expect(body.cluster.replicas).toHaveLength(2);
  });

  it('no answer shows a password, a key or a token', async () => {
    const app = await startReadyApp();
    await app.get(RedisCache).set('planted-key-5512', 'planted-value-9023');
    const sessions = app.get(SessionService);
    const { token, session } = await sessions.create({ userId: 'planted-user-77', data: {} });
    await sessions.read(token);
    const planted = [PASSWORD, SENTINEL_PASSWORD, 'planted-', token, session.id];
    for (const path of ROUTES) {
      const text = JSON.stringify((await ask(app, path)).body);
      for (const secret of planted) expect(text).not.toContain(secret);
    }
  });

  it('a replica that stops and a Sentinel that falls silent are seen', async () => {
    const app = await startReadyApp();
    const [replica] = cluster.replicas();
    const [sentinel] = cluster.sentinels();
    await replica!.freeze();
    await sentinel!.kill();
    try {
      await waitUntil(
        async () => {
          const { replicas, sentinels } = (await metrics(app)).body.cluster;
          const seen = replicas.find(({ port }) => port === replica!.address.port);
          return seen?.status !== 'online' && sentinels?.status === 'degraded';
        },
        { what: 'the figures say so' },
      );
      expect((await metrics(app)).body.cluster.sentinels).toMatchObject({
        answering: 2,
        quorum: 2,
      });
      expect((await summary(app)).body).toMatchObject({
        status: 'healthy',
        cluster: { replicas: 1, sentinels: 2 },
      });
    } finally {
      replica!.thaw();
      await sentinel!.restart();
    }
  });
});
