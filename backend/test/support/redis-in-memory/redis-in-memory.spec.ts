import { ManualClock } from '../../../src/redis/testing/index.js';
import { RedisStore } from '../../../src/redis/keyspace/store/redis-store.js';
import { HybridClock } from '../../../src/redis/keyspace/store/stamp.js';
import { describeKeyValueStore } from '../key-value-store-contract.js';
import { InMemoryPort } from './in-memory-port.js';
import { RedisInMemory } from './redis-in-memory.js';

describeKeyValueStore(
  'RedisStore on a Redis in memory',
  () => {
    const clock = new ManualClock();
    const redis = new RedisInMemory(() => clock.wallTime());
    const stamps = new HybridClock(clock, '00000000000000aa');
    return Promise.resolve({
      store: new RedisStore(new InMemoryPort(redis, () => clock.now()), stamps, {
        clock,
        timeoutMs: 1_000,
      }),
      close: () => Promise.resolve(),
      pass: (ms: number) => clock.advance(ms),
      plant: (key: string, bytes: Buffer) => {
        redis.run('set', [key, bytes.toString('latin1')]);
        return Promise.resolve();
      },
    });
  },
  { interleavings: 500 },
);
