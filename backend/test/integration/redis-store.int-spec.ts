import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { decodeEntry } from '../../src/redis/keyspace/store/entry.js';
import { nameOf } from '../../src/redis/keyspace/store/group-listing.js';
import { LISTED_MS } from '../../src/redis/keyspace/store/redis-store-scripts.js';
import { RedisStore } from '../../src/redis/keyspace/store/redis-store.js';
import { SlotNames } from '../../src/redis/keyspace/store/slot-names.js';
import { HybridClock, type Stamp } from '../../src/redis/keyspace/store/stamp.js';
import type { StampedWrite } from '../../src/redis/keyspace/store/key-value-store.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { SystemClock } from '../../src/redis/base/timing/index.js';
import { PlainPort } from '../support/plain-port.js';
import { describeKeyValueStore, type OpenStore } from '../support/key-value-store-contract.js';
import { deleteOf, setOf, stampNo } from '../support/stored-writes.js';

const clock = new SystemClock();
const LONG_MS = 60_000;
const names = new SlotNames();
const groupIndexKey = (group: string): string => names.index(group);
const groupMarkKey = (group: string): string => names.mark(group);
const LEASE = names.lease('entry');

type LeaseRequest = Parameters<RedisStore['claim']>[0];

let server: RedisTestServer;
let redis: Redis;
const clients = new Set<Redis>();

function newClient(keyPrefix = ''): Redis {
  const { host, port } = server.node.clientAddress;
  const client = new Redis({ host, port, keyPrefix, enableAutoPipelining: true });
  clients.add(client);
  return client;
}

function newStore(
  client = redis,
  channel?: string,
): { store: RedisStore; port: PlainPort; stamps: HybridClock } {
  const port = new PlainPort(client);
  const stamps = new HybridClock(clock, randomBytes(8).toString('hex'));
  const settings = { clock, timeoutMs: 1_000, ...(channel !== undefined && { channel }) };
  return { store: new RedisStore(port, stamps, settings), port, stamps };
}

beforeAll(async () => {
  server = await startRedisServer();
});
beforeEach(() => {
  redis = newClient();
});
afterEach(async () => {
  await server.node.command('FLUSHALL');
  for (const client of clients) client.disconnect();
  clients.clear();
});
afterAll(async () => {
  await server.stop();
});

async function openStore(): Promise<OpenStore> {
  const client = newClient();
  await client.flushall();
  return {
    store: newStore(client).store,
    close: async () => {
      client.disconnect();
    },
    pass: (ms) => clock.sleep(ms),
    plant: async (key, bytes) => {
      await client.set(key, bytes);
    },
  };
}

describeKeyValueStore('RedisStore', openStore, { interleavings: 500 });

