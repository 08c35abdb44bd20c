import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  RedisCache,
  RedisModule,
  RedisService,
  type CacheNamespace,
  type CacheOptions,
  type CacheStats,
  type RedisHaOptions,
} from '../../src/redis/index.js';
import { serveCalls } from './serve-calls.js';

/** What the parent passes to this process. */
export interface LoadWorkerPlan {
  readonly options: RedisHaOptions;
  readonly namespace: string;
  readonly cache: CacheOptions;
}

/** Outcomes of one process's calls for one key. Times are of the calendar, which all processes share. */
export interface LoadReport {
  /** How often its own loader was called. */
  readonly loads: number;
  /** When its own loader returned; `null` when it did not. */
  readonly loadedAt: number | null;
  /** When its first and its last call were answered. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** How many calls ended with a value, or with which code. */
  readonly outcomes: Readonly<Record<string, number>>;
}

const plan = JSON.parse(process.argv[2] ?? '{}') as LoadWorkerPlan;

@Module({ imports: [RedisModule.forRoot(plan.options)] })
class WorkerModule {}

// eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
const started = NestFactory.createApplicationContext(WorkerModule, { logger: false });

async function theCache(): Promise<CacheNamespace> {
  return (await started).get(RedisCache).namespace(plan.namespace, plan.cache);
}

serveCalls({
  ready: async () => {
    const redis = (await started).get(RedisService);
    await redis.whenReady(20_000);
    await (await theCache()).get('warm');
    return true;
  },
  /** Asks for one key many times at once, with a loader that takes `loadMs`. */
  ask: async (key: string, times: number, loadMs: number): Promise<LoadReport> => {
    const cache = await theCache();
    const outcomes: Record<string, number> = {};
    const report = { loads: 0, loadedAt: null as number | null, firstAt: Infinity, lastAt: 0 };
    const load = async (): Promise<string> => {
      report.loads++;
      await new Promise((resolve) => setTimeout(resolve, loadMs));
      report.loadedAt = Date.now();
      return `by ${String(process.pid)}`;
    };
    const call = async (): Promise<void> => {
      const outcome = await cache
        .getOrSet(key, load)
        .catch((error: unknown) => (error as { code?: string }).code ?? String(error));
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      report.firstAt = Math.min(report.firstAt, Date.now());
      report.lastAt = Math.max(report.lastAt, Date.now());
    };
    await Promise.all(Array.from({ length: times }, call));
    return { ...report, outcomes };
  },
  /** Begins to load a key and never ends. Resolves when the loader was called. */
  hang: async (key: string): Promise<boolean> => {
    const cache = await theCache();
    await new Promise<void>((loading) => {
      const load = (): Promise<never> => {
        loading();
        return new Promise(() => undefined);
      };
      cache.getOrSet(key, load).catch(() => undefined);
    });
    return true;
  },
  stats: async (): Promise<CacheStats> => (await theCache()).stats,
});
