import { Logger } from '@nestjs/common';
import type { RedisHaEvent } from '../../src/redis/base/events/index.js';
import type { EntryDraft, KeyspaceOptions } from '../../src/redis/keyspace/index.js';
import { RedisEventLogger } from '../../src/redis/nest/event-logger.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { closeEngines, startEngine } from '../support/engines.js';
import { outcomeOf } from '../support/outcomes.js';

const CACHE: KeyspaceOptions = { policy: 'cache', nearMs: 0, maxStaleMs: 60_000 };
const SESSION: KeyspaceOptions = { policy: 'session', nearMs: 0, maxStaleMs: 0 };
const NEAR: KeyspaceOptions = { policy: 'cache', nearMs: 60_000, maxStaleMs: 0 };
const STRICT: KeyspaceOptions = { policy: 'strict', nearMs: 0, maxStaleMs: 0 };
const draft: EntryDraft = {
  kind: 'value',
  codec: 3,
  isCompressed: false,
  body: Buffer.from('x'),
  freshMs: 60_000,
  staleMs: 0,
  groups: [],
};

let server: RedisTestServer;

beforeEach(async () => {
  server = await startRedisServer();
});
afterEach(async () => {
  await closeEngines();
  await server.stop();
});

async function start() {
  const { engine, redis } = startEngine({ ...server.options(), shutdownTimeoutMs: 100 });
  await redis.whenReady(5_000);
  const events: RedisHaEvent[] = [];
  engine.bus.onAny((event) => events.push(event));
  const { keyspaces } = engine;
  const run = (name: string, ...args: string[]): Promise<unknown> =>
    engine.connected.runner.run(name, args, 'utf8', null);
  const untilEmpty = (): Promise<unknown> =>
    waitUntil(() => keyspaces.status.journal.entries === 0, {
      what: 'all is replayed',
      timeoutMs: 10_000,
    });
  return { keyspaces, events, run, untilEmpty };
}

/** What makes a Redis that answers refuse all writes, and what ends it. */
const REFUSALS = [
  [/OOM/, ['config', 'set', 'maxmemory', '1'], ['config', 'set', 'maxmemory', '0']],
  [/NOPERM/, ['acl', 'setuser', 'default', '-@scripting'], ['acl', 'setuser', 'default', '+@all']],
  // What a script may not do is called by another first word in some versions.
  [/NOPERM|ERR/, ['acl', 'setuser', 'default', '-set'], ['acl', 'setuser', 'default', '+@all']],
] as const;

describe('a Redis that is there and refuses all writes', () => {
  it.each(REFUSALS)(
    'is away for writes, says so, and comes back by itself: %s by %s',
    async (reply, [begin, ...how], [end, ...back]) => {
      const { keyspaces, events, run, untilEmpty } = await start();
      const [sessions, strict] = [
        keyspaces.open('sessions', SESSION),
        keyspaces.open('locks', STRICT),
      ];
      await sessions.write('before', draft);
      await run(begin, ...how);
      expect(await sessions.write('a', draft)).toEqual({ outcome: 'journaled' });
      expect((await sessions.read('a')).state).toBe('found');
      // Reads go on as before.
      expect(await sessions.read('before')).toMatchObject({ state: 'found', source: 'redis' });
      expect(keyspaces.status.mode).toBe('degraded');
      expect(keyspaces.status.history.at(-1)?.reason).toMatch(reply);
      expect(await outcomeOf(strict.write('l', draft))).toMatchObject({ code: 'COMMAND_REJECTED' });
      await run(end, ...back);
      await untilEmpty();
      expect(await run('exists', 'sessions:a')).toBe(1);
      expect(events.filter(({ type }) => type === 'journal.dropped')).toEqual([]);
    },
  );

  it('when it is full, still takes deletes and drops: others must not wait for a logout', async () => {
    const { keyspaces, run } = await start();
    const sessions = keyspaces.open('sessions', SESSION);
    const stamp = sessions.stamp();
    for (const key of ['a', 'b']) await sessions.write(key, { ...draft, groups: ['u'] }, { stamp });
    await run('config', 'set', 'maxmemory', '1');
    expect(await sessions.write('c', draft)).toEqual({ outcome: 'journaled' });
    const end = { isFinal: true, replaces: stamp };
    expect(await sessions.delete('a', end)).toEqual({ outcome: 'stored' });
    expect((await sessions.dropGroup('u')).outcome).toBe('stored');
    expect((await sessions.read('b')).state).toBe('deleted');
  });

  it('keeps every login of an outage when its ACL is wrong at its return', async () => {
    const { keyspaces, events, run, untilEmpty } = await start();
    const sessions = keyspaces.open('sessions', SESSION);
    await run('acl', 'setuser', 'default', '-@scripting');
    for (const key of ['a', 'b', 'c', 'd', 'e']) await sessions.write(key, draft);
    // Several checks and runs later nothing is given up.
    const { failed } = keyspaces.status.guards.writes;
    const checks = (): number => events.filter(({ type }) => type === 'breaker.half-opened').length;
    await waitUntil(() => checks() > 2, { what: 'several checks', timeoutMs: 10_000 });
    expect(keyspaces.status.journal).toMatchObject({ entries: 5, rejected: 0, dropped: 0 });
    expect(failed).toBe(1);
    await run('acl', 'setuser', 'default', '+@all');
    await untilEmpty();
    expect(await run('exists', 'sessions:a', 'sessions:e')).toBe(2);
  });

  it('gives a cache one load for all calls, from memory', async () => {
    const { keyspaces, run } = await start();
    const cache = keyspaces.open('cache', CACHE);
    await run('config', 'set', 'maxmemory', '1');
    expect((await cache.write('k', draft)).outcome).toBe('journaled');
    for (let i = 0; i < 20; i++) expect((await cache.read('k')).state).toBe('found');
  });
});

