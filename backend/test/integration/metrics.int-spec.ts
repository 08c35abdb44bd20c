import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  Module,
  type CallHandler,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Counter, Registry, type OpenMetricsContentType } from 'prom-client';
import { map, type Observable } from 'rxjs';
import {
  RedisCache,
  RedisModule,
  RedisService,
  SessionGuard,
  SessionModule,
  SessionService,
} from '../../src/redis/index.js';
import { RedisMetricsModule, type RedisMetricsOptions } from '../../src/redis/metrics/index.js';
import {
  startRedisCluster,
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { parseExposition, seriesIn, valueIn, type ScrapedFamily } from '../support/exposition.js';
import { itNeeds } from '../support/needs.js';
import { promtoolFindings, TestPrometheus } from '../support/prometheus.js';

jest.setTimeout(60_000);

const PASSWORD = 'planted-password-7d1f';

/** The PromQL of `docs/metrics.md`. */
const QUESTIONS = [
  ...readFileSync(join(__dirname, '../../../docs/metrics.md'), 'utf8').matchAll(
    /^\| [^|]+\? +\| `(.+)` +\|$/gm,
  ),
].map(([, expression = '']) => expression.replaceAll('\\|', '|'));

let server: RedisTestServer;
const apps: INestApplication[] = [];

beforeAll(async () => {
  server = await startRedisServer({ password: PASSWORD });
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});
afterAll(() => server.stop());

type Parts = Parameters<typeof Module>[0];

interface Running {
  readonly app: INestApplication;
  readonly address: string;
}

async function start(parts: Parts, adapter?: FastifyAdapter): Promise<Running> {
  @Module(parts)
  class TestModule {}
  const module = await Test.createTestingModule({ imports: [TestModule] }).compile();
  module.useLogger(false);
  const app =
    adapter === undefined
      ? module.createNestApplication()
      : module.createNestApplication<NestFastifyApplication>(adapter);
  apps.push(app);
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
  return { app, address: `127.0.0.1:${String(port)}` };
}

function oneConnection(options: RedisMetricsOptions): NonNullable<Parts['imports']> {
  return [
    RedisModule.forRoot(server.options()),
    SessionModule.forRoot(),
    RedisMetricsModule.forRoot(options),
  ];
}

async function textAt(address: string, path = '/metrics'): Promise<string> {
  const response = await fetch(`http://${address}${path}`);
  expect(response.status).toBe(200);
  return response.text();
}

async function scrape(address: string): Promise<ReadonlyMap<string, ScrapedFamily>> {
  return parseExposition(await textAt(address));
}

async function ready(app: INestApplication): Promise<RedisService> {
  const redis = app.get(RedisService);
  await redis.whenReady(10_000);
  return redis;
}

class Wrapping implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

describe('GET /metrics', () => {
  it('moves with the traffic', async () => {
    const { app, address } = await start({ imports: oneConnection({ registry: new Registry() }) });
    const redis = await ready(app);
    const before = await scrape(address);
    for (let n = 0; n < 10; n++) await redis.set(`key-${String(n)}`, 'value');
    for (let n = 0; n < 5; n++) await redis.get('key-1');
    await redis.lpush('key-1', 'not a list').catch(() => undefined);
    const after = await scrape(address);
    const grown = (name: string, labels: Record<string, string>): number =>
      valueIn(after, name, labels) - valueIn(before, name, labels);
    expect(grown('redis_ha_commands_total', { kind: 'write', outcome: 'ok' })).toBe(10);
    expect(grown('redis_ha_commands_total', { kind: 'write', outcome: 'rejected' })).toBe(1);
    expect(grown('redis_ha_commands_total', { kind: 'read', outcome: 'ok' })).toBe(5);
    expect(grown('redis_ha_command_duration_seconds_count', { kind: 'read' })).toBe(5);
    expect(grown('redis_ha_command_duration_seconds_sum', { kind: 'read' })).toBeGreaterThan(0);
    expect(valueIn(after, 'redis_ha_write_available')).toBe(1);
    expect(valueIn(after, 'redis_ha_node_up', { role: 'primary' })).toBe(1);
    expect(valueIn(after, 'redis_ha_mode', { mode: 'healthy' })).toBe(1);
  });

  it('counts each command of a pipeline, and a transaction as one', async () => {
    const { app, address } = await start({ imports: oneConnection({ registry: new Registry() }) });
    const redis = await ready(app);
    await redis.pipeline().set('a', 1).set('b', 2).set('c', 3).exec();
    await redis.multi().set('a', 1).set('b', 2).exec();
    const ok = { kind: 'write', outcome: 'ok' };
    expect(valueIn(await scrape(address), 'redis_ha_commands_total', ok)).toBe(4);
  });

  it('tells of caches by namespace, and of sessions', async () => {
    const { app, address } = await start({ imports: oneConnection({ registry: new Registry() }) });
    await ready(app);
    const cache = app.get(RedisCache).namespace('products');
    await cache.getOrSet('1', () => Promise.resolve('one'));
    await cache.getOrSet('1', () => Promise.resolve('one'));
    const sessions = app.get(SessionService);
    const { token } = await sessions.create({ userId: 'u1', data: {} });
    await sessions.read(token);
    await sessions.read('not-a-token').catch(() => undefined);
    const scraped = await scrape(address);
    const name = 'redis_ha_cache_requests_total';
    expect(valueIn(scraped, name, { namespace: 'products', result: 'hit' })).toBe(1);
    expect(valueIn(scraped, name, { namespace: 'products', result: 'miss' })).toBe(1);
    expect(valueIn(scraped, 'redis_ha_cache_loads_total')).toBe(1);
    expect(valueIn(scraped, 'redis_ha_sessions_total', { event: 'created' })).toBe(1);
    expect(valueIn(scraped, 'redis_ha_sessions_total', { event: 'validated' })).toBe(1);
    expect(valueIn(scraped, 'redis_ha_sessions_total', { event: 'invalid' })).toBe(1);
    const answered = { direction: 'reads', outcome: 'answered' };
    expect(valueIn(scraped, 'redis_ha_keyspace_operations_total', answered)).toBeGreaterThan(0);
  });

  it('counts what Redis rejects for lack of memory', async () => {
    const { app, address } = await start({ imports: oneConnection({ registry: new Registry() }) });
    const redis = await ready(app);
    await server.node.command('CONFIG', 'SET', 'maxmemory', '1');
    try {
      await expect(redis.set('key', 'value')).rejects.toMatchObject({ code: 'COMMAND_REJECTED' });
    } finally {
      await server.node.command('CONFIG', 'SET', 'maxmemory', '0');
    }
    const scraped = await scrape(address);
    expect(valueIn(scraped, 'redis_ha_rejections_total', { reply: 'OOM' })).toBe(1);
    expect(valueIn(scraped, 'redis_ha_rejections_total', { reply: 'other' })).toBe(0);
  });

  it('counts a missed deadline, also where it leaves a write uncertain', async () => {
    const { app, address } = await start({ imports: oneConnection({ registry: new Registry() }) });
    const redis = await ready(app);
    await server.node.freeze();
    try {
      const write = redis
        .with({ timeoutMs: 100 })
        .set('key', 'value')
        .catch(() => undefined);
      const read = redis
        .with({ timeoutMs: 100 })
        .get('key')
        .catch(() => undefined);
      await Promise.all([write, read]);
      const scraped = await scrape(address);
      const misses = 'redis_ha_deadline_misses_total';
      expect(valueIn(scraped, misses, { kind: 'write' })).toBe(1);
      expect(valueIn(scraped, misses, { kind: 'read' })).toBe(1);
      const uncertain = { kind: 'write', outcome: 'uncertain' };
      expect(valueIn(scraped, 'redis_ha_commands_total', uncertain)).toBe(1);
    } finally {
      server.node.thaw();
    }
  });

  it('takes a script that Redis does not know yet for no failure', async () => {
    const { app, address } = await start({ imports: oneConnection({ registry: new Registry() }) });
    const redis = await ready(app);
    await redis.script({ lua: "return 'planted' .. ARGV[1]" })([], ['x']);
    const rejected = { kind: 'write', outcome: 'rejected' };
    expect(valueIn(await scrape(address), 'redis_ha_commands_total', rejected)).toBe(0);
  });

  it('holds no key, no value, no token and no password', async () => {
    const { app, address } = await start({ imports: oneConnection({ registry: new Registry() }) });
    const redis = await ready(app);
    await redis.set('planted-key', 'planted-value');
    await redis.incr('planted-key').catch(() => undefined);
    await app.get(RedisCache).getOrSet('planted-entry', () => Promise.resolve('planted-value'));
    const { token } = await app.get(SessionService).create({ userId: 'planted-user', data: {} });
    const text = await textAt(address);
    expect(text).not.toContain('planted');
    expect(text).not.toContain(token);
  });

  itNeeds('prometheus')('says nothing that promtool objects to', async () => {
    const { app, address } = await start({ imports: oneConnection({ registry: new Registry() }) });
    await ready(app);
    expect(promtoolFindings(await textAt(address))).toBe('');
  });

  itNeeds('prometheus')('is scraped by a real Prometheus, which works out rates', async () => {
    const { app, address } = await start({ imports: oneConnection({ registry: new Registry() }) });
    const redis = await ready(app);
    const prometheus = await TestPrometheus.scraping(address);
    try {
      const writes = 'redis_ha_commands_total{kind="write",outcome="ok",connection="default"}';
      await waitUntil(
        async () => {
          await redis.set('rate', 'something');
          const [rate = 0] = await prometheus.query(`rate(${writes}[5s])`);
          return rate > 0;
        },
        { what: 'a rate of writes in Prometheus', timeoutMs: 20_000 },
      );
      expect(await prometheus.query('up{job="app"}')).toEqual([1]);
      expect(await prometheus.query('count({__name__=~"redis_ha_.+"}) <= 200')).toHaveLength(1);
      expect(QUESTIONS.length).toBeGreaterThan(10);
      await Promise.all(QUESTIONS.map((question) => prometheus.query(question)));
    } finally {
      await prometheus.stop();
    }
  });
});

describe('a cluster', () => {
  it('moves its primary, and the metrics tell how often and how long it took', async () => {
    const cluster = await startRedisCluster();
    try {
      const { app, address } = await start({
        imports: [
          RedisModule.forRoot(cluster.options()),
          RedisMetricsModule.forRoot({ registry: new Registry() }),
        ],
      });
      const redis = await ready(app);
      await redis.switchover();
      await redis.set('after', 'it');
      const scraped = await scrape(address);
      const reason = { reason: 'switchover' };
      const seconds = 'redis_ha_failover_duration_seconds';
      expect(valueIn(scraped, 'redis_ha_failovers_total', reason)).toBe(1);
      expect(valueIn(scraped, `${seconds}_count`, reason)).toBe(1);
      expect(valueIn(scraped, `${seconds}_sum`, reason)).toBeGreaterThan(0);
      expect(valueIn(scraped, 'redis_ha_last_failover_timestamp_seconds')).toBeCloseTo(
        Date.now() / 1_000,
        -2,
      );
      expect(valueIn(scraped, 'redis_ha_config_epoch')).toBeGreaterThan(0);
      expect(seriesIn(scraped)).toBeLessThanOrEqual(200);
    } finally {
      await Promise.all(apps.splice(0).map((app) => app.close()));
      await cluster.stop();
    }
  });
});

describe('the application around it', () => {
  it('keeps its own registry, with its own metrics, default labels and format', async () => {
    const registry = new Registry<OpenMetricsContentType>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    registry.setDefaultLabels({ instance_name: 'a' });
    new Counter({ name: 'orders_total', help: 'Orders.', registers: [registry] }).inc(3);
    const { address } = await start({ imports: oneConnection({ registry }) });
    const response = await fetch(`http://${address}/metrics`);
    expect(response.headers.get('content-type')).toContain('application/openmetrics-text');
    const text = await response.text();
    expect(text).toContain('orders_total{instance_name="a"} 3');
    expect(text).toMatch(/^# TYPE redis_ha_retries counter$/m);
    expect(text).toMatch(/^redis_ha_retries_total\{.*instance_name="a".*\} 0$/m);
    expect(text.endsWith('# EOF\n')).toBe(true);
  });

  it('wraps its answers and guards its routes, but not this one', async () => {
    const { address } = await start({
      imports: oneConnection({ registry: new Registry() }),
      providers: [
        { provide: APP_INTERCEPTOR, useClass: Wrapping },
        { provide: APP_GUARD, useClass: SessionGuard },
      ],
    });
    expect(seriesIn(await scrape(address))).toBeGreaterThan(100);
  });

  it.each([
    ['Express', () => undefined],
    ['Fastify', () => new FastifyAdapter()],
  ])('has two connections in one endpoint, on %s', async (_, adapter) => {
    const registry = new Registry();
    const { address } = await start(
      {
        imports: [
          RedisModule.forRoot(server.options()),
          RedisModule.forRoot({ mode: 'memory' }, { name: 'spare' }),
          RedisMetricsModule.forRoot({ registry }),
          RedisMetricsModule.forRoot({ registry, name: 'spare', labels: { tier: 'second' } }),
        ],
      },
      adapter(),
    );
    const scraped = await scrape(address);
    const modes = scraped.get('redis_ha_info')?.samples.map(({ labels }) => labels);
    expect(modes).toEqual([
      { connection: 'default', mode: 'standalone', master_name: '' },
      { connection: 'spare', tier: 'second', mode: 'memory', master_name: '' },
    ]);
  });

  it('tells of sessions in the one module that it says', async () => {
    const registry = new Registry();
    const { address } = await start({
      imports: [
        ...oneConnection({ registry }),
        RedisModule.forRoot({ mode: 'memory' }, { name: 'spare' }),
        RedisMetricsModule.forRoot({ registry, name: 'spare', sessions: false }),
      ],
    });
    const created = { event: 'created' };
    expect(valueIn(await scrape(address), 'redis_ha_sessions_total', created)).toBe(0);
  });

  it('may start twice with one registry, and leaves it as it was', async () => {
    const registry = new Registry();
    await start({ imports: oneConnection({ registry }) });
    const { address } = await start({ imports: oneConnection({ registry }) });
    expect(seriesIn(await scrape(address))).toBeGreaterThan(100);
    await Promise.all(apps.splice(0).map((app) => app.close()));
    expect(await registry.metrics()).toBe('\n');
  });

  it('names the path, or answers itself', async () => {
    const registry = new Registry();
    const there = await start({
      imports: [
        RedisModule.forRoot(server.options()),
        RedisMetricsModule.forRoot({ registry, path: 'internal/prometheus' }),
      ],
    });
    expect(await textAt(there.address, '/internal/prometheus')).toContain('redis_ha_info');
    const nowhere = await start({
      imports: [
        RedisModule.forRoot(server.options()),
        RedisMetricsModule.forRoot({ registry, path: false }),
      ],
    });
    expect((await fetch(`http://${nowhere.address}/metrics`)).status).toBe(404);
    expect(await registry.metrics()).toContain('redis_ha_info');
  });

  it('gives the options later, and wants those of the process as well', async () => {
    const registry = new Registry();
    const { address } = await start({
      imports: [
        RedisModule.forRoot(server.options()),
        RedisMetricsModule.forRootAsync({
          useFactory: () => ({ registry, prefix: 'shop_redis_', defaultMetrics: true }),
        }),
      ],
    });
    const text = await textAt(address);
    expect(text).toContain('shop_redis_info{');
    expect(text).toContain('process_cpu_user_seconds_total ');
    registry.clear();
  });

  it('runs without Redis and without sessions', async () => {
    const { address } = await start({
      imports: [
        RedisModule.forRoot({ mode: 'memory' }),
        RedisMetricsModule.forRoot({ registry: new Registry() }),
      ],
    });
    const scraped = await scrape(address);
    expect(valueIn(scraped, 'redis_ha_write_available')).toBe(0);
    expect(scraped.get('redis_ha_sessions_total')?.samples).toEqual([]);
    expect(scraped.get('redis_ha_node_up')?.samples).toEqual([]);
  });
});
