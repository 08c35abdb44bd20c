import { Redis } from 'ioredis';
import { SystemClock } from '../../src/redis/base/timing/index.js';
import { RedisStore } from '../../src/redis/keyspace/store/redis-store.js';
import { SlotNames, slotOf } from '../../src/redis/keyspace/store/slot-names.js';
import { HybridClock, type Stamp } from '../../src/redis/keyspace/store/stamp.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { claimPort } from '../../src/redis/lab/index.js';
import { keysOf, PlainPort } from '../support/plain-port.js';
import { deleteOf, endOf, LONG_MS, setOf } from '../support/stored-writes.js';

const clock = new SystemClock();
const ALPHABET = ['a', 'b', '{', '}', ':', '#', 'ä', '💾', '0'];
const PREFIXES = ['', 'app:', '{app}:', '{app:', 'app}', '{}'];

// A server that refuses scripts whose keys have different slots, though all slots are its own.
let server: RedisTestServer;
let redis: Redis;

beforeAll(async () => {
  const bus = await claimPort();
  const redisConfig = ['cluster-enabled yes', `cluster-port ${bus.port}`];
  bus.release();
  server = await startRedisServer({ redisConfig });
  redis = newClient('');
  await redis.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
  await waitUntil(async () => String(await redis.call('CLUSTER', 'INFO')).includes('state:ok'), {
    what: 'the cluster to serve all slots',
  });
});
afterAll(async () => {
  for (const client of clients) client.disconnect();
  await server.stop();
});

const clients: Redis[] = [];

function newClient(keyPrefix: string): Redis {
  const { host, port } = server.node.clientAddress;
  const client = new Redis({ host, port, keyPrefix, enableAutoPipelining: false });
  clients.push(client);
  return client;
}

/** Repeatable random numbers. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >>> 8) % below;
  };
}

function randomText(random: (below: number) => number): string {
  return Array.from({ length: random(8) }, () => ALPHABET[random(ALPHABET.length)]).join('');
}

describe('the slots of names', () => {
  it('are those that Redis says, of what belongs to an entry or a group, whatever the braces', async () => {
    const random = randomOf(7);
    const slotIn = async (key: string): Promise<number> =>
      Number(await redis.call('CLUSTER', 'KEYSLOT', key));
    for (let i = 0; i < 600; i++) {
      const prefix = PREFIXES[i % PREFIXES.length]!;
      const names = new SlotNames(prefix);
      const [entry, group] = [`users:${randomText(random)}`, `users#${randomText(random)}`];
      const slot = await slotIn(prefix + entry);
      expect([prefix, entry, slotOf(prefix + entry)]).toEqual([prefix, entry, slot]);
      for (const name of [names.lease(entry), names.notes(entry)]) {
        expect([prefix, entry, await slotIn(prefix + name)]).toEqual([prefix, entry, slot]);
      }
      const [index, mark] = [names.index(group), names.mark(group)];
      expect([group, await slotIn(prefix + mark)]).toEqual([group, await slotIn(prefix + index)]);
    }
  });
});

describe.each(PREFIXES)(
  'RedisStore on a server of a cluster, behind the prefix %p,',
  (keyPrefix) => {
    it('touches one slot with each script, whatever is asked of it', async () => {
      const port = new PlainPort(newClient(keyPrefix));
      const stamps = new HybridClock(clock, '00000000000000a0');
      const store = new RedisStore(port, stamps, { timeoutMs: 1_000, clock, keyPrefix });
      const random = randomOf(keyPrefix.length + 1);
      const keys = Array.from({ length: 12 }, () => `users:${randomText(random)}`);
      const groups = Array.from({ length: 5 }, () => `users#${randomText(random)}`);
      const key = (): string => keys[random(keys.length)]!;
      const some = (): string[] => groups.filter(() => random(3) === 0);
      const earlier: Stamp[] = [];
      const stamp = (): Stamp => {
        if (random(4) === 0 && earlier.length > 0) return earlier[random(earlier.length)]!;
        const next = stamps.next();
        earlier.push(next);
        return next;
      };
      const operations: (() => unknown)[] = [
        () => store.apply(setOf(key(), stamp(), { groups: some() })),
        () => store.applyLive(setOf(key(), stamp(), { groups: some(), birth: stamp() })),
        () => store.applyLive(setOf(key(), stamp(), { groups: some(), replaces: 'any' })),
        () => store.applyLive(setOf(key(), stamp(), { groups: some(), replaces: stamp() })),
        () => store.apply(deleteOf(key(), stamp())),
        () => store.applyLive(endOf(key(), stamp(), { replaces: 'any' })),
        () => store.drop({ group: groups[random(5)]!, stamp: stamp(), ttlMs: LONG_MS }),
        () => store.dropNow({ group: groups[random(5)]!, ttlMs: LONG_MS, except: [key()] }),
        () => store.members(groups[random(5)]!),
        async () => {
          const [own, seen] = [key(), random(2) === 0 ? null : stamp()];
          const answer = await store.claim({ key: own, token: 't', leaseMs: 1_000, seen });
          if (answer.kind !== 'granted') return;
          await store.renew(own, answer.holder, 1_000);
          await store.release(own, answer.holder);
        },
      ];
      for (let i = 0; i < 400; i++) await operations[random(operations.length)]!();
      await store.settled();
      const scripts = port.sent.filter(({ name }) => name.startsWith('eval'));
      expect(scripts.length).toBeGreaterThan(400);
      for (const script of scripts) {
        const slots = new Set(keysOf(script).map((name) => slotOf(keyPrefix + name)));
        expect([keysOf(script), slots.size]).toEqual([keysOf(script), 1]);
      }
    });
  },
);
