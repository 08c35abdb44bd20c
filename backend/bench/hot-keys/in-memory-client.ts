import { SystemClock } from '../../src/redis/base/timing/index.js';
import { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import { type HotKeyLevel, RedisService, resolveOptions } from '../../src/redis/index.js';
import { newMemoryStandIn } from '../../src/redis/testing/memory/memory-group.js';

/** The library over a Redis that is in this process: what is left is its own cost. */
export async function openInMemory(level: HotKeyLevel): Promise<{
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  close(): Promise<void>;
}> {
  const { options } = resolveOptions({ mode: 'standalone', hotKeys: { level } });
  const clock = new SystemClock();
  const engine = new RedisEngine(options, clock, undefined, (bus) =>
    newMemoryStandIn(options, clock, bus),
  );
  engine.start();
  const redis = new RedisService(engine);
  await redis.whenReady();
  return {
    get: (key) => redis.get(key),
    set: (key, value) => redis.set(key, value),
    close: () => engine.close(),
  };
}
