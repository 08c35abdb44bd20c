import type { RedisHaOptions } from '../../src/redis/config/index.js';
import type {
  DecodedSlot,
  EntryDraft,
  Keyspace,
  KeyspaceOptions,
  Reading,
} from '../../src/redis/keyspace/index.js';
import type { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { closeEngines, startEngine as start } from '../support/engines.js';
import { nearIn } from '../support/decoded-view.js';

const CACHE: KeyspaceOptions = { policy: 'cache', nearMs: 0, maxStaleMs: 60_000 };
const SESSION: KeyspaceOptions = { policy: 'session', nearMs: 0, maxStaleMs: 0 };
const STRICT: KeyspaceOptions = { policy: 'strict', nearMs: 0, maxStaleMs: 0 };
const NEAR: KeyspaceOptions = { policy: 'cache', nearMs: 60_000, maxStaleMs: 0 };

let server: RedisTestServer;

beforeEach(async () => {
  server = await startRedisServer();
});
afterEach(async () => {
  await server.stop();
  await closeEngines();
});

async function startEngine(
  extra: Pick<RedisHaOptions, 'fallback' | 'journal'> = {},
): Promise<RedisEngine> {
  const { engine, redis } = start({ ...server.options(), shutdownTimeoutMs: 100, ...extra });
  await redis.whenReady(5_000);
  return engine;
}

function draft(text: string, given: Partial<EntryDraft> = {}): EntryDraft {
  return {
    kind: 'value',
    codec: 3,
    isCompressed: false,
    body: Buffer.from(text),
    freshMs: 60_000,
    staleMs: 0,
    groups: [],
    ...given,
  };
}

function shown(reading: Reading): string {
  if (reading.state !== 'found') return reading.state;
  return `${reading.entry.body.toString()} from ${reading.source}`;
}

async function untilMode(engine: RedisEngine, mode: string): Promise<void> {
  await waitUntil(() => engine.keyspaces.status.mode === mode, {
    what: `mode ${mode}`,
    timeoutMs: 10_000,
  });
}

/** Freezes the server and waits until both breakers are open. */
async function goAway(engine: RedisEngine, keyspace: Keyspace): Promise<void> {
  await server.node.freeze();
  await waitUntil(
    async () => {
      await Promise.all([
        ...Array.from({ length: 6 }, () => keyspace.read('noticed').catch(() => null)),
        ...Array.from({ length: 6 }, () => keyspace.write('noticed', draft('x')).catch(() => null)),
      ]);
      const { reads, writes } = engine.keyspaces.status.breakers;
      return reads !== 'closed' && writes !== 'closed';
    },
    { what: 'both breakers are open', timeoutMs: 10_000 },
  );
}

describe('a keyspace while Redis is there', () => {
  it('keeps what it is given in Redis, and says where it found it', async () => {
    const space = (await startEngine()).keyspaces.open('users', CACHE);
    expect(shown(await space.read('a'))).toBe('missing');
    expect(await space.write('a', draft('one'))).toEqual({ outcome: 'stored' });
    expect(shown(await space.read('a'))).toBe('one from redis');
    expect(await space.delete('a')).toEqual({ outcome: 'stored' });
    expect(shown(await space.read('a'))).toBe('deleted');
  });

  it('does not let a fill bring back what was deleted while it was loaded', async () => {
    const space = (await startEngine()).keyspaces.open('users', CACHE);
    const before = space.stamp();
    await space.delete('a');
    expect(await space.write('a', draft('old'), { stamp: before })).toMatchObject({
      outcome: 'superseded',
      by: expect.any(Object),
    });
    expect(shown(await space.read('a'))).toBe('deleted');
  });

  it('lets a live write win over a stamp of a process whose clock is ahead', async () => {
    const [ahead, here] = [await startEngine(), await startEngine()];
    const far = ahead.keyspaces.open('users', CACHE);
    const near = here.keyspaces.open('users', CACHE);
    const stamp = far.stamp();
    await far.write('a', draft('from ahead'), {
      stamp: { ...stamp, wallMs: stamp.wallMs + 60_000 },
    });
    expect(await near.write('a', draft('later'))).toEqual({ outcome: 'stored' });
    expect(shown(await far.read('a'))).toBe('later from redis');
  });

  it('hands out what was decoded of a copy, also when Redis has answered, until it is written again', async () => {
    const space = (await startEngine()).keyspaces.open('users', CACHE);
    const slots: (DecodedSlot | undefined)[] = [];
    const texts = space.decodedBy({
      decode: (key, { body }, slot) => {
        slots.push(slot);
        return { ok: true, value: `${body.toString()} of ${key}` };
      },
    });
    const slotOf = async (value: string): Promise<DecodedSlot | undefined> => {
      const found = { state: 'found', source: 'redis', value };
      expect(await texts.read('a')).toMatchObject(found);
      return slots.pop();
    };
    await space.write('a', draft('one'));
    expect((await slotOf('one of a'))?.keepDecoded('decoded', 7)).toBe(true);
    expect((await slotOf('one of a'))?.decoded).toBe('decoded');
    await space.write('a', draft('two'));
    expect((await slotOf('two of a'))?.decoded).toBeUndefined();
  });

  it('does not keep what FLUSHALL took away', async () => {
    const engine = await startEngine();
    const space = engine.keyspaces.open('users', CACHE);
    await space.write('a', draft('one'));
    await engine.connected.runner.run('flushall', [], 'utf8', null);
    expect(shown(await space.read('a'))).toBe('missing');
  });

  it('lists a group, and empties it with all its members', async () => {
    const space = (await startEngine()).keyspaces.open('users', CACHE);
    await space.write('a', draft('one', { groups: ['red'] }));
    await space.write('b', draft('two', { groups: ['red', 'blue'] }));
    expect((await space.members('red')).keys.toSorted()).toEqual(['a', 'b']);
    await space.dropGroup('red');
    expect(shown(await space.read('a'))).toBe('deleted');
    expect(shown(await space.read('b'))).toBe('deleted');
  });

  it('is refused under settings other than those it was opened with', async () => {
    const { keyspaces } = await startEngine();
    const space = keyspaces.open('users', CACHE);
    expect(keyspaces.open('users', { ...CACHE })).toBe(space);
    expect(() => keyspaces.open('users', SESSION)).toThrow('users.policy = "session"');
    expect(() => keyspaces.open('a:b', CACHE)).toThrow('a keyspace is named with');
  });
});

describe('a keyspace while Redis is frozen', () => {
  it('answers a cache from memory, and journals its writes', async () => {
    const engine = await startEngine();
    const space = engine.keyspaces.open('users', CACHE);
    await space.write('known', draft('one'));
    await goAway(engine, space);
    expect(space.isAway).toBe(true);
    expect(shown(await space.read('known'))).toBe('one from memory');
    expect(shown(await space.read('never seen'))).toBe('unknown');
    expect(await space.write('new', draft('two'))).toEqual({ outcome: 'journaled' });
    expect(shown(await space.read('new'))).toBe('two from memory');
    expect(await space.delete('known')).toEqual({ outcome: 'journaled' });
    expect(shown(await space.read('known'))).toBe('deleted');
    expect(engine.keyspaces.status.mode).toBe('degraded');
  });

  it('answers from memory at once, when the breaker is open', async () => {
    const engine = await startEngine();
    const space = engine.keyspaces.open('users', CACHE);
    await space.write('known', draft('one'));
    await goAway(engine, space);
    const startedAt = performance.now();
    for (let i = 0; i < 1_000; i++) await space.read('known');
    // Not one of a thousand waited for a deadline of 200 ms.
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it('answers a strict keyspace with CIRCUIT_OPEN, and keeps nothing of its writes', async () => {
    const engine = await startEngine();
    const space = engine.keyspaces.open('limits', STRICT);
    await space.write('known', draft('one'));
    await goAway(engine, engine.keyspaces.open('users', CACHE));
    const pending = engine.keyspaces.status.journal.entries;
    await expect(space.read('known')).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    await expect(space.write('new', draft('two'))).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    await expect(space.delete('known')).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    await expect(space.increment('count', 1, null)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    const claim = space.claim('new', { leaseMs: 1_000, seen: null, token: 't' });
    await expect(claim).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(engine.keyspaces.status.journal.entries).toBe(pending);
  });

  it('refuses counters and locks: one process cannot keep them for all', async () => {
    const engine = await startEngine();
    const space = engine.keyspaces.open('users', CACHE);
    expect(await space.increment('count', 2, 60_000)).toBe(2);
    expect(await space.takeIfFree('lock', 'me', 60_000)).toBe(true);
    expect(await space.takeIfFree('lock', 'you', 60_000)).toBe(false);
    await goAway(engine, space);
    const refusal = { code: 'DEGRADED_UNSUPPORTED' };
    await expect(space.increment('count', 1, null)).rejects.toMatchObject(refusal);
    await expect(space.takeIfFree('lock', 'me', 1_000)).rejects.toMatchObject(refusal);
    await expect(space.giveBack('lock', 'me')).rejects.toMatchObject(refusal);
  });

  it('refuses a session write for which the journal has no room, and drops none that it has accepted', async () => {
    const engine = await startEngine({ journal: { maxEntries: 3 } });
    const space = engine.keyspaces.open('sessions', SESSION);
    await goAway(engine, space);
    expect(await space.write('a', draft('1'))).toEqual({ outcome: 'journaled' });
    expect(await space.write('b', draft('2'))).toEqual({ outcome: 'journaled' });
    await expect(space.write('c', draft('3'))).rejects.toMatchObject({ code: 'JOURNAL_FULL' });
    expect(await space.write('a', draft('1 again'))).toEqual({ outcome: 'journaled' });
    expect(engine.keyspaces.status.journal.dropped).toBe(0);
  });

  it('drops the oldest write of a cache for a newer one, and counts it', async () => {
    const engine = await startEngine({ journal: { maxEntries: 2 } });
    const space = engine.keyspaces.open('users', CACHE);
    await goAway(engine, space);
    await space.write('a', draft('1'));
    await space.write('b', draft('2'));
    await space.write('c', draft('3'));
    expect(engine.keyspaces.status.journal).toMatchObject({ entries: 2, dropped: 2 });
    expect(shown(await space.read('a'))).toBe('1 from memory');
  });

  it('only keeps a value of a cache for which the journal has no room, and refuses a delete', async () => {
    const engine = await startEngine({ journal: { maxEntries: 2 } });
    const sessions = engine.keyspaces.open('sessions', SESSION);
    const space = engine.keyspaces.open('users', CACHE);
    await goAway(engine, space);
    for (const key of ['a', 'b']) {
      expect(await sessions.write(key, draft('login'))).toEqual({ outcome: 'journaled' });
    }
    expect(await space.write('c', draft('3'))).toEqual({ outcome: 'kept' });
    expect(shown(await space.read('c'))).toBe('3 from memory');
    await expect(space.delete('c')).rejects.toMatchObject({ code: 'JOURNAL_FULL' });
    expect(shown(await space.read('c'))).toBe('3 from memory');
    expect(engine.keyspaces.status.journal).toMatchObject({ entries: 2 });
  });

  it('lets everybody load for himself', async () => {
    const engine = await startEngine();
    const space = engine.keyspaces.open('users', CACHE);
    await goAway(engine, space);
    const claim = await space.claim('a', { leaseMs: 1_000, seen: null, token: 't' });
    expect(claim).toEqual({ state: 'alone' });
  });
});

describe('a keyspace when Redis is back', () => {
  it('brings what was written meanwhile to Redis, and is healthy again', async () => {
    const engine = await startEngine({ fallback: { stableMs: 100 } });
    const other = await startEngine();
    const space = engine.keyspaces.open('users', SESSION);
    await space.write('kept', draft('before'));
    await space.write('gone', draft('before'));
    await goAway(engine, space);
    await space.write('new', draft('during'));
    await space.delete('gone');
    server.node.thaw();
    await untilMode(engine, 'healthy');
    const theirs = other.keyspaces.open('users', SESSION);
    const readings = await theirs.readMany(['kept', 'new', 'gone']);
    expect(readings.map(shown)).toEqual(['before from redis', 'during from redis', 'deleted']);
    const modes = engine.keyspaces.status.history.map(({ to }) => to);
    expect(modes).toEqual(['degraded', 'recovering', 'healthy']);
  });

  it('writes its latest writes again to a Redis that came back empty', async () => {
    const engine = await startEngine({ fallback: { stableMs: 100 } });
    const space = engine.keyspaces.open('users', SESSION);
    await space.write('a', draft('one'));
    await server.node.kill();
    await server.node.restart();
    await waitUntil(
      async () => shown(await space.read('a', { confirm: true })) === 'one from redis',
      {
        what: 'the write is in Redis again',
        timeoutMs: 10_000,
      },
    );
  });
});

describe('near copies', () => {
  async function bothNear(): Promise<{ mine: Keyspace; theirs: Keyspace }> {
    const mine = (await startEngine()).keyspaces.open('near', NEAR);
    const theirs = (await startEngine()).keyspaces.open('near', NEAR);
    // The subscriptions stand when a copy may be used.
    for (const space of [mine, theirs]) {
      await waitUntil(
        async () => {
          await space.write('warm', draft('x'));
          return space.near('warm') !== null;
        },
        { what: 'near copies are in use', timeoutMs: 5_000 },
      );
    }
    return { mine, theirs };
  }

  it('answer without Redis until somebody else writes', async () => {
    const { mine, theirs } = await bothNear();
    await mine.write('a', draft('one'));
    expect(shown(nearIn(mine, 'a')!)).toBe('one from memory');
    await theirs.write('a', draft('two'));
    await waitUntil(() => mine.near('a') === null, {
      what: 'the copy is out of use',
      timeoutMs: 5_000,
    });
    expect(shown(await mine.read('a'))).toBe('two from redis');
    expect(shown(nearIn(mine, 'a')!)).toBe('two from memory');
  });

  it('are not thrown away by a write of their own', async () => {
    const { mine } = await bothNear();
    await mine.write('a', draft('one'));
    await mine.write('b', draft('later'));
    await waitUntil(() => mine.near('b') !== null, { what: 'news of the later write has come' });
    expect(shown(nearIn(mine, 'a')!)).toBe('one from memory');
  });

  it('are out of use after a gap, until they are read again', async () => {
    const { mine } = await bothNear();
    await mine.write('a', draft('one'));
    await server.node.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await waitUntil(() => mine.near('a') === null, {
      what: 'the copy is out of use',
      timeoutMs: 5_000,
    });
    await waitUntil(
      async () => {
        await mine.read('a');
        return mine.near('a') !== null;
      },
      { what: 'the copy is in use again', timeoutMs: 5_000 },
    );
  });
});

describe('memory mode', () => {
  it('keeps caches and sessions in memory, and refuses what is strict', async () => {
    const engine = start({ mode: 'memory' }).engine;
    const space = engine.keyspaces.open('users', SESSION);
    expect(await space.write('a', draft('one', { groups: ['g'] }))).toEqual({ outcome: 'kept' });
    expect(shown(await space.read('a'))).toBe('one from memory');
    expect(shown(await space.read('b'))).toBe('missing');
    expect(await space.members('g')).toEqual({ keys: ['a'], isComplete: true });
    expect(await space.dropGroup('g')).toEqual({ outcome: 'kept' });
    expect(shown(await space.read('a'))).toBe('deleted');
    const strict = engine.keyspaces.open('limits', STRICT);
    await expect(strict.read('a')).rejects.toMatchObject({ code: 'REDIS_DISABLED' });
    await expect(strict.write('a', draft('x'))).rejects.toMatchObject({ code: 'REDIS_DISABLED' });
    expect(engine.keyspaces.status).toMatchObject({ mode: 'degraded', journal: { entries: 0 } });
  });
});

describe('a load under way', () => {
  it('loses to a delete by a process whose clock is behind', async () => {
    const [ahead, behind] = [await startEngine(), await startEngine()];
    const loading = ahead.keyspaces.open('users', CACHE);
    const deleting = behind.keyspaces.open('users', CACHE);
    // Its stamps are an hour of counting ahead of what the other one would give out.
    const far = loading.stamp();
    await loading.write('other', draft('x'), {
      stamp: { ...far, wallMs: far.wallMs + 50_000 },
    });
    await loading.read('other');
    const claim = await loading.claim('a', { leaseMs: 5_000, seen: null, token: 't' });
    if (claim.state !== 'granted') throw new Error(`not granted but ${claim.state}`);
    expect(await deleting.delete('a')).toEqual({ outcome: 'stored' });
    const outcome = await loading.write('a', draft('as it was'), { stamp: claim.stamp });
    expect(outcome).toEqual({ outcome: 'superseded', by: expect.any(Object) });
    expect(shown(await deleting.read('a'))).toBe('deleted');
    await loading.release('a', claim.token);
  });
});
