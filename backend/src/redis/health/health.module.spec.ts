import { Injectable, Module, type INestApplication } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { map } from 'rxjs';
import request from 'supertest';
import {
  JOURNAL_HEALTH,
  JOURNAL_REPORT,
  MEMORY_HEALTH,
  MEMORY_REPORT,
} from '../../../test/support/health-shapes.js';
import { ConfigInvalidError } from '../base/errors/index.js';
import { RedisModule, RedisService, SessionGuard, SessionModule } from '../index.js';
import { RedisHealthModule, RedisHealthProbes, type RedisHealthModuleOptions } from './index.js';

type Imports = NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>;
type Provider = NonNullable<Parameters<typeof Test.createTestingModule>[0]['providers']>[number];

const UNREAD = { lastMinute: null, last5Minutes: null, last15Minutes: null };
const ROUTES = [
  '/health',
  '/health/live',
  '/health/ready',
  '/health/startup',
  '/api/health/redis',
  '/api/health/redis/metrics',
];

let apps: INestApplication[] = [];
afterEach(async () => {
  const open = apps;
  apps = [];
  await Promise.all(open.map((app) => app.close()));
});

async function boot(
  imports: Imports,
  providers: Provider[] = [],
  adapter: 'express' | 'fastify' = 'express',
  prepare: (app: INestApplication) => void = () => undefined,
): Promise<INestApplication> {
  const builder = Test.createTestingModule({
    imports: [RedisModule.forRoot({ mode: 'memory' }), ...imports],
    providers,
  });
  const module = await builder.compile();
  const app =
    adapter === 'fastify'
      ? module.createNestApplication<NestFastifyApplication>(new FastifyAdapter())
      : module.createNestApplication();
  app.useLogger(false);
  prepare(app);
  apps.push(app);
  await app.listen(0, '127.0.0.1');
  return app;
}

const start = (options: RedisHealthModuleOptions = {}): Promise<INestApplication> =>
  boot([RedisHealthModule.forRoot(options)]);

const get = async (app: INestApplication, path: string) => {
  const { status, body, headers } = await request(await app.getUrl()).get(path);
  return { status, body: body as Record<string, any>, headers }; // eslint-disable-line @typescript-eslint/no-explicit-any -- whatever was answered
};

describe.each(['express', 'fastify'] as const)('with %s', (adapter) => {
  it('answers every route, and forbids caches to store the response', async () => {
    const app = await boot([RedisHealthModule.forRoot()], [], adapter);
    for (const path of ROUTES) {
      const { status, headers } = await get(app, path);
      expect([path, status, headers['cache-control']]).toEqual([path, 200, 'no-store']);
      expect(headers['content-type']).toMatch(/^application\/json/);
    }
  });

  it('answers 503 with a body when a check is down', async () => {
    const checks = { useFactory: () => [() => ({ db: { status: 'down' as const } })] };
    const app = await boot([RedisHealthModule.forRoot({ checks })], [], adapter);
    const { status, body, headers } = await get(app, '/health');
    expect(status).toBe(503);
    expect(headers['cache-control']).toBe('no-store');
    expect(body).toMatchObject({
      status: 'error',
      error: { db: { status: 'down' } },
      redis: { mode: 'memory' },
    });
    expect((await get(app, '/health/ready')).status).toBe(200);
  });
});