describe('RedisStore', () => {
  describe('keeps to the rules of Redis', () => {
    it.each([
      ['a fraction', 1_500.7, 1_501],
      ['almost nothing', 0.2, 1],
    ])('rounds a TTL up to whole milliseconds: %s', async (_, ttlMs, most) => {
      await newStore().store.apply(setOf('ttl', stampNo(1), { ttlMs }));
      expect(await redis.pttl('ttl')).toBeLessThanOrEqual(most);
    });

    it.each([Infinity, 1e21, Number.MAX_SAFE_INTEGER])(
      'keeps %d ms as long as it can',
      async (ttlMs) => {
        await newStore().store.apply(setOf('ttl', stampNo(1), { ttlMs, groups: ['g'] }));
        expect(await redis.pttl('ttl')).toBeGreaterThan(1e15);
        expect(await redis.pttl(groupIndexKey('g'))).toBeGreaterThan(1e15);
      },
    );

    it('takes a TTL that is no number for none', async () => {
      const { store } = newStore();
      await store.apply(setOf('ttl', stampNo(1)));
      await store.apply(setOf('ttl', stampNo(2), { ttlMs: NaN }));
      expect(await redis.exists('ttl')).toBe(0);
    });

    it('reads one key as it reads several', async () => {
      const { store } = newStore();
      const write = setOf('k', stampNo(1));
      await store.apply(write);
      expect(await store.readOne('k')).toEqual(write.entry);
      expect(await store.readOne('none')).toBeNull();
    });

    it('sends a script once, and again when the server has forgotten it', async () => {
      const { store, port } = newStore();
      await store.apply(setOf('s:1', stampNo(1)));
      await store.apply(setOf('s:2', stampNo(1)));
      await redis.script('FLUSH');
      await store.apply(setOf('s:3', stampNo(1)));
      const names = port.sent.map(({ name }) => name).slice(-3);
      expect(names).toEqual(['evalsha', 'evalsha', 'eval']);
      expect(await redis.exists('s:1', 's:2', 's:3')).toBe(3);
    });

    it('puts a prefix of the connection before keys, and before nothing else', async () => {
      const prefixed = newClient('app:');
      const { store } = newStore(prefixed, 'news');
      const heard = await listenTo('news');
      await store.apply(setOf('k:1', stampNo(1), { groups: ['g'] }));
      expect(await store.members('g')).toEqual(['k:1']);
      expect((await store.read(['k:1']))[0]).not.toBeNull();
      expect(await redis.exists('app:k:1', `app:${groupIndexKey('g')}`)).toBe(2);
      expect(await store.drop({ group: 'g', stamp: stampNo(2), ttlMs: LONG_MS })).toBe(1);
      expect(kindIn((await store.read(['k:1']))[0])).toBe('tombstone');
      await heard.atLeast(2);
      expect(heard.keys).toEqual(['k:1', 'k:1']);
    });

    it('marks what may be done twice, and keeps writes and what must be certain off replicas', async () => {
      const { store, port } = newStore();
      const lease = leaseOf();
      await store.apply(setOf('k', stampNo(1), { groups: ['g'] }));
      await store.drop({ group: 'g', stamp: stampNo(2), ttlMs: LONG_MS });
      await store.members('g');
      await store.claim(lease);
      await store.renew(lease.key, 't', 1_000);
      await store.release(lease.key, 't');
      await store.takeIfFree('l', 'me', 1_000);
      await store.giveBack('l', 'me');
      await store.readPrimary(['k']);
      expect(port.sent.every(({ terms }) => terms.isIdempotent === true)).toBe(true);
      expect(port.sent.every(({ terms }) => terms.onPrimary === true)).toBe(true);
      expect(port.sent.every(({ terms }) => terms.timeoutMs === 1_000)).toBe(true);
      port.sent.length = 0;
      await store.read(['k']);
      await store.read(['k', 'l']);
      expect(port.sent.map(({ terms }) => terms.onPrimary)).toEqual([false, false]);
      port.sent.length = 0;
      await store.increment('n', 1, 1_000);
      expect(port.sent.every(({ terms }) => terms.isIdempotent === false)).toBe(true);
    });
  });

  describe('finds its way past what does not belong there', () => {
    it('reads a key of another type as nothing, alone and among others', async () => {
      await redis.rpush('list', 'a');
      const { store } = newStore();
      expect(await store.read(['list'])).toEqual([null]);
      expect(await store.read(['list', 'none'])).toEqual([null, null]);
      expect(await store.readOne('list')).toBeNull();
    });

    it.each([
      ['a value', setOf('list', stampNo(1))],
      ['a delete', deleteOf('list', stampNo(1))],
    ])('overwrites a key of another type with %s', async (_, write) => {
      await redis.rpush('list', 'a');
      const { store } = newStore();
      expect(await store.apply(write)).toEqual({ kind: 'applied' });
      expect(await store.read(['list'])).toEqual([write.entry]);
    });

    it('overwrites an index and a mark of another type', async () => {
      const { store } = newStore();
      await redis.set(groupIndexKey('g'), 'text');
      await redis.rpush(groupMarkKey('g'), 'a');
      expect(await store.members('g')).toEqual([]);
      expect(await store.drop({ group: 'g', stamp: stampNo(2), ttlMs: LONG_MS })).toBe(0);
      expect(await store.apply(setOf('k', stampNo(3), { groups: ['g'] }))).toEqual({
        kind: 'applied',
      });
      expect(await store.members('g')).toEqual(['k']);
      expect(await store.apply(setOf('k', stampNo(1), { groups: ['g'] }))).toMatchObject({
        kind: 'superseded',
      });
    });

    it('drops a member that is no entry', async () => {
      const { store } = newStore();
      await store.apply(setOf('k:1', stampNo(1), { groups: ['g'] }));
      await store.apply(setOf('k:2', stampNo(1), { groups: ['g'] }));
      await redis.set('k:1', 'text');
      await redis.del('k:2');
      await redis.rpush('k:2', 'a');
      expect(await store.drop({ group: 'g', stamp: stampNo(2), ttlMs: LONG_MS })).toBe(2);
      expect((await store.read(['k:1', 'k:2'])).map(kindIn)).toEqual(['tombstone', 'tombstone']);
    });
  });

  describe('keeps the index of a group', () => {
    const listed = (n: number): Buffer => nameOf(stampNo(n), `i:${n}`);
    const index = groupIndexKey('i#g');
    const put = async (n: number, ttlMs: number | null): Promise<void> => {
      await newStore().store.apply(setOf(`i:${n}`, stampNo(n), { ttlMs, groups: ['i#g'] }));
    };

    it('as long as its longest member, and for ever with one that stays for ever', async () => {
      await put(1, 50_000);
      expect(await redis.pttl(index)).toBeGreaterThan(45_000);
      await put(2, 1_000);
      expect(await redis.pttl(index)).toBeGreaterThan(45_000);
      await put(3, null);
      expect(await redis.pttl(index)).toBe(-1);
      await put(4, 1_000);
      expect(await redis.pttl(index)).toBe(-1);
    });

    it('no longer than that when the one that stays for ever has left', async () => {
      await put(1, null);
      await redis.zrem(index, listed(1));
      await put(2, 50_000);
      expect(await redis.pttl(index)).toBeGreaterThan(45_000);
    });

    it('longer than Redis keeps the member, by the time that a write may take', async () => {
      await put(1, 50_000);
      const [expiresAt, score] = [
        await redis.pexpiretime('i:1'),
        await redis.zscore(index, listed(1)),
      ];
      expect(Number(score) - expiresAt).toBeGreaterThan(LISTED_MS - 1_000);
      expect(Number(score) - expiresAt).toBeLessThanOrEqual(LISTED_MS);
    });

    it('free of members that have expired, a part with each write', async () => {
      const old = Array.from({ length: 700 }, (_, i) => [String(i + 1), `old:${i}`]);
      await redis.call('ZADD', index, ...old.flat());
      await put(1, LONG_MS);
      expect(await redis.zcard(index)).toBe(201);
      await put(2, LONG_MS);
      expect(await redis.zrangeBuffer(index, '0', '-1')).toEqual([listed(1), listed(2)]);
    });

    it('without those that were deleted through it, or are gone at once', async () => {
      const { store } = newStore();
      await put(1, LONG_MS);
      await put(2, LONG_MS);
      await store.apply({ ...deleteOf('i:1', stampNo(5)), groups: ['i#g'] });
      await store.apply(setOf('i:2', stampNo(5), { ttlMs: 0, groups: ['i#g'] }));
      expect(await redis.exists(index)).toBe(0);
    });
  });

  describe('tells others', () => {
    it('of each change once: its stamp and its key', async () => {
      const { store } = newStore();
      const heard = await listenTo('news');
      const channel = 'news';
      const write = setOf('n:1', stampNo(2), { channel });
      await store.apply(write);
      await store.apply(write);
      await store.apply(setOf('n:1', stampNo(1), { channel }));
      await store.apply(setOf('n:silent', stampNo(1)));
      await store.apply({ ...deleteOf('n:1', stampNo(3)), channel });
      await store.apply(setOf('n:1', stampNo(4), { channel, ttlMs: 0 }));
      await heard.atLeast(3);
      expect(heard.messages).toEqual([
        `018000ff00000001${'0'.repeat(15)}1n:1`,
        '018000ff00000001ff80000000000000n:1',
        `018000ff00010000${'0'.repeat(15)}1n:1`,
      ]);
    });

    it('of each member of a group that is dropped', async () => {
      const { store } = newStore();
      const heard = await listenTo('news');
      for (const key of ['a', 'b']) await store.apply(setOf(key, stampNo(1), { groups: ['g'] }));
      await store.drop({ group: 'g', stamp: stampNo(2), ttlMs: LONG_MS, channel: 'news' });
      await heard.atLeast(2);
      expect(heard.keys.toSorted()).toEqual(['a', 'b']);
    });
  });

  describe('when Redis refuses', () => {
    it('writes nothing to a Redis that is full, and deletes there all the same', async () => {
      const { store } = newStore();
      const write = setOf('o:1', stampNo(1), { groups: ['g'] });
      await store.apply(write);
      await redis.config('SET', 'maxmemory', '1');
      const late = setOf('o:1', stampNo(2), { groups: ['h'] });
      const refused = store.apply(late);
      await expect(refused).rejects.toMatchObject({ details: { reply: 'OOM' } });
      expect(await store.read(['o:1'])).toEqual([write.entry]);
      expect(await redis.exists(groupIndexKey('h'))).toBe(0);
      expect(await store.apply(deleteOf('o:none', stampNo(1)))).toEqual({ kind: 'applied' });
      expect(await store.drop({ group: 'g', stamp: stampNo(3), ttlMs: LONG_MS })).toBe(1);
      expect((await store.read(['o:1', 'o:none'])).map(kindIn)).toEqual(['tombstone', 'tombstone']);
      await redis.config('SET', 'maxmemory', '0');
    });

    it('says READONLY where it is a replica, whatever is asked', async () => {
      const { store } = newStore();
      await store.apply(setOf('o:2', stampNo(1), { groups: ['g'] }));
      await store.takeIfFree('lock', 'me', LONG_MS);
      const holder = holderIn(await store.claim(leaseOf()));
      await redis.replicaof('127.0.0.1', 1);
      const readonly = { code: 'COMMAND_REJECTED', details: { reply: 'READONLY' } };
      const attempts: (() => Promise<unknown>)[] = [
        () => store.apply(setOf('o:2', stampNo(2))),
        () => store.apply(deleteOf('o:2', stampNo(2))),
        () => store.drop({ group: 'g', stamp: stampNo(2), ttlMs: LONG_MS }),
        () => store.drop({ group: 'g', stamp: stampNo(2), ttlMs: 0 }),
        () => store.claim(leaseOf({ key: 'o:3' })),
        () => store.renew('entry', holder, LONG_MS),
        () => store.release('entry', holder),
        () => store.giveBack('lock', 'me'),
        () => store.takeIfFree('other', 'me', LONG_MS),
        () => store.increment('n', 1, null),
      ];
      for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject(readonly);
      await redis.replicaof('NO', 'ONE');
    });
  });

  describe('drops a group', () => {
    it('of many members, each once, while others write', async () => {
      const { store } = newStore();
      const keys = Array.from({ length: 3_000 }, (_, i) => `d:${i}`);
      await Promise.all(keys.map((key) => store.apply(setOf(key, stampNo(1), { groups: ['g'] }))));
      const dropping = store.drop({ group: 'g', stamp: stampNo(2), ttlMs: LONG_MS });
      const late = keys.slice(0, 1_000);
      const renewed = late.map((key) => store.apply(setOf(key, stampNo(3), { groups: ['g'] })));
      const old = keys.map((key) => store.apply(setOf(key, stampNo(1), { groups: ['g'] })));
      expect(await dropping).toBeLessThanOrEqual(3_000);
      await Promise.all([...renewed, ...old]);
      expect((await store.members('g')).toSorted()).toEqual(late.toSorted());
      const kinds = (await store.read(keys)).map(kindIn);
      expect(kinds.slice(0, 1_000).every((kind) => kind === 'value')).toBe(true);
      expect(kinds.slice(1_000).every((kind) => kind === 'tombstone')).toBe(true);
      expect(await store.drop({ group: 'g', stamp: stampNo(4), ttlMs: LONG_MS })).toBe(1_000);
      expect(await redis.exists(groupIndexKey('g'))).toBe(0);
    });

    it('without a trace for members that are gone', async () => {
      const { store } = newStore();
      await store.apply(setOf('d:1', stampNo(1), { groups: ['g'] }));
      await redis.del('d:1');
      expect(await store.drop({ group: 'g', stamp: stampNo(2), ttlMs: LONG_MS })).toBe(0);
      expect(await redis.exists('d:1', groupIndexKey('g'))).toBe(0);
    });

    it('although a later drop of it was interrupted', async () => {
      const { store } = newStore();
      await store.apply(setOf('d:2', stampNo(1), { groups: ['g'] }));
      // Only its mark: the process ended before it reached the members.
      await newStore().store.drop({ group: 'other', stamp: stampNo(5), ttlMs: LONG_MS });
      await redis.rename(groupMarkKey('other'), groupMarkKey('g'));
      expect(await store.drop({ group: 'g', stamp: stampNo(3), ttlMs: LONG_MS })).toBe(1);
      expect(kindIn((await store.read(['d:2']))[0])).toBe('tombstone');
      const late = setOf('d:2', stampNo(4), { groups: ['g'] });
      expect(await store.apply(late)).toEqual({ kind: 'superseded', by: stampNo(5) });
    });

    it('that is remembered no longer by what it deletes at once', async () => {
      const { store } = newStore();
      await store.apply(setOf('d:3', stampNo(1), { groups: ['g'] }));
      await store.apply(setOf('d:4', stampNo(3), { groups: ['g'] }));
      expect(await store.drop({ group: 'g', stamp: stampNo(2), ttlMs: 0 })).toBe(1);
      expect(await redis.exists('d:3', groupMarkKey('g'))).toBe(0);
      expect(kindIn((await store.read(['d:4']))[0])).toBe('value');
    });
  });

  it('learns from what is newer, so that the next write is the latest', async () => {
    const [here, there] = [newStore(), newStore()];
    const ahead = { ...there.stamps.next() };
    const later = { ...ahead, wallMs: ahead.wallMs + 5_000 };
    await there.store.apply(setOf('l:1', later));
    const first = await here.store.apply(setOf('l:1', here.stamps.next()));
    expect(first).toEqual({ kind: 'superseded', by: later });
    expect(await here.store.apply(setOf('l:1', here.stamps.next()))).toEqual({ kind: 'applied' });
    await there.store.drop({
      group: 'g',
      stamp: { ...later, wallMs: later.wallMs + 1_000 },
      ttlMs: LONG_MS,
    });
    await here.store.drop({ group: 'g', stamp: here.stamps.next(), ttlMs: LONG_MS });
    expect(here.stamps.next().wallMs).toBeGreaterThanOrEqual(later.wallMs + 1_000);
  });

  describe('gives the right to load an entry', () => {
    it('to one at a time, and to the same one again', async () => {
      const { store } = newStore();
      const first = await store.claim(leaseOf({ token: 'a' }));
      expect(first).toMatchObject({ kind: 'granted' });
      expect((await store.claim(leaseOf({ token: 'b' }))).kind).toBe('held');
      // The same stamp too: the first answer may have been lost.
      expect(await store.claim(leaseOf({ token: 'a' }))).toEqual(first);
      await store.release('entry', 'b');
      expect((await store.claim(leaseOf({ token: 'b' }))).kind).toBe('held');
      await store.release('entry', holderIn(first));
      expect((await store.claim(leaseOf({ token: 'b' }))).kind).toBe('granted');
    });

    it('until what it has loaded is written: that gives it back', async () => {
      const { store } = newStore();
      const loaded = async (): Promise<StampedWrite> =>
        setOf('entry', stampIn(await store.claim(leaseOf({ token: 'a' }))));
      const first = await loaded();
      await store.apply(setOf('entry', stampNo(1)));
      expect(await redis.exists(LEASE)).toBe(1);
      await store.apply(first);
      expect(await redis.exists(LEASE)).toBe(0);
      const seen = first.stamp;
      const next = await store.claim(leaseOf({ token: 'b', seen }));
      // It was sent again, because its answer was lost: what others hold since stays theirs.
      expect(await store.apply(first)).toEqual({ kind: 'applied' });
      expect((await store.claim(leaseOf({ token: 'c', seen }))).kind).toBe('held');
      await store.applyLive(setOf('entry', { ...stampIn(next), count: 65_535 }));
      const late = await store.apply(setOf('entry', stampIn(next)));
      expect(late.kind).toBe('superseded');
      expect(await redis.exists(LEASE)).toBe(1);
    });

    it('for its time, unless it is held on to', async () => {
      const { store } = newStore();
      const holder = holderIn(await store.claim(leaseOf({ token: 'a', leaseMs: 100 })));
      expect(await store.renew('entry', 'b', LONG_MS)).toBe(false);
      expect(await store.renew('entry', holder, 300.5)).toBe(true);
      expect(await redis.pttl(LEASE)).toBeGreaterThan(150);
      await untilGone(LEASE);
      expect(await store.renew('entry', holder, LONG_MS)).toBe(false);
      expect((await store.claim(leaseOf({ token: 'b' }))).kind).toBe('granted');
    });

    it.each([0, -5, 0.1])('for a moment at least when %d ms are asked for', async (leaseMs) => {
      const { store } = newStore();
      expect((await store.claim(leaseOf({ leaseMs }))).kind).toBe('granted');
      await untilGone(LEASE);
    });

    it('unless there is news of it: then it answers the entry', async () => {
      const { store } = newStore();
      const write = setOf('entry', stampNo(5));
      await store.apply(write);
      expect(await store.claim(leaseOf({ seen: null }))).toEqual({
        kind: 'changed',
        entry: write.entry,
      });
      expect(await store.claim(leaseOf({ seen: stampNo(4) }))).toEqual({
        kind: 'changed',
        entry: write.entry,
      });
      expect(await redis.exists(LEASE)).toBe(0);
      expect((await store.claim(leaseOf({ seen: stampNo(5) }))).kind).toBe('granted');
      const grave = deleteOf('entry', stampNo(6));
      await store.apply(grave);
      expect(await store.claim(leaseOf({ seen: stampNo(5) }))).toEqual({
        kind: 'changed',
        entry: grave.entry,
      });
    });

    it.each([
      ['no entry', Buffer.from('text')],
      [
        'an entry of the far future',
        setOf('', { ...stampNo(1), wallMs: Date.UTC(2200, 0, 1) }).entry,
      ],
    ])('when what is there is %s', async (_, bytes) => {
      await redis.set('entry', bytes);
      expect((await newStore().store.claim(leaseOf())).kind).toBe('granted');
    });

    it('when the entry or the lease is of another type', async () => {
      await redis.rpush('entry', 'a');
      await redis.rpush(LEASE, 'a');
      const { store } = newStore();
      expect((await store.claim(leaseOf({ token: 'a' }))).kind).toBe('granted');
      expect((await store.claim(leaseOf({ token: 'b' }))).kind).toBe('held');
    });
  });

  describe('counts', () => {
    it('and lets a number end that is new, once', async () => {
      const { store } = newStore();
      expect(await store.increment('n', 5, 50_000)).toBe(5);
      expect(await redis.pttl('n')).toBeGreaterThan(45_000);
      await redis.pexpire('n', 10_000);
      expect(await store.increment('n', -2, 50_000)).toBe(3);
      expect(await redis.pttl('n')).toBeLessThanOrEqual(10_000);
    });

    it('for ever when it is told to', async () => {
      const { store } = newStore();
      await store.increment('n', 1, null);
      expect(await redis.pttl('n')).toBe(-1);
    });

    it('exactly, when many count at once', async () => {
      const { store } = newStore();
      await Promise.all(Array.from({ length: 500 }, () => store.increment('n', 1, 1_000)));
      expect(await store.increment('n', 0, 1_000)).toBe(500);
    });

    it.each([
      ['a key of another type', 'list', 1, 'WRONGTYPE'],
      ['text', 'text', 1, 'ERR'],
      ['by a fraction', 'n', 0.5, 'ERR'],
    ])('nothing that cannot be counted: %s', async (_, key, by, reply) => {
      await redis.rpush('list', 'a');
      await redis.set('text', 'a');
      const counting = newStore().store.increment(key, by, 1_000);
      await expect(counting).rejects.toMatchObject({ details: { reply } });
    });
  });

  describe('gives a key to one holder', () => {
    it('until it is given back, and to the same one again', async () => {
      const { store } = newStore();
      expect(await store.takeIfFree('lock', 'a', 10_000)).toBe(true);
      expect(await store.takeIfFree('lock', 'b', LONG_MS)).toBe(false);
      expect(await store.takeIfFree('lock', 'a', LONG_MS)).toBe(true);
      expect(await redis.pttl('lock')).toBeGreaterThan(10_000);
      expect(await store.giveBack('lock', 'b')).toBe(false);
      expect(await store.giveBack('lock', 'a')).toBe(true);
      // Its answer may have been lost, so it is given back again.
      expect(await store.giveBack('lock', 'a')).toBe(true);
      expect(await store.takeIfFree('lock', 'b', LONG_MS)).toBe(true);
      expect(await store.giveBack('lock', 'a')).toBe(false);
    });

    it('until its time is over', async () => {
      const { store } = newStore();
      await store.takeIfFree('lock', 'a', 50);
      await untilGone('lock');
      expect(await store.takeIfFree('lock', 'b', LONG_MS)).toBe(true);
    });
  });
});

