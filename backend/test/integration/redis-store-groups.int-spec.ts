import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { SystemClock } from '../../src/redis/base/timing/index.js';
import { encodeEntry, newTombstone } from '../../src/redis/keyspace/store/entry.js';
import { nameOf } from '../../src/redis/keyspace/store/group-listing.js';
import { RedisStore } from '../../src/redis/keyspace/store/redis-store.js';
import { formerIndexKey, SlotNames } from '../../src/redis/keyspace/store/slot-names.js';
import {
  compareStamps,
  HybridClock,
  laterThan,
  type Stamp,
  stampBytes,
  stampOfServerTime,
} from '../../src/redis/keyspace/store/stamp.js';
import { startRedisServer, type RedisTestServer } from '../../src/redis/testing/index.js';
import { newGate } from '../support/gated-port.js';
import { keysOf, PlainPort } from '../support/plain-port.js';
import { seededRandom } from '../support/random-histories.js';
import {
  deleteOf,
  entryIn,
  kindIn,
  LONG_MS,
  setOf,
  stampIn,
  stampNo,
} from '../support/stored-writes.js';

const clock = new SystemClock();
const names = new SlotNames();
const INDEX = names.index('users#g');
const groups = ['users#g'];

let server: RedisTestServer;
let redis: Redis;
const clients = new Set<Redis>();

function newClient(options: { username?: string; password?: string } = {}): Redis {
  const client = new Redis({ ...server.node.clientAddress, ...options });
  clients.add(client);
  return client;
}

interface TestStore {
  readonly store: RedisStore;
  readonly port: PlainPort;
  readonly stamps: HybridClock;
}