describe('in memory mode', () => {
  it.each([false, true])('serves degraded, by choice; required: %j', async (required) => {
    const app = await start({ required });
    const { status, body } = await get(app, '/health');
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'degraded', details: { redis: { status: 'degraded' } } });
    expect(body['redis']).toEqual({
      status: 'degraded',
      connected: false,
      message: 'Redis is switched off (memory mode)',
      mode: 'memory',
      metrics: { hits: 0, misses: 0, hitRate: 0, sets: 0, deletes: 0, errors: 0, hitRates: UNREAD },
      memory: MEMORY_HEALTH,
      journal: JOURNAL_HEALTH,
    });
    expect((await get(app, '/health/ready')).body).toMatchObject({ status: 'ready' });
    expect((await get(app, '/health/startup')).body).toMatchObject({ status: 'started' });
  });

  it('reports a cluster without nodes, with every field', async () => {
    const app = await start();
    expect((await get(app, '/api/health/redis')).body).toMatchObject({
      status: 'degraded',
      mode: 'memory',
      cluster: { master: null, replicas: 0, sentinels: 0 },
    });
    expect((await get(app, '/api/health/redis/metrics')).body).toEqual({
      status: 'degraded',
      mode: 'memory',
      cluster: { master: null, replicas: [], sentinels: null },
      clock: { offset_ms: null },
      performance: {
        read_latency_p50_ms: null,
        read_latency_p99_ms: null,
        write_latency_p50_ms: null,
        write_latency_p99_ms: null,
        cache_hit_rate_percent: null,
      },
      hit_rates: [
        {
          namespace: 'default',
          last_1m_percent: null,
          last_5m_percent: null,
          last_15m_percent: null,
          reads_15m: 0,
        },
      ],
      warm_up: [],
      pool: {
        write_pool_size: 0,
        write_pool_available: 0,
        read_pool_size: 0,
        read_pool_available: 0,
      },
      failover: { last_event: null, total_count_24h: 0 },
      hot_keys: {
        level: 'watch',
        threshold_per_minute: 1000,
        hot_reads: 0,
        hot_writes: 0,
        top: [],
      },
      memory: MEMORY_REPORT,
      journal: JOURNAL_REPORT,
    });
  });

  it('says how long the process has run', async () => {
    const { body } = await get(await start(), '/health/live');
    expect(body).toEqual({ status: 'ok', uptime_s: expect.any(Number) });
  });
});

@Injectable()
class Database {
  constructor(readonly indicators: HealthIndicatorService) {}
}
@Module({ imports: [TerminusModule], providers: [Database], exports: [Database] })
class DatabaseModule {}

describe('checks of the application', () => {
  it('get what they inject, and count for readiness where they say so', async () => {
    let isUp = true;
    const checks = {
      imports: [DatabaseModule],
      inject: [Database],
      useFactory: (database: Database) => [
        {
          readiness: true,
          check: () => {
            const session = database.indicators.check('database');
            return isUp ? session.up() : session.down('gone');
          },
        },
      ],
    };
    const app = await start({ checks });
    expect((await get(app, '/health')).body['info']).toMatchObject({ database: { status: 'up' } });
    expect((await get(app, '/health/ready')).status).toBe(200);
    isUp = false;
    expect((await get(app, '/health')).status).toBe(503);
    const ready = await get(app, '/health/ready');
    expect(ready.status).toBe(503);
    expect(ready.body).toMatchObject({ reason: 'a check is down: database' });
    expect((await get(app, '/health/live')).status).toBe(200);
  });

  it('that hang hold up no probe, and are started once for all of them', async () => {
    let started = 0;
    const slow = (): Promise<never> => {
      started++;
      return new Promise(() => undefined);
    };
    const checks = { useFactory: () => [{ check: slow, key: 'slow' }, () => ({ ok: up })] };
    const app = await start({ checks, deadlineMs: 50 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(app, '/health')));
    for (const { status, body } of answers) {
      expect(status).toBe(503);
      expect(body['error']).toEqual({
        slow: { status: 'down', message: 'did not answer within 50 ms' },
      });
      expect(body['info']).toMatchObject({ ok: { status: 'up' } });
    }
    expect(started).toBe(1);
  });

  it('may be made asynchronously, with options that come from elsewhere', async () => {
    const app = await boot([
      RedisHealthModule.forRootAsync({
        inject: [],
        useFactory: () => Promise.resolve({ required: true }),
        checks: { useFactory: () => Promise.resolve([() => ({ ok: up })]) },
      }),
    ]);
    expect((await get(app, '/health')).body['details']).toMatchObject({ ok: { status: 'up' } });
  });
});

const up = { status: 'up' as const };

