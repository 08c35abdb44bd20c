import 'reflect-metadata';
import { Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  RedisCache,
  RedisModule,
  RedisService,
  type CacheNamespace,
  type RedisHaOptions,
} from '../../src/redis/index.js';
import type { ClusterPlace } from '../clients/bench-client.js';
import { now, sleep } from '../common/clock.js';
import { SkewLoad, type LoadReport } from './skew-load.js';
import { keysOf } from './skew-keys.js';
import { SourceOfTruth } from './source-of-truth.js';

/** How a process is started. */
export interface SkewPlan {
  readonly name: string;
  readonly place: ClusterPlace;
  readonly sourcePort: number;
  /** By how much the calendar of this process is ahead of that of the machine. */
  readonly aheadMs: number;
  /** Decides what it does, and in which order. */
  readonly seed: number;
}

/** What a process returns for the keys of a run, where it returns something. */
export type Served = Readonly<Record<string, number>>;

/** What its cache has counted. */
export interface CacheCounts {
  readonly hits: number;
  readonly nearHits: number;
  readonly loads: number;
  readonly joined: number;
}

const NAMESPACE = 'skew';
const HOUR_MS = 3_600_000;
// Nothing is mended by its age: what is stale at rest stays so for all to see.
const CACHE = {
  ttlMs: HOUR_MS,
  nearMs: HOUR_MS,
  // A value is reloaded when it is older than this share of its life: after a tenth of a second.
  refreshAhead: 100 / HOUR_MS,
} as const;
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 5;

@Module({})
class SkewModule {}

let app: INestApplicationContext;
let redis: RedisService;
let cache: CacheNamespace;
let source: SourceOfTruth;
let load: SkewLoad | null = null;
let plan: SkewPlan;

/** What a process with a wrong calendar can be asked to do. */
export const skewedProcess = {
  async open(given: SkewPlan): Promise<void> {
    plan = given;
    const { name, place, sourcePort, aheadMs } = plan;
    const dateNow = Date.now.bind(Date);
    Date.now = () => dateNow() + aheadMs;
    source = new SourceOfTruth(sourcePort, name);
    await source.open();
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
    app = await NestFactory.createApplicationContext(moduleFor(place, name), { logger: false });
    redis = app.get(RedisService);
    cache = app.get(RedisCache).namespace(NAMESPACE, CACHE);
    await redis.whenReady();
  },

  /** Reads and changes the keys of a run with so many calls. */
  async run(run: number, calls: number): Promise<LoadReport> {
    load = new SkewLoad(cache, source, keysOf(run), plan.seed + run);
    await load.run(calls);
    return load.report();
  },

  /** Resolves when nothing of this process is under way or waits for Redis. */
  settle(): Promise<void> {
    return until('nothing is under way', async () => {
      // Between its steps a call is under way nowhere: it goes on before the next turn of the event loop.
      for (let turns = 0; turns < 5; turns++) {
        if (!isAtRest()) return false;
        await new Promise((resolve) => setImmediate(resolve));
      }
      return true;
    });
  },

  async write(key: string, value: number): Promise<void> {
    await cache.set(key, value);
  },

  /** Resolves when this process reads that value, from wherever. */
  untilReads(key: string, value: number): Promise<void> {
    return until(`${key} is ${String(value)} here`, async () => (await cache.get(key)) === value);
  },

  /** Where the value of a key comes from. */
  async sourceOf(key: string): Promise<string> {
    return (await cache.getEntry(key))?.source ?? 'nowhere';
  },

  /** What calls get that may be answered by a near copy. */
  async readNear(run: number): Promise<Served> {
    const served: Record<string, number> = {};
    for (const { name } of keysOf(run)) {
      const value = await cache.get<number>(name);
      if (value !== undefined) served[name] = value;
    }
    return served;
  },

  /** What Redis has. */
  readRedis,

  /** What calls get while Redis is away. */
  async readMemory(run: number): Promise<Served> {
    await until('Redis is away here', async () => {
      await cache.getMany([`${String(run)}:nothing`]);
      return redis.status.fallback.breakers.reads !== 'closed';
    });
    return readRedis(run);
  },

  /** Resolves when Redis is back for this process. */
  untilHealthy(): Promise<void> {
    return until('Redis is back here', async () => redis.status.fallback.mode === 'healthy');
  },

  /** What the source has. */
  async readSource(run: number): Promise<Served> {
    const names = keysOf(run).map(({ name }) => name);
    const numbers = await source.readMany(names);
    return Object.fromEntries(names.map((name, i) => [name, numbers[i] ?? 0]));
  },

  counts(): CacheCounts {
    const { hits, nearHits, loads, joined } = cache.stats;
    return { hits, nearHits, loads, joined };
  },

  async close(): Promise<void> {
    await app.close();
    source.close();
  },
};

// Near copies answer single reads only.
async function readRedis(run: number): Promise<Served> {
  const names = keysOf(run).map(({ name }) => name);
  return Object.fromEntries(await cache.getMany<number>(names));
}

function isAtRest(): boolean {
  const { pending, waiting, fallback } = redis.status;
  const isIdle = pending === 0 && waiting.reads + waiting.writes === 0;
  const isTold = fallback.mode === 'healthy' && fallback.journal.entries === 0;
  return isIdle && isTold && (load?.loaders ?? 0) === 0;
}

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const giveUpAt = now() + PATIENCE_MS;
  while (!(await look())) {
    if (now() > giveUpAt) throw new Error(`waited in vain until ${what}`);
    await sleep(LOOK_EVERY_MS);
  }
}

function moduleFor(place: ClusterPlace, clientName: string): DynamicModule {
  const { masterName, sentinels, natMap, password } = place;
  const options: RedisHaOptions = {
    mode: 'sentinel',
    sentinel: { masterName, nodes: sentinels, natMap },
    node: { clientName, password },
    fallback: { stableMs: 100 },
  };
  return { module: SkewModule, imports: [RedisModule.forRoot(options)] };
}
