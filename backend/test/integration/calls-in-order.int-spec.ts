import { isDeepStrictEqual } from 'node:util';
import {
  type CacheNamespace,
  RedisCache,
  RedisModule,
  RedisService,
} from '../../src/redis/index.js';
import {
  startRedisServer,
  type RedisTestServer,
  waitUntil,
} from '../../src/redis/testing/index.js';
import { closeApps, startApp } from '../support/apps.js';
import { FIRST_SEED, runsOr } from '../support/seeded-search.js';
import { randomOf } from '../model/histories.js';

const ROUNDS = runsOr(150);
const KEYS = ['k0', 'k1', 'k2'];
const TAGS = ['t0', 't1'];
/** One that is compressed, outside the event loop. */
const LARGE = 'x'.repeat(20_000);

let server: RedisTestServer;

beforeAll(async () => {
  server = await startRedisServer();
});
afterEach(closeApps);
afterAll(async () => {
  await server.stop();
});

interface Kept {
  readonly value: string;
  readonly tags: readonly string[];
}

/** A process with near copies, and a namespace. */
async function start(): Promise<{ values: CacheNamespace; redis: RedisService }> {
  const { app } = await startApp({
    imports: [RedisModule.forRoot({ ...server.options(), shutdownTimeoutMs: 100 })],
  });
  const redis = app.get(RedisService);
  await redis.whenReady(10_000);
  return {
    values: app.get(RedisCache).namespace('values', { ttlMs: null, nearMs: 60_000 }),
    redis,
  };
}

/** Calls some of everything at once. Returns what is to be there afterwards, and what ends when all are done. */
function callAtRandom(values: CacheNamespace, random: () => number, expected: Map<string, Kept>) {
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? '';
  const calls: Promise<unknown>[] = [];
  for (let left = 2 + Math.floor(random() * 6); left > 0; left--) {
    const [kind, key, tag] = [random(), pick(KEYS), pick(TAGS)];
    if (kind < 0.5) {
      const value = `${String(random())}${random() < 0.4 ? LARGE : ''}`;
      const tags = random() < 0.7 ? [tag] : [];
      expected.set(key, { value, tags });
      calls.push(values.set(key, value, { tags }));
    } else if (kind < 0.8) {
      expected.delete(key);
      calls.push(values.delete(key));
    } else {
      for (const [one, { tags }] of expected) if (tags.includes(tag)) expected.delete(one);
      calls.push(values.deleteByTag(tag));
    }
  }
  return Promise.all(calls);
}

describe('calls that nobody awaits, on a real Redis', () => {
  it('leave what they would leave one after the other, for their caller and for others', async () => {
    const [caller, other] = [await start(), await start()];
    const random = randomOf(FIRST_SEED);
    const expected = new Map<string, Kept>();
    for (let round = 1; round <= ROUNDS; round++) {
      // A script that Redis does not know is sent once more: later calls get ahead of it.
      if (random() < 0.3) await caller.redis.call('script', 'flush');
      await callAtRandom(caller.values, random, expected);
      const wanted = KEYS.map((key) => expected.get(key)?.value);
      const foundBy = async ({ values }: typeof caller): Promise<unknown[]> => {
        const found = await values.getMany<string>(KEYS);
        return KEYS.map((key) => found.get(key));
      };
      expect({ round, found: await foundBy(caller) }).toEqual({ round, found: wanted });
      // What others are told is on its way for a moment.
      await waitUntil(async () => isDeepStrictEqual(await foundBy(other), wanted), {
        what: `others find the same in round ${String(round)}`,
      });
    }
  });
});
