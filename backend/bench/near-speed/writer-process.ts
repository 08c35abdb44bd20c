import { Redis } from 'ioredis';
import { RedisCache } from '../../src/redis/cache/index.js';
import { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import { resolveOptions } from '../../src/redis/index.js';
import { serve } from '../common/serve.js';
import { zipf } from '../common/zipf.js';
import { PREFIX, valueOf } from './values.js';

let engine: RedisEngine;
let plain: Redis;
let cache: ReturnType<RedisCache['namespace']>;
let next: () => number;
let version = 0;

const AT_ONCE = 200;

// The other process, which writes what is read.
serve({
  async open(port: number, keys: number): Promise<void> {
    engine = new RedisEngine(
      resolveOptions({ mode: 'standalone', host: '127.0.0.1', port }).options,
    );
    engine.start();
    plain = new Redis({ host: '127.0.0.1', port });
    cache = new RedisCache({
      openKeyspace: (name, settings) => engine.keyspaces.open(name, settings),
      clock: engine.calendar,
      random: Math.random,
      bus: engine.bus,
    }).namespace('near-speed', { ttlMs: 3_600_000 });
    next = zipf(keys, 1, 2);
    for (let from = 0; from < keys; from += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, keys - from) }, (_, i) => from + i);
      await Promise.all(some.map(writeBoth));
    }
  },

  /** Writes so many keys, those that are read most of all. */
  async write(count: number, isPlain: boolean): Promise<void> {
    version++;
    for (let left = count; left > 0; left -= AT_ONCE) {
      const keys = new Set(Array.from({ length: Math.min(left, AT_ONCE) }, () => next()));
      await Promise.all([...keys].map(isPlain ? writePlain : writeCached));
    }
  },

  async close(): Promise<void> {
    plain.disconnect();
    await engine.close();
  },
});

function writePlain(n: number): Promise<unknown> {
  return plain.set(`${PREFIX}${String(n)}`, JSON.stringify(valueOf(n, version)));
}

function writeCached(n: number): Promise<unknown> {
  return cache.set(String(n), valueOf(n, version));
}

async function writeBoth(n: number): Promise<void> {
  await Promise.all([writePlain(n), writeCached(n)]);
}
