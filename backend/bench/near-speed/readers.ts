import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { RedisCache } from '../../src/redis/cache/index.js';
import { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import { RedisService, resolveOptions } from '../../src/redis/index.js';
import { PEERS } from '../peers/load.js';
import { valueOf, PREFIX, type ReaderKind } from './values.js';

/** Something that reads keys, and what it has counted. */
export interface SpeedReader {
  readonly kind: ReaderKind;
  get(key: string): Promise<unknown>;
  /** How many reads were answered in this process so far. */
  hits(): number;
  close(): Promise<void>;
}

const NEAR_MS = 3_600_000;
const MAX_BYTES = 512 * 1_048_576;
// Memory keeps a part of its room for what is not read.
const ROOM = 4;

/** Opens a reader on a Redis. The memory of each has room for all keys. */
export async function openReader(
  kind: ReaderKind,
  port: number,
  keys: number,
): Promise<SpeedReader> {
  if (kind === 'ioredis') return openPlain(port);
  if (kind === 'lru-cache') return openBare(keys);
  if (kind === 'Map with copies') return openMap(keys);
  const { options } = resolveOptions({
    mode: 'standalone',
    host: '127.0.0.1',
    port,
    fallback: { maxEntries: ROOM * keys, maxBytes: MAX_BYTES },
    ...(kind === 'redis.near' && {
      near: { prefixes: [PREFIX], nearMs: NEAR_MS, maxEntries: keys, maxBytes: MAX_BYTES },
    }),
  });
  const engine = new RedisEngine(options);
  engine.start();
  const redis = new RedisService(engine);
  await redis.whenReady();
  const close = (): Promise<void> => engine.close();
  if (kind === 'redis.near') {
    await redis.near.whenReady();
    const { near } = redis;
    return { kind, get: (key) => near.get(PREFIX + key), hits: () => near.stats.hits, close };
  }
  const cache = new RedisCache({
    openKeyspace: (name, settings) => engine.keyspaces.open(name, settings),
    clock: engine.calendar,
    random: Math.random,
    bus: engine.bus,
  }).namespace('near-speed', {
    ttlMs: NEAR_MS,
    nearMs: NEAR_MS,
    shareObjects: kind === 'namespace, shared objects',
  });
  return { kind, get: (key) => cache.get(key), hits: () => cache.stats.nearHits, close };
}

async function openPlain(port: number): Promise<SpeedReader> {
  const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true });
  await client.connect();
  return {
    kind: 'ioredis',
    get: (key) => client.get(PREFIX + key),
    hits: () => 0,
    close: () => {
      client.disconnect();
      return Promise.resolve();
    },
  };
}

/** What an object of its own for each call costs at the least: nobody writes, nothing leaves, nothing is counted. */
function openMap(keys: number): SpeedReader {
  const values = new Map<string, object>();
  for (let i = 0; i < keys; i++) values.set(String(i), valueOf(i, 0));
  let hits = 0;
  return {
    kind: 'Map with copies',
    get: (key) => {
      hits++;
      return Promise.resolve({ ...values.get(key) });
    },
    hits: () => hits,
    close: () => Promise.resolve(),
  };
}

/** What a copy in memory costs at the least: no Redis, no age, one object for all. */
async function openBare(keys: number): Promise<SpeedReader> {
  const entry = pathToFileURL(join(PEERS, 'node_modules', 'lru-cache', 'dist', 'esm', 'index.js'));
  const { LRUCache } = (await import(entry.href)) as {
    LRUCache: new (options: { max: number }) => {
      get(key: string): unknown;
      set(key: string, value: unknown): unknown;
    };
  };
  const cache = new LRUCache({ max: keys });
  for (let i = 0; i < keys; i++) cache.set(String(i), valueOf(i, 0));
  let hits = 0;
  return {
    kind: 'lru-cache',
    get: (key) => {
      hits++;
      return Promise.resolve(cache.get(key));
    },
    hits: () => hits,
    close: () => Promise.resolve(),
  };
}
