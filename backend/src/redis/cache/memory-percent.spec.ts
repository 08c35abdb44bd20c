import { EventBus } from '../base/events/index.js';
import { resolveOptions } from '../config/index.js';
import { Keyspaces } from '../keyspace/index.js';
import { ManualClock } from '../testing/index.js';
import { RedisCache } from './redis-cache.js';

describe('a namespace with memoryPercent', () => {
  it('keeps its values beside one that fills memory, and beside sessions', async () => {
    const clock = new ManualClock();
    const bus = new EventBus();
    const { options } = resolveOptions({ mode: 'memory', fallback: { maxEntries: 80 } });
    const keyspaces = new Keyspaces(options, null, { clock, bus });
    const cache = new RedisCache({
      openKeyspace: (name, settings) => keyspaces.open(name, settings),
      ...{ clock, bus, random: () => 0 },
    });
    const prices = cache.namespace('prices', { memoryPercent: 25 });
    const logins = cache.namespace('logins', { policy: 'session' });
    for (let i = 0; i < 20; i++) {
      await prices.set(`${i}`, i);
      await logins.set(`${i}`, i);
    }
    for (let i = 0; i < 200; i++) await cache.set(`${i}`, i);
    for (let i = 0; i < 20; i++) {
      expect(await prices.get(`${i}`)).toBe(i);
      expect(await logins.get(`${i}`)).toBe(i);
    }
    expect(keyspaces.status.memory).toMatchObject({
      entries: 70,
      evictions: 170,
      classes: { sessions: { entries: 20, evictions: 0 }, values: { entries: 50 } },
    });
    await keyspaces.close();
  });
});