/** @param aheadMs - how far the calendar of its process is ahead */
function newStore({ aheadMs = 0, client = redis, unheard = [] as string[] } = {}): TestStore {
  const port = new PlainPort(client);
  const own = Object.assign(Object.create(clock) as SystemClock, {
    wallTime: () => clock.wallTime() + aheadMs,
  });
  const stamps = new HybridClock(own, randomBytes(8).toString('hex'));
  const onUnheard = (channel: string): void => void unheard.push(channel);
  return {
    store: new RedisStore(port, stamps, { timeoutMs: 1_000, clock, onUnheard }),
    port,
    stamps,
  };
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

describe('RedisStore, of key groups,', () => {
  describe('keeps no names of what is gone:', () => {
    it('a key that changes its groups leaves the index of each behind', async () => {
      const { store, stamps } = newStore();
      for (let i = 0; i < 100; i++) {
        const write = setOf('users:1', stamps.next(), { groups: [`users#${i}`], ttlMs: null });
        await store.apply(write);
      }
      await store.settled();
      expect((await redis.keys('*:members')).map(String)).toEqual([names.index('users#99')]);
    });

    it('values for ever that are deleted, which name no groups then', async () => {
      const { store, stamps } = newStore();
      const keys = Array.from({ length: 100 }, (_, i) => `users:${i}`);
      for (const key of keys) await store.apply(setOf(key, stamps.next(), { groups, ttlMs: null }));
      expect(await redis.zcard(INDEX)).toBe(100);
      for (const key of keys) await store.apply(deleteOf(key, stamps.next()));
      await store.settled();
      expect(await redis.exists(INDEX)).toBe(0);
    });

    it('a key that is written again and again stands there once', async () => {
      const { store, stamps } = newStore();
      for (let i = 0; i < 100; i++) await store.apply(setOf('users:1', stamps.next(), { groups }));
      await store.settled();
      expect(await redis.zcard(INDEX)).toBe(1);
    });

    it('many groups with long names are read from the entry that is replaced', async () => {
      const { store, stamps } = newStore();
      const many = Array.from({ length: 32 }, (_, i) => `users#${'x'.repeat(400)}${i}`);
      const birth = stamps.next();
      await store.apply(setOf('users:1', stamps.next(), { groups: many, birth, body: 'x' }));
      await store.apply(setOf('users:1', stamps.next()));
      await store.settled();
      expect(await redis.keys('*:members')).toEqual([]);
    });

    it('one drop removes members from the indexes of their other groups', async () => {
      const { store, stamps } = newStore();
      const both = [...groups, 'users#h'];
      for (let i = 0; i < 20; i++) {
        await store.apply(setOf(`users:${i}`, stamps.next(), { groups: both, ttlMs: null }));
      }
      expect((await store.dropNow({ group: 'users#g', ttlMs: LONG_MS })).dropped).toBe(20);
      await store.settled();
      expect(await redis.keys('*:members')).toEqual([]);
    });

    it('never the name of another write that is under way', async () => {
      const { store, stamps } = newStore();
      const slow = newStore();
      await store.apply(setOf('users:1', stamps.next(), { groups }));
      const gate = newGate();
      slow.port.beforeSending = (command) =>
        keysOf(command)[0] === 'users:1' ? gate.passed : undefined;
      const [retagged, tagged] = [stamps.next(), stamps.next()];
      const writing = slow.store.apply(setOf('users:1', tagged, { groups }));
      // It is listed, as this one stops to be.
      await waitForListing(tagged);
      await store.apply(setOf('users:1', retagged, { groups: ['users#h'] }));
      await store.settled();
      gate.open();
      await writing;
      expect(await store.members('users#g')).toEqual(['users:1']);
      expect((await store.dropNow({ group: 'users#g', ttlMs: LONG_MS })).dropped).toBe(1);
    });
  });

  it.each([1, 2, 3, 4])(
    'lists all that is there, whoever writes at the same time: seed %d',
    async (seed) => {
      const random = seededRandom(seed);
      const below = (limit: number): number => Math.floor(random() * limit);
      const group = (): string => `users#${below(3)}`;
      const stores = Array.from({ length: 4 }, () => newStore({ client: newClient() }));
      for (const { port } of stores) {
        port.beforeSending = () => (below(3) === 0 ? clock.sleep(below(3)) : undefined);
      }
      const work = async ({ store, stamps }: TestStore): Promise<void> => {
        for (let i = 0; i < 60; i++) {
          const key = `users:${below(5)}`;
          const stamp = below(4) === 0 ? stamps.before() : stamps.next();
          const dice = below(20);
          if (dice === 0) await store.dropNow({ group: group(), ttlMs: LONG_MS });
          else if (dice === 1) await store.apply(deleteOf(key, stamp));
          else if (dice === 2) {
            await store.claim({ key, token: `${i}`, leaseMs: 5, seen: null });
          } else {
            const ttlMs = below(4) === 0 ? null : LONG_MS + below(3) * 1_000;
            const write = setOf(key, stamp, { groups: [group(), group()], ttlMs });
            const outcome = await (below(2) === 0 ? store.apply(write) : store.applyLive(write));
            if (outcome.kind === 'superseded') stamps.observe(outcome.by);
          }
        }
      };
      await Promise.all(stores.map(work));
      await Promise.all(stores.map(({ store }) => store.settled()));
      const { store } = stores[0]!;
      const keys = Array.from({ length: 5 }, (_, i) => `users:${i}`);
      const entries = (await store.read(keys)).map(entryIn);
      for (const [i, entry] of entries.entries()) {
        for (const name of entry?.groups ?? []) {
          expect([name, await store.members(`users#${name}`)]).toEqual([
            name,
            expect.arrayContaining([keys[i]]),
          ]);
        }
      }
      for (let i = 0; i < 3; i++) await store.dropNow({ group: `users#${i}`, ttlMs: LONG_MS });
      expect((await store.read(keys)).map(kindIn)).not.toContain('value');
      await store.settled();
      expect(await redis.keys('*:members')).toEqual([]);
    },
  );

  describe('lets no write slip through a drop', () => {
    const cases: [string, (store: TestStore) => Promise<unknown>][] = [
      ['where nothing is', () => Promise.resolve()],
      [
        'where a value of another group is',
        ({ store }) => store.apply(setOf('users:1', stampNo(1), { groups: ['users#h'] })),
      ],
      [
        'where an older value of the group is',
        ({ store }) => store.apply(setOf('users:1', stampNo(1), { groups })),
      ],
    ];
    it.each(cases)('that was listed before it and comes after it, %s', async (_, prepare) => {
      const here = newStore();
      const slow = newStore();
      await prepare(here);
      const gate = newGate();
      slow.port.beforeSending = (command) =>
        keysOf(command)[0] === 'users:1' ? gate.passed : undefined;
      const born = slow.stamps.next();
      const writing = slow.store.apply(setOf('users:1', born, { groups }));
      await waitForListing(born);
      const { stamp } = await here.store.dropNow({ group: 'users#g', ttlMs: LONG_MS });
      gate.open();
      expect(await writing).toEqual({ kind: 'superseded', by: stamp });
      const entry = await here.store.readOne('users:1');
      expect(stampIn(entry)).not.toEqual(born);
      await slow.store.settled();
      expect(await here.store.members('users#g')).toEqual([]);
    });

    it('but one that was born after it, while an older one of another group gives way to the tombstone', async () => {
      const here = newStore();
      const slow = newStore();
      const gate = newGate();
      slow.port.beforeSending = (command) =>
        keysOf(command)[0] === 'users:1' ? gate.passed : undefined;
      const writing = slow.store.apply(
        setOf('users:1', slow.stamps.next(), { groups: ['users#h'] }),
      );
      await here.store.apply(setOf('users:1', stampNo(1), { groups }));
      await here.store.dropNow({ group: 'users#g', ttlMs: LONG_MS });
      const young = setOf('users:2', here.stamps.next(), { groups });
      expect(await here.store.apply(young)).toEqual({ kind: 'applied' });
      gate.open();
      expect((await writing).kind).toBe('superseded');
    });
  });

  describe('stamps a drop by the clock of Redis', () => {
    it.each([-500, 500])(
      'so that a calendar that is %d ms ahead changes nothing',
      async (aheadMs) => {
        const [here, there] = [newStore(), newStore({ aheadMs })];
        const before = setOf('users:1', here.stamps.next(), { groups });
        await here.store.apply(before);
        const [seconds, micros] = (await redis.time()).map(Number);
        const { stamp, dropped } = await there.store.dropNow({ group: 'users#g', ttlMs: LONG_MS });
        expect(dropped).toBe(1);
        const start = stampOfServerTime(seconds!, micros!, '0'.repeat(16));
        expect(compareStamps(stamp, start)).toBeGreaterThan(0);
        expect(stamp.wallMs - start.wallMs).toBeLessThan(400);
        expect(stamp.origin).toBe(there.stamps.scriptOrigin);
        // Written a moment later by one that has not heard of it, and whose calendar is that of Redis.
        const next = here.stamps.next();
        const after = setOf('users:2', { ...next, wallMs: next.wallMs + 1 }, { groups });
        expect(await here.store.apply(after)).toEqual({ kind: 'applied' });
      },
    );

    it('later than every mark that is there, and than what was born right after that', async () => {
      const { store, stamps } = newStore();
      const other = newStore();
      const ahead = { ...stamps.next(), wallMs: Math.floor(clock.wallTime()) + 60_000 };
      await store.drop({ group: 'users#g', stamp: ahead, ttlMs: LONG_MS });
      const birth = laterThan({ ...other.stamps.before(), origin: 'f'.repeat(16) }, ahead);
      await other.store.apply({ ...setOf('users:1', birth, { groups }), birth });
      const { stamp, dropped } = await store.dropNow({ group: 'users#g', ttlMs: LONG_MS });
      expect(stamp).toEqual({ wallMs: ahead.wallMs + 1, count: 0, origin: stamps.scriptOrigin });
      expect(dropped).toBe(1);
    });

    it('once: what is written while it goes on stays', async () => {
      const { store, stamps, port } = newStore();
      const other = newStore();
      const keys = Array.from({ length: 600 }, (_, i) => `users:${i}`);
      await Promise.all(keys.map((key) => store.apply(setOf(key, stamps.next(), { groups }))));
      const gate = newGate();
      const scanned = newGate();
      port.beforeSending = ({ name }) => {
        if (name !== 'zscan') return undefined;
        scanned.open();
        return gate.passed;
      };
      let mark: Stamp | null = null;
      const dropping = store.dropNow({ group: 'users#g', ttlMs: LONG_MS }, (stamp) => {
        mark = stamp;
      });
      await scanned.passed;
      other.stamps.observe(mark!);
      for (let i = 0; i < 50; i++) {
        await other.store.apply(setOf(`users:new${i}`, other.stamps.next(), { groups }));
      }
      gate.open();
      expect((await dropping).dropped).toBe(600);
      expect(await store.members('users#g')).toHaveLength(50);
      const marks = port.sent.filter((command) => keysOf(command)[0] === names.mark('users#g'));
      expect(marks).toHaveLength(1);
    });

    it('with one script for the mark and one for each member, and no scan of its index where there are few', async () => {
      const { store, stamps, port } = newStore();
      await store.apply(setOf('users:1', stamps.next(), { groups }));
      port.sent.length = 0;
      await store.dropNow({ group: 'users#g', ttlMs: LONG_MS });
      expect(port.sent.filter(({ name }) => name === 'evalsha' || name === 'eval')).toHaveLength(
        2 + evalsIn(port),
      );
      await store.settled();
      port.sent.length = 0;
      await store.dropNow({ group: 'users#g', ttlMs: LONG_MS });
      expect(port.sent.map(({ name }) => name)).toEqual(['evalsha', 'zscan']);
    });
  });

  describe('of the version before', () => {
    // 'RH', version 1, flags, stamp, freshUntil, codec, one group, no body.
    const formerEntry = (stamp: Stamp): Buffer =>
      Buffer.concat([
        Buffer.from([0x52, 0x48, 1, 0]),
        stampBytes(stamp),
        Buffer.from('00000000000003010001', 'hex'),
        Buffer.from('g'),
      ]);
    const plant = async (key: string): Promise<void> => {
      await redis.set(key, formerEntry(stampNo(1)));
      await redis.zadd(formerIndexKey('users#g'), 'inf', key);
    };

    it('lists and ends the members, for good when it is told to', async () => {
      await plant('users:1');
      await plant('users:2');
      const { store } = newStore();
      expect((await store.members('users#g')).toSorted()).toEqual(['users:1', 'users:2']);
      const drop = { group: 'users#g', ttlMs: LONG_MS, isFinal: true, except: ['users:2'] };
      expect((await store.dropNow(drop)).dropped).toBe(1);
      expect((await store.read(['users:1', 'users:2'])).map(kindIn)).toEqual([
        'tombstone',
        'value',
      ]);
      await store.settled();
      expect(await redis.zrange(formerIndexKey('users#g'), '0', '-1')).toEqual(['users:2']);
    });

    it('takes the name of what is written anew out of the old index', async () => {
      await plant('users:1');
      const { store, stamps } = newStore();
      await store.apply(setOf('users:1', stamps.next(), { groups }));
      await store.settled();
      expect(await redis.exists(formerIndexKey('users#g'))).toBe(0);
      expect(await store.members('users#g')).toEqual(['users:1']);
    });
  });

  it('reads a mark that knows no floors, and gives it some when an earlier drop arrives', async () => {
    const { store, stamps } = newStore();
    const [before, late, between, mark] = Array.from({ length: 4 }, () => stamps.next());
    const spared = Buffer.from('users:1');
    const body = Buffer.concat([Buffer.from([0, spared.length]), spared]);
    const grave = newTombstone(mark!, { madeAt: 0, freshUntil: 0 });
    await redis.set(names.mark('users#g'), encodeEntry({ ...grave, body }), 'PX', LONG_MS);
    const born = (birth: Stamp): Promise<unknown> =>
      store.apply(setOf('users:1', stamps.next(), { birth, groups }));
    expect(await born(before!)).toEqual({ kind: 'applied' });
    await store.drop({ group: 'users#g', stamp: late!, ttlMs: LONG_MS });
    await redis.del('users:1', names.notes('users:1'));
    expect(await born(before!)).toEqual({ kind: 'superseded', by: late });
    expect(await born(between!)).toEqual({ kind: 'applied' });
    expect(await store.apply(setOf('users:2', stamps.next(), { birth: between!, groups }))).toEqual(
      {
        kind: 'superseded',
        by: mark,
      },
    );
  });

  it('lists what is written in one moment with one command for each group and hundred names', async () => {
    const { store, stamps, port } = newStore();
    const keys = Array.from({ length: 150 }, (_, i) => `users:${i}`);
    const writeAll = (): Promise<unknown> =>
      Promise.all(keys.map((key) => store.apply(setOf(key, stamps.next(), { groups }))));
    await writeAll();
    port.sent.length = 0;
    await writeAll();
    await store.settled();
    const lists = port.sent.filter((command) => keysOf(command)[0] === INDEX);
    expect(lists).toHaveLength(2);
    expect(await store.members('users#g')).toHaveLength(150);
    expect(await redis.zcard(INDEX)).toBe(150);
  });

  it('claims by the clock of Redis, later than what is there and what was seen', async () => {
    const { store, stamps } = newStore({ aheadMs: -400 });
    const claim = (seen: Stamp | null): Promise<unknown> =>
      store.claim({ key: 'users:1', token: randomBytes(4).toString('hex'), leaseMs: 1_000, seen });
    const [seconds, micros] = (await redis.time()).map(Number);
    const answer = (await claim(null)) as { stamp: Stamp; holder: string };
    const start = stampOfServerTime(seconds!, micros!, '0'.repeat(16));
    expect(compareStamps(answer.stamp, start)).toBeGreaterThan(0);
    await store.release('users:1', answer.holder);
    const ahead = { ...stamps.next(), wallMs: Math.floor(clock.wallTime()) + 60_000 };
    await store.apply(setOf('users:1', ahead));
    const later = { ...ahead, count: ahead.count + 1, origin: stamps.scriptOrigin };
    expect(await claim(ahead)).toMatchObject({ kind: 'granted', stamp: later });
    // The lease carries it: a live write is later than the load.
    const live = await store.applyLive(
      setOf('users:1', { ...ahead, count: ahead.count, origin: 'f'.repeat(16) }),
    );
    expect(live).toMatchObject({ kind: 'superseded', by: later });
  });

  it('says that Redis refused to tell others of a write, which is stored all the same', async () => {
    const rules = ['on', '>pw', '~*', '+@all', 'resetchannels'];
    await redis.call('ACL', 'SETUSER', 'deaf', ...rules);
    const unheard: string[] = [];
    const client = newClient({ username: 'deaf', password: 'pw' });
    const { store, stamps } = newStore({ client, unheard });
    const write = setOf('users:1', stamps.next(), { groups, channel: 'news' });
    expect(await store.apply(write)).toEqual({ kind: 'applied' });
    expect(unheard).toEqual(['news']);
    await store.dropNow({ group: 'users#g', ttlMs: LONG_MS, channel: 'other' });
    expect(unheard).toEqual(['news', 'other']);
  });

  it('tells others of an end in such a way that they give up their later copies', async () => {
    const { store, stamps } = newStore();
    const heard: string[] = [];
    const subscriber = newClient();
    await subscriber.subscribe('news');
    const told = new Promise<void>((resolve) => {
      subscriber.on('message', (_channel, message: string) => {
        heard.push(message);
        resolve();
      });
    });
    const late = { ...stamps.next(), wallMs: Math.floor(clock.wallTime()) + 1_000 };
    const birth = stamps.next();
    await store.apply(setOf('users:1', late, { groups, birth }));
    await store.dropNow({ group: 'users#g', ttlMs: LONG_MS, channel: 'news' });
    await told;
    const digits = stampBytes({ ...late, count: late.count + 1 }).toString('hex', 0, 8);
    expect(heard[0]!.slice(0, 16)).toBe(digits);
  });

  async function waitForListing(stamp: Stamp): Promise<void> {
    const name = nameOf(stamp, 'users:1');
    while ((await redis.zscore(INDEX, name)) === null) await clock.sleep(1);
  }

  function evalsIn(port: PlainPort): number {
    return port.sent.filter(({ name }) => name === 'eval').length;
  }
});
