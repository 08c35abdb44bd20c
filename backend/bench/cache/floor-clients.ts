import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { sleep } from '../common/clock.js';
import { TTL_MS, type CacheClient } from './cache-client.js';
import type { Layer } from './contestants.js';

/** The least that can be done in a layer, without anything a cache is there for. */
export async function openFloor(layer: Layer, port: number): Promise<CacheClient> {
  return layer === 'memory' ? plainMap() : plainRedis(port);
}

function plainMap(): CacheClient {
  const values = new Map<string, unknown>();
  return {
    async getOrSet(key, loader) {
      const known = values.get(key);
      if (known !== undefined) return known;
      const loaded = await loader();
      values.set(key, loaded);
      return loaded;
    },
    close: async () => values.clear(),
  };
}

async function plainRedis(port: number): Promise<CacheClient> {
  const redis = await connect(port);
  return {
    async getOrSet(key, loader) {
      const known = await redis.get(key);
      if (known !== null) return JSON.parse(known) as unknown;
      const loaded = await loader();
      await redis.set(key, JSON.stringify(loaded), 'PX', TTL_MS);
      return loaded;
    },
    close: () => redis.quit(),
  };
}

const LEASE_MS = 10_000;
const LOOK_AGAIN_MS = 5;
const CLAIM = "return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0";
const KEEP = `
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('PUBLISH', ARGV[4], KEYS[1])
if redis.call('GET', KEYS[2]) == ARGV[3] then redis.call('DEL', KEYS[2]) end
return 1`;

interface WithScripts {
  claim(lease: string, token: string, ms: number): Promise<number>;
  keep(key: string, lease: string, ...rest: (string | number)[]): Promise<number>;
}

/** A miss as ours has it, with the same commands and nothing else: one of all processes loads, and others are told. */
export async function openSharingFloor(port: number): Promise<CacheClient> {
  const redis = await connect(port);
  redis.defineCommand('claim', { numberOfKeys: 1, lua: CLAIM });
  redis.defineCommand('keep', { numberOfKeys: 2, lua: KEEP });
  const scripts = redis as unknown as WithScripts;
  return {
    async getOrSet(key, loader) {
      const [lease, token] = [`lease:${key}`, randomUUID()];
      for (;;) {
        const known = await redis.get(key);
        if (known !== null) return JSON.parse(known) as unknown;
        if ((await scripts.claim(lease, token, LEASE_MS)) === 1) break;
        await sleep(LOOK_AGAIN_MS);
      }
      const loaded = await loader();
      await scripts.keep(key, lease, JSON.stringify(loaded), TTL_MS, token, 'changes');
      return loaded;
    },
    close: () => redis.quit(),
  };
}

async function connect(port: number): Promise<Redis> {
  const redis = new Redis({ host: '127.0.0.1', port, lazyConnect: true });
  await redis.connect();
  return redis;
}
