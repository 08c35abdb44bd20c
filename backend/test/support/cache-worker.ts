import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  RedisCache,
  RedisModule,
  RedisService,
  type CacheOptions,
  type RedisHaOptions,
} from '../../src/redis/index.js';
import { serveCalls } from './serve-calls.js';

/** What the parent passes to this process. */
export interface CacheWorkerPlan {
  readonly options: RedisHaOptions;
  readonly namespace: string;
  readonly cache: CacheOptions;
  /** By how much the calendar of this process is ahead. */
  readonly aheadMs?: number;
}

const plan = JSON.parse(process.argv[2] ?? '{}') as CacheWorkerPlan;
const dateNow = Date.now.bind(Date);
Date.now = () => dateNow() + (plan.aheadMs ?? 0);
const unhandled: string[] = [];
process.on('unhandledRejection', (reason) => {
  unhandled.push(String(reason));
});

@Module({ imports: [RedisModule.forRoot(plan.options)] })
class WorkerModule {}

// eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
const started = NestFactory.createApplicationContext(WorkerModule, {
  logger: false,
  abortOnError: false,
});
started.catch(() => undefined);

async function parts(): Promise<{
  redis: RedisService;
  cache: ReturnType<RedisCache['namespace']>;
}> {
  const app = await started;
  return {
    redis: app.get(RedisService),
    cache: app.get(RedisCache).namespace(plan.namespace, plan.cache),
  };
}

serveCalls({
  ready: async () => {
    const { redis } = await parts();
    await redis.whenReady(20_000);
    return true;
  },
  /** Writes and deletes; `null` stands for a delete. Returns how they ended, the longest that one took, and between which moments each key was changed last. */
  write: async (changes: readonly (readonly [string, string | null])[], pauseMs: number) => {
    const { cache, redis } = await parts();
    const outcomes: Record<string, number> = {};
    let longestMs = 0;
    const madeAt: Record<string, [from: number, to: number]> = {};
    // By the calendar that the process stamps with, which is that of Redis as well as it was measured.
    const aheadMs = redis.status.clockAheadMs ?? 0;
    const now = (): number => Date.now() - aheadMs;
    for (const [key, value] of changes) {
      const startedAt = performance.now();
      const calledAt = now();
      const outcome = await (value === null ? cache.delete(key) : cache.set(key, value)).then(
        (receipt) => (receipt as { outcome: string }).outcome,
        (error: unknown) => (error as { code?: string }).code ?? String(error),
      );
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      // It was stamped at some moment in between, however busy the machine is.
      madeAt[key] = [calledAt, now()];
      longestMs = Math.max(longestMs, performance.now() - startedAt);
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return { outcomes, longestMs, madeAt };
  },
  /** Returns what this process reads, key by key. */
  read: async (keys: readonly string[]) => {
    const { cache } = await parts();
    const found = await cache.getMany(keys);
    return Object.fromEntries(found);
  },
  status: async () => (await parts()).redis.status.fallback,
  unhandled: () => unhandled,
  close: async () => {
    await (await started).close();
    return true;
  },
});