function kindIn(bytes: Buffer | null | undefined): string {
  const decoded = decodeEntry(bytes ?? Buffer.alloc(0));
  return decoded.ok ? decoded.entry.kind : 'none';
}

function leaseOf(change: Partial<LeaseRequest> = {}): LeaseRequest {
  return { key: 'entry', token: 't', leaseMs: LONG_MS, seen: null, ...change };
}

function holderIn(answer: Awaited<ReturnType<RedisStore['claim']>>): string {
  return answer.kind === 'granted' ? answer.holder : '';
}

function stampIn(answer: Awaited<ReturnType<RedisStore['claim']>>): Stamp {
  return answer.kind === 'granted' ? answer.stamp : stampNo(0);
}

async function untilGone(key: string): Promise<void> {
  await waitUntil(async () => (await redis.exists(key)) === 0, { what: `the end of ${key}` });
}

interface Heard {
  readonly messages: readonly string[];
  readonly keys: readonly string[];
  atLeast(count: number): Promise<void>;
}

async function listenTo(channel: string): Promise<Heard> {
  const messages: string[] = [];
  const subscriber = newClient();
  subscriber.on('message', (_channel, message: string) => messages.push(message));
  await subscriber.subscribe(channel);
  return {
    messages,
    get keys() {
      return messages.map((message) => message.slice(32));
    },
    atLeast: async (count) => {
      // One more that comes last shows that no others are on their way.
      await redis.publish(channel, 'end');
      await waitUntil(() => messages.at(-1) === 'end', { what: 'the end of the messages' });
      messages.pop();
      expect(messages.length).toBeGreaterThanOrEqual(count);
    },
  };
}