describe('a Redis that lets a process write and not publish', () => {
  it.each([
    ['resetchannels', '&*~changed'],
    ['-publish', '+publish'],
  ])(
    'is told with what the user needs: after %s, %s lets others learn again',
    async (taken, given) => {
      const { keyspaces, events, run } = await start();
      await run('acl', 'setuser', 'reader', 'on', '>pw', '~*', '&*', '+@all');
      const node = { username: 'reader', password: 'pw' };
      const reader = startEngine({ ...server.options(), node, shutdownTimeoutMs: 100 });
      await reader.redis.whenReady(5_000);
      const [writing, reading] = [
        keyspaces.open('near', NEAR),
        reader.engine.keyspaces.open('near', NEAR),
      ];
      await writing.write('k', draft);
      const untilNear = (isNear: boolean): Promise<unknown> =>
        waitUntil(
          async () => {
            if (isNear) await reading.read('k');
            return (reading.near('k') !== null) === isNear;
          },
          { what: isNear ? 'a near copy' : 'no near copy' },
        );
      await untilNear(true);
      await run('acl', 'setuser', 'default', taken);
      for (let i = 0; i < 3; i++) {
        expect(await writing.write('k', draft)).toEqual({ outcome: 'stored' });
      }
      const refused = events.filter(({ type }) => type === 'notices.refused');
      const rights = '+publish &*~changed';
      expect(refused).toEqual([{ type: 'notices.refused', count: 1, rights }]);
      expect(keyspaces.status.notices).toEqual({ refused: 3, isRefused: true });
      expect(reading.near('k')).not.toBeNull();
      expect(rights).toContain(given);
      await run('acl', 'setuser', 'default', given);
      expect(await writing.write('k', draft)).toEqual({ outcome: 'stored' });
      await untilNear(false);
      expect(keyspaces.status.notices.refused).toBe(3);
    },
  );
});

describe('a Redis that does not let a process listen', () => {
  /** A process of a user that lacks a right, and what it tells. */
  async function listening(...acl: string[]) {
    const { keyspaces: others, run } = await start();
    const user = (...rules: string[]) => run('acl', 'setuser', 'listener', ...rules);
    await user('on', '>pw', '~*', '&*', '+@all', ...acl);
    const node = { username: 'listener', password: 'pw' };
    const warned = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const { engine, redis } = startEngine({ ...server.options(), node, shutdownTimeoutMs: 100 });
    new RedisEventLogger(engine, []).start();
    const events: RedisHaEvent[] = [];
    engine.bus.on('listening.refused', (event) => events.push(event));
    await redis.whenReady(5_000);
    const near = engine.keyspaces.open('near', NEAR);
    const untilTold = (): Promise<unknown> =>
      waitUntil(() => engine.keyspaces.status.listening.isRefused, {
        what: 'it is told that it may not listen',
        timeoutMs: 10_000,
      });
    const untilNear = (): Promise<unknown> =>
      waitUntil(
        async () => {
          await near.read('k');
          return near.near('k') !== null;
        },
        { what: 'a near copy', timeoutMs: 10_000 },
      );
    const writing = others.open('near', NEAR);
    await writing.write('k', draft);
    /** Each read asks Redis: it finds at once what others have written. */
    const readsEachChange = async (): Promise<void> => {
      for (const text of ['one', 'two', 'three']) {
        await writing.write('k', { ...draft, body: Buffer.from(text) });
        expect(near.near('k')).toBeNull();
        expect(await near.read('k')).toMatchObject({ source: 'redis', value: Buffer.from(text) });
      }
    };
    return { user, events, warned, engine, untilTold, untilNear, readsEachChange };
  }

  const RIGHTS = '+subscribe &*~changed';
  const TOLD = [{ type: 'listening.refused', count: 1, rights: RIGHTS }];

  afterEach(() => {
    jest.restoreAllMocks();
  });

  it.each([
    ['resetchannels', '&*~changed'],
    ['-subscribe', '+subscribe'],
  ])(
    'is told with what its user needs, and uses no near copies: with %s, until %s',
    async (taken, given) => {
      const { user, events, warned, engine, ...one } = await listening(taken);
      await one.untilTold();
      expect(events).toEqual(TOLD);
      expect(engine.keyspaces.status.listening.refused).toBeGreaterThan(0);
      expect(warned).toHaveBeenCalledWith(expect.stringContaining(RIGHTS));
      await one.readsEachChange();
      expect(RIGHTS).toContain(given);
      await user(given);
      await one.untilNear();
    },
  );

  it('is told so as well when the right is taken from one that listens', async () => {
    const { user, events, warned, ...one } = await listening();
    await one.untilNear();
    await user('resetchannels');
    await one.untilTold();
    expect(events).toEqual(TOLD);
    expect(warned).toHaveBeenCalledWith(expect.stringContaining(RIGHTS));
    await one.readsEachChange();
    await user('&*~changed');
    await one.untilNear();
  });
});
