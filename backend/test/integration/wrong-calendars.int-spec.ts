import {
  RedisCache,
  RedisService,
  type CacheOptions,
  type RedisHaEvent,
} from '../../src/redis/index.js';
import {
  compareStamps,
  HybridClock,
  stampOfServerTime,
} from '../../src/redis/keyspace/store/stamp.js';
import type { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import { EnginePort } from '../../src/redis/engine/engine-port.js';
import { RedisKeyspaces } from '../../src/redis/engine/index.js';
import { Keyspaces } from '../../src/redis/keyspace/index.js';
import { SessionService } from '../../src/redis/sessions/index.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { HeldLoader } from '../support/cache-rig.js';
import { closeEngines, startReadyEngine } from '../support/engines.js';
import { WrongClock } from '../support/stepped-clock.js';
import { WorkerPool, type Worker } from '../support/worker.js';

/** Dates as the scripts do, from the formula in `stamp.ts`. */
const DATES = `
  local time = redis.call('TIME')
  local seconds, micros = tonumber(time[1]), tonumber(time[2])
  local wallMs = seconds * 1000 + math.floor(micros / 1000)
  return { seconds, micros, wallMs, math.floor((micros % 1000) * 65536 / 1000) }
`;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let server: RedisTestServer;

beforeEach(async () => {
  server = await startRedisServer();
});
afterEach(async () => {
  if (server.node.isFrozen) server.node.thaw();
  await closeEngines();
  await server.stop();
});

/** What a process has on a host whose calendar is wrong. */
interface Host {
  readonly clock: WrongClock;
  readonly engine: RedisEngine;
  readonly cache: RedisCache;
  readonly sessions: SessionService<{ n: number }>;
  readonly events: RedisHaEvent[];
}

async function host(aheadMs: number, defaults: CacheOptions = {}): Promise<Host> {
  const clock = new WrongClock(aheadMs);
  const options = { ...server.options(), shutdownTimeoutMs: 100, fallback: { stableMs: 100 } };
  const { engine } = await startReadyEngine(options, clock);
  const events: RedisHaEvent[] = [];
  engine.bus.onAny((event) => events.push(event));
  const keyspaces = new RedisKeyspaces(engine);
  const shared = { clock: keyspaces.clock, bus: keyspaces.bus };
  const openKeyspace: ConstructorParameters<typeof RedisCache>[0]['openKeyspace'] = (
    name,
    settings,
  ) => keyspaces.open(name, settings);
  const cache = new RedisCache({ ...shared, openKeyspace, random: () => 0.5, defaults });
  const settings = { policy: 'session', nearMs: 0, maxStaleMs: 0 } as const;
  const sessions = new SessionService<{ n: number }>(
    keyspaces.open('sessions', settings),
    { idleMs: 30 * MINUTE_MS },
    shared,
  );
  keyspaces.beforeClose(() => cache.close());
  return { clock, engine, cache, sessions, events };
}

/** A calendar that is as wrong as it may be by what is known of it. */
class UnsureClock extends WrongClock {
  uncertaintyMs(): number {
    return this.aheadMs;
  }
}

/** A cache of a process that measures the calendar of Redis over a slow way, so much too late. */
async function unsureCache(aheadMs: number): Promise<RedisCache> {
  const { engine } = await startReadyEngine(server.options());
  const { options, bus } = engine;
  const clock = new UnsureClock(aheadMs);
  const port = new EnginePort(options, engine.connected, bus);
  const keyspaces = new Keyspaces(options, port, { clock, bus });
  const cache = new RedisCache({
    clock,
    bus,
    random: () => 0.5,
    openKeyspace: (name, settings) => keyspaces.open(name, settings),
  });
  engine.beforeClose(async () => {
    await cache.close();
    await keyspaces.close();
  });
  return cache;
}

const never = (): never => {
  throw new TypeError('it is in the cache');
};

async function untilMode({ engine }: Host, mode: string, look: () => unknown): Promise<void> {
  const isSo = async (): Promise<boolean> => {
    await look();
    return engine.keyspaces.status.mode === mode;
  };
  await waitUntil(isSo, { what: `the mode is ${mode}`, timeoutMs: 10_000 });
}

describe('hosts whose calendars are wrong', () => {
  it('find fresh what others have just written: 90 s behind, with a life of 60 s', async () => {
    const right = await host(0);
    const behind = await host(-90_000);
    await right.cache.set('a', 1, { ttlMs: MINUTE_MS });
    await behind.cache.set('b', 2, { ttlMs: MINUTE_MS });
    for (const { cache } of [right, behind]) {
      expect(await cache.getOrSet('a', never)).toBe(1);
      expect(await cache.getOrSet('b', never)).toBe(2);
    }
  });

  it('keep sessions valid, and ended ones ended: 31 min ahead, with an idle time of 30 min', async () => {
    const right = await host(0);
    const ahead = await host(31 * MINUTE_MS);
    const made = await Promise.all(
      [right, ahead].map((one) => one.sessions.create({ userId: 'u', data: { n: 1 } })),
    );
    for (const { token } of made) {
      for (const { sessions } of [right, ahead]) {
        expect((await sessions.read(token)).userId).toBe('u');
      }
    }
    await right.sessions.destroy(made[1]!.token);
    for (const { sessions } of [right, ahead]) {
      await expect(sessions.read(made[1]!.token)).rejects.toMatchObject({
        code: 'SESSION_INVALID',
      });
    }
  });

  it.each([10 * MINUTE_MS, 500, -500, -10 * MINUTE_MS])(
    'order two writes as they were made, the first on a host that is %d ms ahead',
    async (aheadMs) => {
      const [first, second] = [await host(aheadMs), await host(-aheadMs)];
      for (let i = 0; i < 10; i++) {
        const key = String(i);
        await first.cache.set(key, 'first');
        await second.cache.set(key, 'second');
        await second.cache.set(`${key} deleted`, 'there');
        await first.cache.delete(`${key} deleted`);
        expect(await first.cache.get(key)).toBe('second');
        expect(await second.cache.get(`${key} deleted`)).toBeUndefined();
      }
    },
  );

  it('load ahead of time what a host wrote that is 10 min ahead, and tell its true age', async () => {
    const [ahead, right] = [await host(10 * MINUTE_MS), await host(0)];
    await ahead.cache.set('k', 'old', { ttlMs: 2_000 });
    const loaded: string[] = [];
    const load = (): string => {
      loaded.push('loaded');
      return 'new';
    };
    await waitUntil(
      async () => {
        await right.cache.getOrSet('k', load, { ttlMs: 2_000, refreshAhead: 0.2 });
        return loaded.length > 0;
      },
      { what: 'it is refreshed while it is fresh', timeoutMs: 1_900 },
    );
    await right.cache.set('age', 1);
    expect((await ahead.cache.getEntry('age'))!.ageMs).toBeLessThan(5_000);
    await ahead.cache.set('age', 2);
    expect((await right.cache.getEntry('age'))!.ageMs).toBeLessThan(5_000);
  });

  it.each([HOUR_MS, -HOUR_MS])(
    'lose nothing and get nothing back when the calendar is set by %d ms, with Redis and without',
    async (stepMs) => {
      const { clock, cache, sessions, ...rest } = await host(0);
      const one = { clock, cache, sessions, ...rest };
      await cache.set('kept', 1, { ttlMs: 10 * MINUTE_MS });
      await cache.set('gone', 1, { ttlMs: 10 * MINUTE_MS });
      const kept = await sessions.create({ userId: 'u', data: { n: 1 } });
      const ended = await sessions.create({ userId: 'u', data: { n: 2 } });
      await cache.delete('gone');
      await sessions.destroy(ended.token);
      const allIsWell = async (): Promise<void> => {
        expect(await cache.getOrSet('kept', never)).toBe(1);
        expect((await cache.getEntry('kept'))!.ageMs).toBeLessThan(MINUTE_MS);
        expect(await cache.get('gone')).toBeUndefined();
        expect((await sessions.read(kept.token)).userId).toBe('u');
        await expect(sessions.read(ended.token)).rejects.toMatchObject({ code: 'SESSION_INVALID' });
      };
      await allIsWell();
      clock.aheadMs = stepMs;
      await allIsWell();
      await server.node.freeze();
      await untilMode(one, 'degraded', () => cache.set('noticed', 1).catch(() => undefined));
      await allIsWell();
      clock.aheadMs = 0;
      await cache.delete('kept');
      clock.aheadMs = -stepMs;
      server.node.thaw();
      await untilMode(one, 'healthy', () => undefined);
      expect(await cache.get('kept')).toBeUndefined();
      expect((await sessions.read(kept.token)).userId).toBe('u');
    },
  );

  it.each([10 * MINUTE_MS, -500])(
    'stamp a load earlier than what Redis dates after its beginning: %d ms ahead',
    async (aheadMs) => {
      const { engine } = await host(aheadMs);
      const stamps = new HybridClock(engine.calendar, '00000000000000aa');
      const redis = new RedisService(engine);
      const dates = redis.script<[number, number, number, number]>({
        lua: DATES,
      });
      for (let i = 0; i < 100; i++) {
        const before = stamps.before();
        const [seconds, micros, wallMs, count] = await dates([], []);
        const dated = stampOfServerTime(seconds, micros, stamps.scriptOrigin);
        expect(dated).toMatchObject({ wallMs, count });
        expect(compareStamps(before, dated)).toBeLessThan(0);
        expect(dated.wallMs - before.wallMs).toBeLessThan(1_000);
      }
    },
  );

  it.each<[string, (cache: RedisCache) => Promise<unknown>]>([
    ['deleted', (cache) => cache.delete(['one', 'many'])],
    ['ended by its tag', (cache) => cache.deleteByTag('tag')],
  ])(
    'bring nothing back that was %s while they loaded it without a lease, 200 ms ahead of what they know',
    async (_, end) => {
      const [right, cache] = [await unsureCache(0), await unsureCache(200)];
      const source = new HeldLoader<string>();
      const options = { tags: ['tag'], shareLoads: false };
      const loads = [
        cache.getOrSet('one', source.load, options),
        cache.getOrSetMany(
          ['many'],
          async ([key = ''], context) => new Map([[key, await source.load(context)]]),
          options,
        ),
      ];
      await waitUntil(() => source.calls === 2, { what: 'the source was read', everyMs: 1 });
      await end(right);
      for (const value of ['old', 'old']) source.answer(value);
      expect(await Promise.all(loads)).toEqual(['old', new Map([['many', 'old']])]);
      expect(await right.getMany(['one', 'many'])).toEqual(new Map());
    },
  );

  it('say so once, and by how much', async () => {
    const { clock, engine, events } = await host(0);
    const told = (): RedisHaEvent[] => events.filter(({ type }) => type.startsWith('clock.'));
    clock.aheadMs = -10 * MINUTE_MS;
    const until = (count: number): Promise<unknown> =>
      waitUntil(() => told().length === count, { what: `${String(count)} are told` });
    await until(1);
    expect(engine.connected.calendar.localAheadMs).toBeCloseTo(-10 * MINUTE_MS, -2);
    clock.aheadMs = 0;
    await until(2);
    expect(told().map(({ type }) => type)).toEqual(['clock.skewed', 'clock.agreed']);
  });
});

describe('processes whose Date is wrong', () => {
  let pool: WorkerPool;
  let workers: Worker[];

  jest.setTimeout(90_000);

  beforeEach(async () => {
    pool = new WorkerPool('cache-worker.ts');
    const plan = {
      options: server.options(),
      namespace: 'shared',
      cache: { ttlMs: MINUTE_MS, nearMs: MINUTE_MS },
    };
    workers = await Promise.all(
      [500, -500, 10 * MINUTE_MS].map((aheadMs) => pool.start({ ...plan, aheadMs })),
    );
    await Promise.all(workers.map((worker) => worker.call('ready')));
  });
  afterEach(() => pool.close());

  it('agree on the last write of each key, near copies included', async () => {
    const keys = Array.from({ length: 30 }, (_, i) => `key ${String(i)}`);
    const expected = new Map<string, string>();
    // Each write is acknowledged before the next one of the same key is made.
    for (let round = 0; round < 6; round++) {
      const worker = workers[round % workers.length]!;
      const changes = keys.map((key, i): [string, string | null] => {
        const value = (i + round) % 5 === 0 ? null : `${key} in round ${String(round)}`;
        if (value === null) expected.delete(key);
        else expected.set(key, value);
        return [key, value];
      });
      const { outcomes } = await worker.call<{ outcomes: Record<string, number> }>(
        'write',
        changes,
        0,
      );
      expect(Object.keys(outcomes)).toEqual(['stored']);
      for (const reader of workers) {
        const isSame = async (): Promise<boolean> => {
          const seen = await reader.call<Record<string, string>>('read', keys);
          return sorted(Object.entries(seen)) === sorted([...expected]);
        };
        await waitUntil(isSame, { what: 'all read the last writes', timeoutMs: 5_000 });
      }
    }
  });
});

function sorted(values: readonly (readonly [string, string])[]): string {
  return JSON.stringify([...values].sort(([a], [b]) => (a < b ? -1 : 1)));
}
