import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Server } from 'node:http';
import request from 'supertest';
import { AppModule } from '../../src/app/app.module.js';
import { RedisService } from '../../src/redis/index.js';
import {
  startRedisCluster,
  startRedisServer,
  type RedisTestCluster,
} from '../../src/redis/testing/index.js';

type Environment = Readonly<Record<string, string | undefined>>;

const HEALTH_WITHIN_MS = 100;

describe('the sample backend', () => {
  const before = { ...process.env };
  let app: INestApplication<Server> | null = null;

  async function boot(environment: Environment): Promise<INestApplication<Server>> {
    for (const name of Object.keys(process.env)) {
      if (name.startsWith('REDIS_')) Reflect.deleteProperty(process.env, name);
    }
    Object.assign(process.env, environment);
    const testing = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = testing.createNestApplication();
    app.useLogger(false);
    await app.init();
    return app;
  }

  const redis = (): RedisService => (app as INestApplication).get(RedisService);
  const get = (path: string) =>
    request((app as INestApplication<Server>).getHttpServer()).get(path);
  const post = (path: string) =>
    request((app as INestApplication<Server>).getHttpServer()).post(path);

  afterEach(async () => {
    await app?.close();
    app = null;
    process.env = { ...before };
  });

  describe('with a Sentinel cluster', () => {
    let cluster: RedisTestCluster;

    beforeAll(async () => {
      cluster = await startRedisCluster({ downAfterMs: 1200 });
    });

    afterAll(async () => {
      await cluster.stop();
    });

    it('answers /health in the shape that probes and jq expect', async () => {
      await boot(cluster.env());
      await redis().whenReady();
      const { body, status } = await get('/health');
      expect(status).toBe(200);
      expect(body).toMatchObject({ status: 'ok', info: { redis: { status: 'up' } }, error: {} });
      expect(body.redis).toEqual({
        status: 'up',
        connected: true,
        message: 'Redis is healthy (Sentinel mode)',
        mode: 'sentinel',
        sentinel: {
          enabled: true,
          masterName: 'mymaster',
          sentinels: expect.any(Array),
          currentMaster: cluster.primary().address,
          failoverCount: 0,
          lastFailover: null,
        },
      });
      expect(body.redis.sentinel.sentinels).toHaveLength(3);
    });

    it('answers /health at once while the primary is frozen, and shows the failover afterwards', async () => {
      await boot(cluster.env());
      await redis().whenReady();
      const primary = await cluster.currentPrimary();
      const moved = new Promise<void>((resolve) => {
        redis().on('failover.completed', () => resolve());
      });
      const asked: number[] = [];
      const ask = async (): Promise<void> => {
        const askedAt = performance.now();
        const { status } = await get('/health');
        asked.push(performance.now() - askedAt);
        expect(status).toBe(200);
      };
      const noticed = new Promise<void>((resolve) => {
        redis().on('primary.suspected', () => resolve());
      });
      await primary.freeze();
      // What was sent before would be uncertain: nobody knows what a frozen process has done.
      await noticed;
      const written = post('/api/counters/visits').then(({ body }) => body as unknown);
      const race = { isOver: false };
      void moved.then(() => (race.isOver = true));
      while (!race.isOver) await ask();
      await expect(written).resolves.toEqual({ name: 'visits', value: 1, keptIn: 'redis' });
      primary.thaw();
      const { body } = await get('/health');
      expect(body.redis.sentinel).toMatchObject({
        failoverCount: 1,
        lastFailover: { from: primary.address, reason: 'failure' },
      });
      asked.sort((a, b) => a - b);
      expect(asked[Math.floor(asked.length / 2)]).toBeLessThan(HEALTH_WITHIN_MS);
    });
  });

  it('counts in one Redis without Sentinels, and shows no member for them', async () => {
    const server = await startRedisServer();
    try {
      await boot(server.env());
      await post('/api/counters/a').expect(200, { name: 'a', value: 1, keptIn: 'redis' });
      await post('/api/counters/a').expect(200, { name: 'a', value: 2, keptIn: 'redis' });
      await get('/api/counters/a').expect(200, { name: 'a', value: 2, keptIn: 'redis' });
      const { body } = await get('/health');
      expect(body.redis).toEqual({
        status: 'up',
        connected: true,
        message: 'Redis is healthy (standalone mode)',
        mode: 'standalone',
      });
    } finally {
      await server.stop();
    }
  });

  it('boots and answers without any Redis, and says what is missing', async () => {
    await boot({ REDIS_HOST: '127.0.0.1', REDIS_PORT: '1', REDIS_ROUTING_WRITE_TIMEOUT_MS: '200' });
    const health = await get('/health');
    expect(health.status).toBe(200);
    expect(health.body).toMatchObject({ status: 'degraded', redis: { status: 'down' } });
    const { body, status } = await post('/api/counters/a');
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: 'NO_PRIMARY', retryable: true });
    expect(body.message).toContain('ECONNREFUSED');
  });

  it('serves from memory when it is told to, and says so', async () => {
    await boot({ REDIS_MODE: 'memory' });
    await post('/api/counters/a').expect(200, { name: 'a', value: 1, keptIn: 'memory' });
    await get('/api/counters/a').expect(200, { name: 'a', value: 1, keptIn: 'memory' });
    const { body } = await get('/health');
    expect(body).toMatchObject({
      status: 'degraded',
      redis: { mode: 'memory', connected: false, message: 'Redis is switched off (memory mode)' },
    });
  });

  it('refuses a name that is none, and says what a name looks like', async () => {
    await boot({ REDIS_MODE: 'memory' });
    const { body } = await post('/api/counters/a%20b').expect(400);
    expect(body.message).toContain('1 to 64 letters');
  });

  it('goes back from Sentinel to one Redis, and to memory, by one variable', async () => {
    const sentinels = {
      REDIS_SENTINEL_ENABLED: 'true',
      REDIS_SENTINELS: '127.0.0.1:1,127.0.0.1:2,127.0.0.1:3',
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: '4',
    };
    await boot(sentinels);
    expect(redis().status.mode).toBe('sentinel');
    await app?.close();
    await boot({ ...sentinels, REDIS_SENTINEL_ENABLED: 'false' });
    expect(redis().status.mode).toBe('standalone');
    await app?.close();
    await boot({ ...sentinels, REDIS_MODE: 'memory' });
    expect(redis().status.mode).toBe('memory');
  });
});
