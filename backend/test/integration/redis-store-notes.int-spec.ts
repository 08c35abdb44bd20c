import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { SystemClock } from '../../src/redis/base/timing/index.js';
import { nameOf } from '../../src/redis/keyspace/store/group-listing.js';
import { RedisStore } from '../../src/redis/keyspace/store/redis-store.js';
import { SlotNames } from '../../src/redis/keyspace/store/slot-names.js';
import { compareStamps, HybridClock, type Stamp } from '../../src/redis/keyspace/store/stamp.js';
import { startRedisServer, type RedisTestServer } from '../../src/redis/testing/index.js';
import { PlainPort } from '../support/plain-port.js';
import { deleteOf, kindIn, setOf, stampNo } from '../support/stored-writes.js';

const clock = new SystemClock();
const names = new SlotNames();
const HOUR_MS = 3_600_000;
const KEY = 'users:1';
const NOTES = names.notes(KEY);

let server: RedisTestServer;
let redis: Redis;
let store: RedisStore;
let stamps: HybridClock;

beforeAll(async () => {
  server = await startRedisServer();
});
beforeEach(() => {
  redis = new Redis(server.node.clientAddress);
  stamps = new HybridClock(clock, randomBytes(8).toString('hex'));
  store = new RedisStore(new PlainPort(redis), stamps, { timeoutMs: 1_000, clock });
});
afterEach(async () => {
  await redis.flushall();
  redis.disconnect();
});
afterAll(async () => {
  await server.stop();
});

/** Which commands Redis runs meanwhile, those within scripts included. */
async function commandsOf(work: () => Promise<unknown>): Promise<Record<string, number>> {
  await redis.config('RESETSTAT');
  await work();
  const info = await redis.info('commandstats');
  const counted = [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)];
  const ours = counted.filter(([, name]) => !/^(config|evalsha|eval|info)/.test(name!));
  return Object.fromEntries(ours.map(([, name, calls]) => [name!, Number(calls)]));
}

describe('RedisStore, of notes beside an entry,', () => {
  it('spends no command on them in a live write, a delete or a read where nothing was deleted', async () => {
    await store.applyLive(setOf(KEY, stamps.next()));
    const live = { getrange: 1, get: 1, set: 1 };
    expect(await commandsOf(() => store.applyLive(setOf(KEY, stamps.next())))).toEqual(live);
    expect(await commandsOf(() => store.applyLive(setOf('users:new', stamps.next())))).toEqual(
      live,
    );
    expect(await commandsOf(() => store.readOne(KEY))).toEqual({ get: 1 });
    const deleting = { ...live, time: 1, del: 1 };
    expect(await commandsOf(() => store.applyLive(deleteOf(KEY, stamps.next())))).toEqual(deleting);
  });

  it('looks them up with one command for a write that may be late, whatever its groups', async () => {
    const groups = ['users#a', 'users#b'];
    const write = setOf(KEY, stamps.next(), { groups });
    expect(await commandsOf(() => store.apply(write))).toMatchObject({ hmget: 1 });
    const plain = { getrange: 1, hmget: 1, set: 1 };
    expect(await commandsOf(() => store.apply(setOf('users:2', stamps.next())))).toEqual(plain);
  });

  it('spends five where a tombstone is replaced, and one for a lease', async () => {
    await store.applyLive(deleteOf(KEY, stamps.next()));
    const live = { getrange: 1, get: 1, set: 1 };
    const replacing = { ...live, pttl: 2, hget: 1, hset: 1, pexpire: 1 };
    expect(await commandsOf(() => store.applyLive(setOf(KEY, stamps.next())))).toEqual(replacing);
    const claim = { key: 'users:new', token: 't', leaseMs: 1_000, seen: null };
    const claiming = { getrange: 1, get: 1, hget: 1, time: 1, set: 1 };
    expect(await commandsOf(() => store.claim(claim))).toEqual(claiming);
  });

  it('keeps one for as long as the tombstone would have stayed', async () => {
    await store.applyLive(deleteOf(KEY, stamps.next(), HOUR_MS));
    await store.applyLive(setOf(KEY, stamps.next(), { ttlMs: 1_000 }));
    const leftMs = await redis.pttl(NOTES);
    expect(leftMs).toBeGreaterThan(HOUR_MS - 60_000);
    expect(leftMs).toBeLessThanOrEqual(HOUR_MS);
    await store.applyLive(deleteOf(KEY, stamps.next(), 1_000));
    await store.applyLive(setOf(KEY, stamps.next()));
    expect(await redis.pttl(NOTES)).toBeGreaterThan(HOUR_MS - 60_000);
  });

  it('is not shortened by a drop that notes something there, too', async () => {
    await store.applyLive(deleteOf(KEY, stamps.next(), HOUR_MS));
    await store.applyLive(setOf(KEY, stamps.next(), { ttlMs: 60_000 }));
    await redis.zadd(names.index('users#g'), 'inf', nameOf(stampNo(3), KEY));
    await store.dropNow({ group: 'users#g', ttlMs: 60_000 });
    expect(await redis.hlen(NOTES)).toBe(2);
    expect(await redis.pttl(NOTES)).toBeGreaterThan(HOUR_MS - 60_000);
  });

  it('refuses no live write, whose calendar is only behind', async () => {
    const ahead = { ...stamps.next(), wallMs: Math.floor(clock.wallTime()) + 60_000 };
    await store.applyLive(deleteOf(KEY, ahead, HOUR_MS));
    await store.applyLive(setOf(KEY, { ...ahead, count: ahead.count + 1 }, { ttlMs: 1 }));
    await redis.del(KEY);
    const write = setOf(KEY, stamps.next());
    expect(await store.apply(write)).toEqual({ kind: 'superseded', by: ahead });
    expect(await store.applyLive(write)).toEqual({ kind: 'applied' });
    expect(kindIn(await store.readOne(KEY))).toBe('value');
  });

  it('lets a load begin later than the delete, also one of a calendar that is ahead', async () => {
    const ahead: Stamp = { ...stamps.next(), wallMs: Math.floor(clock.wallTime()) + 60_000 };
    await store.applyLive(deleteOf(KEY, ahead, HOUR_MS));
    await store.applyLive(setOf(KEY, { ...ahead, count: ahead.count + 1 }));
    await redis.del(KEY);
    const answer = await store.claim({ key: KEY, token: 't', leaseMs: 1_000, seen: null });
    const { stamp } = answer as Extract<typeof answer, { kind: 'granted' }>;
    expect(compareStamps(stamp, ahead)).toBeGreaterThan(0);
    expect(await store.apply(setOf(KEY, stamp))).toEqual({ kind: 'applied' });
  });

  it('overwrites what is no note, and what no calendar can have reached', async () => {
    await redis.hset(NOTES, '', 'text');
    const first = stamps.next();
    expect(await store.apply(setOf(KEY, first))).toEqual({ kind: 'applied' });
    await redis.hset(NOTES, '', Buffer.alloc(16, 0xff));
    await store.applyLive(deleteOf(KEY, stamps.next(), HOUR_MS));
    const deleted = await store.applyLive(deleteOf(KEY, stamps.next(), HOUR_MS));
    await store.applyLive(setOf(KEY, stamps.next(), { ttlMs: 0 }));
    await store.applyLive(setOf(KEY, stamps.next()));
    await redis.del(KEY);
    const { stamp } = deleted as Extract<typeof deleted, { kind: 'applied' }>;
    expect(await store.apply(setOf(KEY, first))).toEqual({ kind: 'superseded', by: stamp });
  });
});
