import { Redis } from 'ioredis';
import { EventBus } from '../../src/redis/base/events/index.js';
import { SystemClock, systemRandom } from '../../src/redis/base/timing/index.js';
import { RedisCache } from '../../src/redis/cache/index.js';
import { resolveOptions } from '../../src/redis/config/index.js';
import { Keyspaces } from '../../src/redis/keyspace/index.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { PlainPort } from '../support/plain-port.js';

interface Cost {
  readonly commands: readonly string[];
  readonly roundTrips: number;
}

/** Counts commands, and round trips: what is sent while something is under way costs no further one. */
class CountingPort extends PlainPort {
  #roundTrips = 0;
  #underWay = 0;

  override async run(...call: Parameters<PlainPort['run']>): Promise<unknown> {
    if (this.#underWay++ === 0) this.#roundTrips++;
    try {
      return await super.run(...call);
    } finally {
      this.#underWay--;
    }
  }

  /** What was sent since the last time. */
  take(): Cost {
    const commands = this.sent.splice(0).map(({ name }) => name);
    const roundTrips = this.#roundTrips;
    this.#roundTrips = 0;
    return { commands, roundTrips };
  }
}

let server: RedisTestServer;
let client: Redis;
let port: CountingPort;
let keyspaces: Keyspaces;
let cache: RedisCache;

function openCache(): RedisCache {
  const clock = new SystemClock();
  return new RedisCache({
    openKeyspace: (name, settings) => keyspaces.open(name, settings),
    ...{ clock, bus: new EventBus(), random: systemRandom },
  });
}

beforeAll(async () => {
  server = await startRedisServer();
});
beforeEach(async () => {
  const { host, port: number } = server.node.clientAddress;
  client = new Redis({ host, port: number });
  port = new CountingPort(client);
  const { options } = resolveOptions({ mode: 'standalone', host, port: number });
  keyspaces = new Keyspaces(options, port, { clock: new SystemClock(), bus: new EventBus() });
  // Redis knows all scripts afterwards.
  const first = openCache();
  await first.getOrSet('first', () => 1, { tags: ['t'] });
  await first.close();
  cache = openCache();
  port.take();
});
afterEach(async () => {
  await cache.close();
  await keyspaces.close();
  client.disconnect();
});
afterAll(() => server.stop());

describe('what a call costs in commands', () => {
  const untilLoaded = async (key: string): Promise<Cost> => {
    let cost: Cost | undefined;
    await cache.getOrSet(key, () => {
      cost = port.take();
      return 'loaded';
    });
    return cost!;
  };

  it('is at most three, in two round trips, until the loader of a missing key runs', async () => {
    const { commands, roundTrips } = await untilLoaded('missing');
    expect(commands.length).toBeLessThanOrEqual(3);
    expect(roundTrips).toBeLessThanOrEqual(2);
  });

  it('is the same for a key that was deleted a moment ago', async () => {
    await cache.set('deleted', 1);
    await cache.delete('deleted');
    port.take();
    const { commands, roundTrips } = await untilLoaded('deleted');
    expect(commands.length).toBeLessThanOrEqual(3);
    expect(roundTrips).toBeLessThanOrEqual(2);
  });

  it('is one after the loader: what writes the value gives the right to load back', async () => {
    await untilLoaded('kept');
    await cache.close();
    expect(port.take().commands).toHaveLength(1);
  });

  it('and one more for each tag', async () => {
    await cache.getOrSet('tagged', () => port.take(), { tags: ['a', 'b'] });
    await cache.close();
    expect(port.take().commands).toHaveLength(3);
  });

  it('is one for a hit, and none for a copy in memory', async () => {
    await cache.set('k', 1);
    port.take();
    expect(await cache.get('k')).toBe(1);
    expect(port.take().commands).toHaveLength(1);
    const near = cache.namespace('near', { nearMs: 60_000 });
    await near.set('k', 1);
    await waitUntil(async () => (await near.get('k')) === 1 && near.stats.nearHits > 0, {
      what: 'the copy in memory',
    });
    port.take();
    expect(await near.get('k')).toBe(1);
    expect(port.take().commands).toEqual([]);
  });
});