describe('registration', () => {
  it('refuses wrong options by name', () => {
    expect(() => RedisHealthModule.forRoot({ graceMs: -1 })).toThrow(ConfigInvalidError);
    expect(() => RedisHealthModule.forRoot({ path: 'a b' })).toThrow(/health\.path/);
  });

  it('refuses wrong options that come from elsewhere', async () => {
    const useFactory = () => ({ needs: 'all' as 'reads' });
    const building = Test.createTestingModule({
      imports: [
        RedisModule.forRoot({ mode: 'memory' }),
        RedisHealthModule.forRootAsync({ useFactory }),
      ],
    }).compile();
    await expect(building).rejects.toThrow(/health\.needs/);
  });

  it('puts the routes of a second connection under its name', async () => {
    const app = await boot([
      RedisModule.forRoot({ mode: 'memory' }, { name: 'second' }),
      RedisHealthModule.forRoot(),
      RedisHealthModule.forRoot({ name: 'second' }),
    ]);
    for (const path of ROUTES) {
      expect((await get(app, path)).status).toBe(200);
      expect((await get(app, `/second${path}`)).status).toBe(200);
    }
  });

  it('puts the routes under the given path, or adds none', async () => {
    const inside = await start({ path: '/internal/' });
    expect((await get(inside, '/internal/health/live')).status).toBe(200);
    const nowhere = await start({ path: false });
    expect((await get(nowhere, '/health')).status).toBe(404);
    expect(nowhere.get(RedisHealthProbes, { strict: false }).live().httpStatus).toBe(200);
  });

  it.each(['express', 'fastify'] as const)(
    'keeps its routes where a global prefix and versions are left out for it (%s)',
    async (adapter) => {
      const app = await boot([RedisHealthModule.forRoot()], [], adapter, (nest) => {
        nest.setGlobalPrefix('api', { exclude: ['health{/*path}', 'api/health/{*path}'] });
        nest.enableVersioning();
      });
      for (const path of ROUTES) expect([path, (await get(app, path)).status]).toEqual([path, 200]);
    },
  );

  it('lets probes in past the guard of sessions, and answers past interceptors and filters', async () => {
    const intercept = { intercept: (_: unknown, next: any) => next.handle().pipe(map(() => 'x')) }; // eslint-disable-line
    const caught = { catch: () => undefined };
    const app = await boot(
      [SessionModule.forRoot(), RedisHealthModule.forRoot()],
      [
        { provide: APP_GUARD, useClass: SessionGuard },
        { provide: APP_INTERCEPTOR, useValue: intercept },
        { provide: APP_FILTER, useValue: caught },
      ],
    );
    for (const path of ROUTES) {
      expect((await get(app, path)).body['status']).toMatch(/ok|degraded|ready|started/);
    }
  });
});

describe('shutdown', () => {
  it('is not ready at once, and serves until balancers have noticed', async () => {
    const app = await start({ drainMs: 300 });
    const url = await app.getUrl();
    expect((await request(url).get('/health/ready')).status).toBe(200);
    const begun = performance.now();
    const closing = app.close();
    const ready = await request(url).get('/health/ready');
    expect(ready.status).toBe(503);
    expect(ready.body).toMatchObject({ status: 'not_ready', reason: 'shutting down' });
    const full = await request(url).get('/health');
    expect([full.status, (full.body as { status: string }).status]).toEqual([503, 'shutting_down']);
    expect((await request(url).get('/health/live')).status).toBe(200);
    await closing;
    apps = [];
    expect(performance.now() - begun).toBeGreaterThanOrEqual(295);
  });
});

describe('GET /health', () => {
  it('looks at Redis once for an answer, after the checks of the application', async () => {
    const seen: string[] = [];
    const check = () => {
      seen.push('check');
      return { db: { status: 'up' as const } };
    };
    const app = await start({ checks: { useFactory: () => [check] } });
    const redis = app.get(RedisService);
    const { status } = redis;
    Object.defineProperty(redis, 'status', {
      get: () => {
        seen.push('picture');
        return status;
      },
    });
    expect((await get(app, '/health')).body).toMatchObject({ redis: { mode: 'memory' } });
    expect(seen).toEqual(['check', 'picture']);
  });
});
