import { Redis } from 'ioredis';
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
  const redis = new Redis({ host: '127.0.0.1', port, lazyConnect: true });
  await redis.connect();
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
