import 'reflect-metadata';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { trace } from '@opentelemetry/api';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Registry } from 'prom-client';
import { JsonLogger, newLogger } from '../../src/app/logging/json-logger.js';
import { openOutput } from '../../src/app/logging/output.js';
import { startTracing } from '../../src/app/tracing/start-tracing.js';
import { RedisCache, RedisModule, RedisService } from '../../src/redis/index.js';
import { RedisMetricsModule } from '../../src/redis/metrics/index.js';
import { SessionModule, SessionService } from '../../src/redis/sessions/index.js';
import { RedisTracingModule } from '../../src/redis/tracing/index.js';
import { now } from '../common/clock.js';
import { serve } from '../common/serve.js';
import type { Served } from './crowd.js';
import type { Watching } from './sides.js';

@Module({})
class ServiceModule {}

const CALLERS = 32;
const USERS = 10;
const PRODUCTS = 60;
const PRODUCT_TTL_MS = 60_000;

let app: INestApplicationContext;
let turn: (n: number) => Promise<void>;
const registry = new Registry();

// The library alone: no web framework, no database, and no line for each request.
serve({
  async open(
    watching: Watching,
    environment: Readonly<Record<string, string>>,
    log: string,
  ): Promise<void> {
    Object.assign(process.env, environment);
    if (watching.traces !== undefined) await startTracing();
    const imports = [
      ...(watching.traces === 'all' ? [RedisTracingModule.forRoot()] : []),
      RedisModule.forRoot(),
      SessionModule.forRoot(),
      ...(watching.metrics ? [RedisMetricsModule.forRoot({ registry, path: false })] : []),
    ];
    const logger = watching.logs ? new JsonLogger(newLogger('info', openOutput(log))) : false;

    const module = { module: ServiceModule, imports };
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
    app = await NestFactory.createApplicationContext(module, { logger });
    await app.get(RedisService).whenReady();
    turn = await turns();
    if (watching.traces !== undefined) turn = traced(turn);
    if (watching.context) turn = inContext(turn);
  },

  /** Takes turns for so long; resolves with what was done. */
  async use(ms: number): Promise<Served> {
    const latencies: number[] = [];
    let [failed, n] = [0, 0];
    const startedAt = now();
    const caller = async (): Promise<void> => {
      while (now() - startedAt < ms) {
        const begunAt = now();
        await turn(n++).catch(() => failed++);
        latencies.push(now() - begunAt);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    return { requests: latencies.length, failed, tookMs: now() - startedAt, latencies };
  },

  /** Does what a scrape does. */
  async scrape(): Promise<void> {
    await registry.metrics();
  },

  /** The processor time of this process so far, in microseconds. */
  spent(): number {
    const { user, system } = process.cpuUsage();
    return user + system;
  },

  close: () => app.close(),
});

/** A turn reads a session and a product of the cache, and writes a key. */
async function turns(): Promise<(n: number) => Promise<void>> {
  const redis = app.get(RedisService);
  const sessions = app.get(SessionService);
  const products = app.get(RedisCache).namespace('products', { ttlMs: PRODUCT_TTL_MS });
  const tokens: string[] = [];
  for (let user = 0; user < USERS; user++) {
    tokens.push((await sessions.create({ userId: `user-${String(user)}`, data: {} })).token);
  }
  return async (n) => {
    const id = n % PRODUCTS;
    await sessions.read(tokens[n % USERS] ?? '');
    await products.getOrSet(String(id), () => ({ id, name: `product ${String(id)}`, price: 12 }));
    await redis.set(`written:${String(id)}`, 'value');
  };
}

function inContext(work: (n: number) => Promise<void>): (n: number) => Promise<void> {
  const around = new AsyncLocalStorage<number>();
  return (n) => around.run(n, () => work(n));
}

function traced(work: (n: number) => Promise<void>): (n: number) => Promise<void> {
  const tracer = trace.getTracer('bench');
  return (n) =>
    tracer.startActiveSpan('turn', async (span) => {
      try {
        await work(n);
      } finally {
        span.end();
      }
    });
}
