import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type CacheNamespace, RedisCache, RedisModule } from '../../src/redis/index.js';
import { now } from '../common/clock.js';
import { OpenLoop } from '../../src/cli/measure/open-loop.js';
import { serve } from '../common/serve.js';
import { zipf } from '../common/zipf.js';

/** How one process takes part. */
export interface ColdSettings {
  readonly redis: { readonly host: string; readonly port: number };
  readonly isWarmed: boolean;
  readonly products: number;
  /** Loads that the warm-up may begin in a second. */
  readonly perSecond: number;
  /** Reads in a second, of this process. */
  readonly reads: number;
  readonly seed: number;
}

/** What a process has seen since it was last asked. */
export interface ColdSample {
  readonly hits: number;
  readonly misses: number;
  /** When the warm-up called the source, and when live traffic did: moments of {@link now}. */
  readonly warmCalls: readonly number[];
  readonly liveCalls: readonly number[];
  readonly state: string;
  readonly done: number;
  /** Keys that were done before this process went on with them; `null` while it has not. */
  readonly resumedAt: number | null;
}

const SOURCE_MS = 5;
const TTL_MS = 600_000;

let warmCalls: number[] = [];
let liveCalls: number[] = [];
let resumedAt: number | null = null;
let cache: RedisCache;
let products: CacheNamespace;
let close: () => Promise<void>;
let before = { hits: 0, misses: 0 };

serve({ open, traffic, sample, end: () => close() });

/** Starts the application. Returns how long that took, in milliseconds. */
async function open(settings: ColdSettings): Promise<number> {
  const { redis, isWarmed, products: count, perSecond } = settings;
  const startedAt = now();
  @Module({ imports: [RedisModule.forRoot({ mode: 'standalone', ...redis })] })
  class ShopModule {}
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
  const app = await NestFactory.createApplicationContext(ShopModule, { logger: false });
  close = () => app.close();
  cache = app.get(RedisCache);
  products = cache.namespace('products', { ttlMs: TTL_MS });
  if (isWarmed) warm(count, perSecond);
  return now() - startedAt;
}

function warm(count: number, perSecond: number): void {
  products.warmUp({
    name: 'catalogue',
    total: count,
    perSecond,
    // The most popular first. Where it goes on, it leaves out what is done.
    *keys({ after }) {
      const first = after === null ? 1 : Number(after) + 1;
      if (after !== null) resumedAt = Number(after);
      for (let id = first; id <= count; id++) yield String(id);
    },
    load: ({ key }) => load('warm', key),
  });
}

/** Reads as popular as those of a shop, at a rate, for so long. */
async function traffic({ reads, products: count, seed }: ColdSettings, ms: number): Promise<void> {
  const next = zipf(count, 1, seed);
  const pending = new Set<Promise<unknown>>();
  const loop = new OpenLoop(reads, () => {
    const key = String(1 + next());
    const read = products.getOrSet(key, () => load('live', key)).catch(() => undefined);
    const done = read.finally(() => pending.delete(done));
    pending.add(done);
  });
  loop.start();
  await new Promise((resolve) => setTimeout(resolve, ms));
  loop.stop();
  await Promise.all(pending);
}

// The source of truth: it answers after a moment, and remembers when it was called.
async function load(who: 'warm' | 'live', key: string): Promise<{ id: string; name: string }> {
  (who === 'warm' ? warmCalls : liveCalls).push(now());
  await new Promise((resolve) => setTimeout(resolve, SOURCE_MS));
  return { id: key, name: `product ${key}` };
}

function sample(): ColdSample {
  const { hits, misses } = products.stats;
  const [warmUp] = cache.warmUps;
  const told = {
    hits: hits - before.hits,
    misses: misses - before.misses,
    ...{ warmCalls, liveCalls, resumedAt },
    state: warmUp?.state ?? 'none',
    done: warmUp?.done ?? 0,
  };
  before = { hits, misses };
  warmCalls = [];
  liveCalls = [];
  return told;
}
