import 'reflect-metadata';
import { Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RedisCache, RedisModule, RedisService } from '../../src/redis/index.js';
import type { RedisHaOptions } from '../../src/redis/index.js';
import { seededRandom } from '../../test/support/random-histories.js';
import { NearReader, type ReadVersion } from './near-reader.js';
import { HEARTBEAT, type NearPlan, type NearReport } from './near-plan.js';
import { NearWriter, type WriteVersion } from './near-writer.js';

const HOUR_MS = 3_600_000;
// Nothing is mended by its age.
const CACHE = { ttlMs: HOUR_MS, nearMs: HOUR_MS } as const;

@Module({})
class NearModule {}

let app: INestApplicationContext;
let work: NearReader | NearWriter;

/** What a process that reads or writes can be asked to do. */
export const nearProcess = {
  async open(plan: NearPlan): Promise<void> {
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
    app = await NestFactory.createApplicationContext(moduleFor(plan), { logger: false });
    const redis = app.get(RedisService);
    await redis.whenReady(20_000);
    const random = seededRandom(plan.seed);
    work =
      plan.role === 'writer'
        ? new NearWriter(redis, plan, writing(plan), random)
        : new NearReader(plan, reading(plan), random);
    work.start();
  },

  /** What was done since the call before. */
  take(): NearReport {
    return work.take();
  },

  async close(): Promise<void> {
    await work.stop();
    await app.close();
  },
};

function writing({ kind }: NearPlan): WriteVersion {
  if (kind === 'plain') {
    const redis = app.get(RedisService);
    return async (key, version) => {
      await redis.set(key, String(version));
      return true;
    };
  }
  const cache = app.get(RedisCache).namespace('near', CACHE);
  return async (key, version) => (await cache.set(key, version)).outcome === 'stored';
}

function reading({ kind }: NearPlan): ReadVersion {
  const redis = app.get(RedisService);
  if (kind === 'plain') {
    return {
      read: async (key) => numberOf(await redis.near.get(key)),
      nearReads: () => redis.near.stats.hits,
      withoutRedis: () => 0,
    };
  }
  const cache = app.get(RedisCache).namespace('near', CACHE);
  return {
    read: (key) => cache.get<number>(key),
    nearReads: () => cache.stats.nearHits,
    withoutRedis: () => {
      const { reads, writes } = redis.status.fallback.guards;
      return reads.failed + reads.away + writes.failed + writes.away;
    },
  };
}

function numberOf(text: string | null): number | undefined {
  return text === null ? undefined : Number(text);
}

function moduleFor({ kind, role, place, name, username }: NearPlan): DynamicModule {
  const { masterName, sentinels, natMap, password } = place;
  const options: RedisHaOptions = {
    mode: 'sentinel',
    sentinel: { masterName, nodes: sentinels, natMap },
    node: { clientName: name, password, ...HEARTBEAT, ...(username !== null && { username }) },
    fallback: { stableMs: 100 },
    ...(kind === 'plain' && role === 'reader' && { near: { prefixes: ['k'], nearMs: HOUR_MS } }),
    // What is written once more after a failover would bring back what was flushed before.
    journal: { reapplyMs: 100 },
  };
  return { module: NearModule, imports: [RedisModule.forRoot(options)] };
}
