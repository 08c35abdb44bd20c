import type { RedisHaOptions } from '../../src/redis/config/index.js';
import { ClosedError, CommandTimeoutError } from '../../src/redis/base/errors/index.js';
import {
  Keyspaces,
  type EntryDraft,
  type Keyspace,
  type KeyspaceOptions,
  type Reading,
  type Stamp,
} from '../../src/redis/keyspace/index.js';
import { compareStamps, STAMP_BYTES, writeStamp } from '../../src/redis/keyspace/store/stamp.js';
import type { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import { EnginePort } from '../../src/redis/engine/engine-port.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { nearIn } from '../support/decoded-view.js';
import { closeEngines, startEngine } from '../support/engines.js';
import { GatedPort, newGate, type PassingCommand } from '../support/gated-port.js';

const CACHE: KeyspaceOptions = { policy: 'cache', nearMs: 0, maxStaleMs: 0 };
const NEAR: KeyspaceOptions = { policy: 'cache', nearMs: 60_000, maxStaleMs: 0 };
const SESSION: KeyspaceOptions = { policy: 'session', nearMs: 0, maxStaleMs: 0 };
const STRICT: KeyspaceOptions = { policy: 'strict', nearMs: 0, maxStaleMs: 0 };

/** A write that lost, and against what. */
const SUPERSEDED = {
  outcome: 'superseded',
  by: expect.objectContaining({ wallMs: expect.any(Number) }),
};

interface Process {
  readonly engine: RedisEngine;
  readonly port: GatedPort;
  readonly fallback: Keyspaces;
}

const open = new Set<Keyspaces>();
let server: RedisTestServer;

beforeEach(async () => {
  server = await startRedisServer();
});
afterEach(async () => {
  await Promise.all([...open].map((fallback) => fallback.close()));
  open.clear();
  await server.stop();
  await closeEngines();
});

/** Stands for a process of its own; a test can hold its commands. */
async function startProcess(
  extra: Pick<RedisHaOptions, 'fallback' | 'journal'> = {},
): Promise<Process> {
  const { engine, redis } = startEngine({
    ...server.options(),
    shutdownTimeoutMs: 1_000,
    ...extra,
    fallback: { stableMs: 1, breakerOpenMs: 50, timeoutMs: 1_000, ...extra.fallback },
  });
  await redis.whenReady(5_000);
  const { options, clock, bus, connected } = engine;
  const port = new GatedPort(new EnginePort(options, connected, bus));
  const fallback = new Keyspaces(options, port, { clock, bus });
  open.add(fallback);
  return { engine, port, fallback };
}

/** Opens a keyspace that has begun to listen: of what is written before, it may have missed news. */
async function openListening(
  { fallback }: Process,
  name: string,
  settings: KeyspaceOptions,
): Promise<Keyspace> {
  const space = fallback.open(name, settings);
  await new Promise((resolve) => setImmediate(resolve));
  return space;
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

function shown(reading: Reading | null): string {
  if (reading?.state !== 'found') return reading?.state ?? 'not near';
  return `${reading.entry.body.toString()} from ${reading.source}`;
}

function noticeOf(stamp: Stamp, key: string): string {
  const bytes = Buffer.alloc(STAMP_BYTES);
  writeStamp(stamp, bytes, 0);
  return bytes.toString('hex') + key;
}

function after(stamp: Stamp, ms: number): Stamp {
  return { ...stamp, wallMs: stamp.wallMs + ms, origin: 'f'.repeat(16) };
}

/** Redis does not answer from now on, or answers again. */
function setAway({ port }: Process, isAway: boolean): void {
  port.beforeSending = () => {
    if (isAway) throw new CommandTimeoutError('no answer');
  };
}

async function openBreakers(one: Process): Promise<void> {
  setAway(one, true);
  const other = one.fallback.open('other', CACHE);
  await waitUntil(
    async () => {
      await other.read('x');
      await other.write('x', draft('x'));
      const { reads, writes } = one.fallback.status.breakers;
      return reads !== 'closed' && writes !== 'closed';
    },
    { what: 'both breakers are open' },
  );
}

async function untilHealthy(one: Process): Promise<void> {
  setAway(one, false);
  await waitUntil(() => one.fallback.status.mode === 'healthy', { what: 'all is well' });
}

async function untilMissing(space: Keyspace): Promise<void> {
  await waitUntil(async () => (await space.read('a')).state === 'missing', {
    what: 'the short-lived value has expired',
  });
}

/** Until the calendar of a process is surely later than a value. */
async function untilLater(space: Keyspace, written: Reading): Promise<void> {
  const { stamp } = (written as Extract<Reading, { state: 'found' }>).entry;
  await waitUntil(() => compareStamps(space.stamp(), stamp) > 0, { what: 'a later stamp' });
}

/** The script that writes, sent as EVAL or EVALSHA. */
const isWrite = ({ name }: PassingCommand): boolean => name.startsWith('eval');
const isGet = ({ name }: PassingCommand): boolean => name === 'get';

describe('a near copy is not used', () => {
  it('when a read that was under way brings the same old value after the news', async () => {
    const one = await startProcess();
    const { port } = one;
    const space = await openListening(one, 'near', NEAR);
    await space.write('a', draft('old'));
    expect(shown(nearIn(space, 'a'))).toBe('old from memory');
    const gate = newGate();
    port.beforeAnswer = (_, answer) => gate.passed.then(() => answer);
    const reading = space.read('a');
    port.tell(noticeOf(after(space.stamp(), 1), 'near:a'));
    expect(shown(nearIn(space, 'a'))).toBe('not near');
    gate.open();
    await reading;
    expect(shown(nearIn(space, 'a'))).toBe('not near');
  });

  it('when news of a later write overtook the answer to an own one', async () => {
    const { port, fallback } = await startProcess();
    const space = fallback.open('near', NEAR);
    const gate = newGate();
    port.beforeAnswer = (_, answer) => gate.passed.then(() => answer);
    const writing = space.write('a', draft('mine'));
    port.tell(noticeOf(after(space.stamp(), 1), 'near:a'));
    gate.open();
    expect(await writing).toEqual({ outcome: 'stored' });
    expect(shown(nearIn(space, 'a'))).toBe('not near');
  });

  it('when news may have been missed while it was read', async () => {
    const { port, fallback } = await startProcess();
    const theirs = (await startProcess()).fallback.open('near', NEAR);
    await theirs.write('a', draft('old'));
    const space = fallback.open('near', NEAR);
    const gate = newGate();
    port.beforeAnswer = (_, answer) => gate.passed.then(() => answer);
    const reading = space.read('a');
    await waitUntil(() => port.sent.some(isGet), { what: 'the read was sent' });
    port.tellOfGap();
    gate.open();
    expect(shown(await reading)).toBe('old from redis');
    expect(shown(nearIn(space, 'a'))).toBe('not near');
    await space.read('a');
    expect(shown(nearIn(space, 'a'))).toBe('old from memory');
  });

  it('of a replica that may not have what was told before this process heard: the primary is asked', async () => {
    const one = await startProcess();
    const { port } = one;
    port.readsFromReplicas = true;
    const theirs = (await startProcess()).fallback.open('near', NEAR);
    await theirs.write('a', draft('old'));
    const space = await openListening(one, 'near', NEAR);
    await space.read('a');
    const behind = await port.run('get', ['near:a'], { timeoutMs: 1_000 });
    port.beforeAnswer = ({ terms }, answer) => (terms.onPrimary === true ? answer : behind);
    await theirs.write('a', draft('new'));
    port.tellOfGap();
    expect(shown(await space.read('a'))).toBe('new from redis');
    expect(shown(nearIn(space, 'a'))).toBe('new from memory');
  });

  it('when news may have been missed while it was written', async () => {
    const one = await startProcess();
    const { port } = one;
    const space = await openListening(one, 'near', NEAR);
    const gate = newGate();
    port.beforeAnswer = (_, answer) => gate.passed.then(() => answer);
    const writing = space.write('a', draft('mine'));
    await waitUntil(() => port.sent.some(isWrite), { what: 'the write was sent' });
    port.tellOfGap();
    gate.open();
    expect(await writing).toEqual({ outcome: 'stored' });
    expect(shown(nearIn(space, 'a'))).toBe('not near');
  });

  it('by a strict keyspace while Redis is away', async () => {
    const one = await startProcess();
    const space = await openListening(one, 'limits', { ...STRICT, nearMs: 60_000 });
    await space.write('a', draft('1'));
    expect(shown(nearIn(space, 'a'))).toBe('1 from memory');
    await openBreakers(one);
    expect(shown(nearIn(space, 'a'))).toBe('not near');
  });

  it('and a message that is none of ours changes nothing', async () => {
    const one = await startProcess();
    const { port, engine } = one;
    const failed = jest.fn();
    engine.bus.on('listener.failed', failed);
    const space = await openListening(one, 'near', NEAR);
    await space.write('a', draft('old'));
    port.tell('');
    port.tell('zz'.repeat(16));
    port.tell('near:a');
    expect(shown(nearIn(space, 'a'))).toBe('old from memory');
    expect(failed).not.toHaveBeenCalled();
  });
});

describe('a process writes later than all it has heard of', () => {
  // A process whose calendar is ahead has written what this one reads and then deletes.
  async function withAheadValue(one: Process, settings: KeyspaceOptions): Promise<Keyspace> {
    const ahead = (await startProcess()).fallback.open('users', settings);
    await ahead.write('a', draft('ahead', { groups: ['g'] }), {
      stamp: after(ahead.stamp(), 60_000),
    });
    return one.fallback.open('users', settings);
  }

  it('so a delete during an outage counts, also when memory has no room for what was read', async () => {
    const one = await startProcess({ fallback: { maxEntries: 1 } });
    const space = await withAheadValue(one, SESSION);
    expect(shown(await space.read('a'))).toBe('ahead from redis');
    await space.write('b', draft('takes the only place'));
    await openBreakers(one);
    expect(await space.delete('a')).toEqual({ outcome: 'journaled' });
    await untilHealthy(one);
    expect(shown(await space.read('a'))).toBe('deleted');
  });

  it('so a group emptied during an outage stays empty', async () => {
    const one = await startProcess();
    const space = await withAheadValue(one, SESSION);
    await space.read('a');
    await openBreakers(one);
    await space.dropGroup('g');
    await untilHealthy(one);
    expect(shown(await space.read('a'))).toBe('deleted');
  });

  it('so memory forgets what Redis dropped though it was changed with a later stamp', async () => {
    const one = await startProcess();
    const ahead = (await startProcess()).fallback.open('users', SESSION);
    const space = one.fallback.open('users', SESSION);
    const birth = space.stamp();
    await space.write('a', draft('one', { groups: ['g'] }), { birth });
    const { length } = one.port.sent;
    let isFirst = true;
    one.port.beforeSending = async () => {
      // Another process changes it meanwhile, with a calendar that is ahead. It was born before all the same.
      if (!isFirst) return;
      isFirst = false;
      await ahead.write('a', draft('ahead', { groups: ['g'] }), {
        stamp: after(ahead.stamp(), 60_000),
        birth,
      });
      one.port.beforeSending = () => undefined;
      await space.read('a');
    };
    await space.dropGroup('g');
    expect(one.port.sent.length).toBeGreaterThan(length);
    await openBreakers(one);
    expect(shown(await space.read('a'))).toBe('deleted');
  });
});

describe('a write', () => {
  it('of a loader does not bring back what is deleted in the journal, with no trace in memory', async () => {
    const one = await startProcess({ fallback: { maxEntries: 1 } });
    const space = one.fallback.open('users', CACHE);
    const before = space.stamp();
    await openBreakers(one);
    await space.delete('a');
    await space.write('b', draft('takes the only place'));
    expect(await space.write('a', draft('old'), { stamp: before })).toEqual(SUPERSEDED);
    expect(shown(await space.read('a'))).toBe('deleted');
  });

  it('of a loader does not bring back a member of a group that was emptied', async () => {
    const one = await startProcess({ fallback: { maxEntries: 1 } });
    const space = one.fallback.open('users', CACHE);
    const before = space.stamp();
    await openBreakers(one);
    await space.dropGroup('g');
    await space.write('b', draft('takes the only place'));
    const outcome = await space.write('a', draft('old', { groups: ['g'] }), { stamp: before });
    expect(outcome).toEqual(SUPERSEDED);
    expect(shown(await space.read('a'))).toBe('unknown');
  });

  it('of a loader does not bring back what was deleted just before the outage', async () => {
    const one = await startProcess({ fallback: { maxEntries: 1 } });
    const space = one.fallback.open('users', CACHE);
    const before = space.stamp();
    await space.delete('a');
    await space.write('b', draft('takes the only place'));
    await openBreakers(one);
    expect(await space.write('a', draft('old'), { stamp: before })).toEqual(SUPERSEDED);
  });

  it('of a loader is at hand before Redis has taken it, where Redis did not answer the read', async () => {
    const one = await startProcess();
    const space = one.fallback.open('users', CACHE);
    const gate = newGate();
    const before = space.stamp();
    one.port.beforeSending = ({ name }) => {
      if (name === 'get') throw new CommandTimeoutError('no answer');
      return gate.passed;
    };
    expect(shown(await space.read('a'))).toBe('unknown');
    const writing = space.write('a', draft('loaded'), { stamp: before, isAtHand: true });
    expect(shown(await space.read('a'))).toBe('loaded from memory');
    gate.open();
    expect(await writing).toEqual({ outcome: 'stored' });
  });

  it('of a loader is not at hand when its key was deleted since', async () => {
    const one = await startProcess();
    const space = one.fallback.open('users', CACHE);
    const gate = newGate();
    const before = space.stamp();
    await space.delete('a');
    one.port.beforeSending = ({ name }) => {
      if (name === 'get') throw new CommandTimeoutError('no answer');
      return gate.passed;
    };
    const writing = space.write('a', draft('loaded'), { stamp: before, isAtHand: true });
    expect(shown(await space.read('a'))).toBe('deleted');
    gate.open();
    expect(await writing).toMatchObject({ outcome: 'superseded' });
  });

  it('that a strict keyspace has sent is not said not to have been done', async () => {
    const one = await startProcess();
    const space = one.fallback.open('limits', STRICT);
    const gate = newGate();
    let isHeld = false;
    one.port.beforeAnswer = async (command) => {
      isHeld ||= isWrite(command);
      await gate.passed;
      throw new CommandTimeoutError(`late: ${command.name}`);
    };
    const writing = space.write('a', draft('1'));
    // Not only sent: Redis may have answered that it does not know the script yet.
    await waitUntil(() => isHeld, { what: 'Redis has done the write' });
    await openBreakers(one);
    gate.open();
    await expect(writing).rejects.toMatchObject({ code: 'COMMAND_TIMEOUT' });
  });

  it('that comes after a group was emptied is not swept away with it, when that took long', async () => {
    const one = await startProcess();
    const space = one.fallback.open('users', SESSION);
    await space.write('old', draft('1', { groups: ['g'] }));
    const gate = newGate();
    let held = 0;
    one.port.beforeAnswer = async (command, answer) => {
      if (isWrite(command) && held++ === 0) await gate.passed;
      return answer;
    };
    const dropping = space.dropGroup('g');
    await waitUntil(() => held > 0, { what: 'the drop is under way' });
    one.port.beforeSending = (command) => {
      if (command.args[0] !== 'nothing') throw new CommandTimeoutError('no answer');
    };
    await openBreakers(one);
    const dropped = Promise.race([dropping, Promise.resolve('not yet')]);
    const hasAnswered = (await dropped) !== 'not yet';
    one.port.beforeSending = () => undefined;
    await untilHealthy(one);
    if (hasAnswered) await space.write('new', draft('2', { groups: ['g'] }));
    gate.open();
    await dropping;
    if (!hasAnswered) await space.write('new', draft('2', { groups: ['g'] }));
    // Gives background work the turns that it needs.
    for (let i = 0; i < 20; i++) await one.engine.connected.runner.run('ping', [], null, null);
    await untilHealthy(one);
    await waitUntil(() => one.fallback.status.journal.entries === 0, { what: 'all is replayed' });
    expect(shown(await space.read('new'))).toBe('2 from redis');
    expect(shown(await space.read('old'))).toBe('deleted');
  });
});

describe('what was replayed', () => {
  it('is written once more after a failover, as what was written live is', async () => {
    const one = await startProcess();
    const space = one.fallback.open('users', SESSION);
    await openBreakers(one);
    await space.write('a', draft('one'));
    await space.dropGroup('g');
    await untilHealthy(one);
    await one.engine.connected.runner.run('flushall', [], 'utf8', null);
    one.port.tellOfSwitch();
    await waitUntil(() => one.fallback.status.journal.entries === 0, { what: 'all is replayed' });
    expect(shown(await space.read('a'))).toBe('one from redis');
    const keys = await one.engine.connected.runner.run('keys', ['*users#*'], 'utf8', null);
    expect(keys).toEqual(['{users#g}:mark']);
  });

  it('does not undo a delete, though the value that came after it has expired', async () => {
    const one = await startProcess();
    const theirs = (await startProcess()).fallback.open('users', CACHE);
    const space = one.fallback.open('users', CACHE);
    await openBreakers(one);
    await space.write('a', draft('of before', { freshMs: null }));
    await untilLater(theirs, await space.read('a'));
    await theirs.delete('a');
    await theirs.write('a', draft('short', { freshMs: 1 }));
    await untilMissing(theirs);
    await untilHealthy(one);
    expect(shown(await space.read('a'))).toBe('missing');
    expect(shown(await theirs.read('a'))).toBe('missing');
  });

  it('and lost against a newer write is not served from memory any more', async () => {
    const one = await startProcess();
    const theirs = (await startProcess()).fallback.open('users', SESSION);
    const space = one.fallback.open('users', SESSION);
    await openBreakers(one);
    await space.write('a', draft('mine'));
    await theirs.write('a', draft('theirs'), { stamp: after(theirs.stamp(), 60_000) });
    await untilHealthy(one);
    await openBreakers(one);
    expect(shown(await space.read('a'))).toBe('unknown');
  });
});

describe('a replica that lags behind', () => {
  /** The replica knows these keys as they were. */
  function lag({ port }: Process, entries: ReadonlyMap<string, unknown>): void {
    port.readsFromReplicas = true;
    port.beforeAnswer = ({ name, args, terms }, answer) =>
      name === 'get' && terms.onPrimary !== true && entries.has(String(args[0]))
        ? entries.get(String(args[0]))
        : answer;
  }

  async function bytesOf({ engine }: Process, key: string): Promise<unknown> {
    return engine.connected.runner.run('get', [key], null, null);
  }

  it('does not make an own write unknown while the primary is away', async () => {
    const one = await startProcess();
    const space = one.fallback.open('users', SESSION);
    await space.write('a', draft('one'));
    lag(one, new Map([['users:a', null]]));
    one.port.beforeSending = ({ terms }) => {
      if (terms.onPrimary === true) throw new CommandTimeoutError('no primary');
    };
    expect(shown(await space.read('a'))).toBe('one from memory');
    await expect(space.readMany(['a', 'b'])).resolves.toHaveLength(2);
  });

  it('does not make a strict keyspace answer that it does not know', async () => {
    const one = await startProcess();
    const space = one.fallback.open('limits', STRICT);
    lag(one, new Map());
    one.port.beforeSending = ({ terms }) => {
      if (terms.onPrimary === true) throw new CommandTimeoutError('no primary');
    };
    await expect(space.read('a', { confirm: true })).rejects.toMatchObject({
      code: 'COMMAND_TIMEOUT',
    });
  });

  it('does not bring back a member of a group that was emptied here', async () => {
    const one = await startProcess();
    const space = one.fallback.open('users', SESSION);
    await space.write('a', draft('one', { groups: ['g'] }));
    const old = await bytesOf(one, 'users:a');
    await space.dropGroup('g');
    lag(one, new Map([['users:a', old]]));
    expect(shown(await space.read('a'))).toBe('deleted');
    const [many] = await space.readMany(['a']);
    expect(shown(many ?? null)).toBe('deleted');
  });

  it('is not believed against what was read before, but the primary is', async () => {
    const one = await startProcess();
    const theirs = (await startProcess()).fallback.open('users', SESSION);
    const space = one.fallback.open('users', SESSION);
    await theirs.write('a', draft('old'));
    const old = await bytesOf(one, 'users:a');
    await theirs.write('a', draft('new'));
    expect(shown(await space.read('a'))).toBe('new from redis');
    lag(one, new Map([['users:a', old]]));
    expect(shown(await space.read('a'))).toBe('new from redis');
    // The primary has lost it. That counts now, so the replica is believed again.
    await one.engine.connected.runner.run('set', ['users:a', old], null, null);
    expect(shown(await space.read('a'))).toBe('old from redis');
    one.port.sent.length = 0;
    expect(shown(await space.read('a'))).toBe('old from redis');
    expect(one.port.sent).toHaveLength(1);
  });
});

describe('memory, when Redis has gone away', () => {
  it('does not serve a value that was overwritten by one whose life is over', async () => {
    const one = await startProcess();
    const theirs = (await startProcess()).fallback.open('users', SESSION);
    const space = one.fallback.open('users', SESSION);
    await theirs.write('a', draft('old'));
    await space.read('a');
    // Redis keeps it longer than it is of use here.
    await theirs.write('a', draft('brief', { freshMs: 1, staleMs: 60_000 }));
    const until = Date.now() + 5;
    await waitUntil(() => Date.now() > until, { what: 'its life is over' });
    expect(shown(await space.read('a'))).toBe('missing');
    await openBreakers(one);
    expect(shown(await space.read('a'))).toBe('unknown');
  });

  it('does not serve a value that a newer version of the program overwrote', async () => {
    const one = await startProcess();
    const space = one.fallback.open('users', SESSION);
    await space.write('a', draft('old'));
    const bytes = (await one.engine.connected.runner.run('get', ['users:a'], null, null)) as Buffer;
    const newer = Buffer.from(bytes);
    newer[2] = 9;
    writeStamp(after(space.stamp(), 1), newer, 4);
    await one.engine.connected.runner.run('set', ['users:a', newer], null, null);
    expect(shown(await space.read('a'))).toBe('unreadable');
    await openBreakers(one);
    expect(shown(await space.read('a'))).toBe('unknown');
  });
});

describe('memory, when Redis has lost a delete and the value that came after it,', () => {
  it('keeps the older value that Redis has again', async () => {
    const [one, other] = [await startProcess(), await startProcess()];
    const space = one.fallback.open('users', CACHE);
    const theirs = other.fallback.open('users', CACHE);
    const stamp = theirs.stamp();
    await theirs.delete('a');
    expect(shown(await space.read('a'))).toBe('deleted');
    await theirs.write('a', draft('short', { freshMs: 200 }));
    expect(shown(await space.read('a'))).toBe('short from redis');
    await untilMissing(space);
    await one.engine.connected.runner.run('flushall', [], 'utf8', null);
    await theirs.write('a', draft('restored'), { stamp });
    expect(shown(await space.read('a'))).toBe('restored from redis');
    await openBreakers(one);
    expect(shown(await space.read('a'))).toBe('restored from memory');
  });
});

describe('closing', () => {
  it('brings a replay that is under way to its end', async () => {
    const one = await startProcess({ journal: { replayPerSecond: 1_000 } });
    const space = one.fallback.open('users', SESSION);
    await openBreakers(one);
    for (let i = 0; i < 300; i++) await space.write(`k${i}`, draft('x'));
    setAway(one, false);
    await waitUntil(() => one.fallback.status.breakers.writes === 'closed', { what: 'a replay' });
    await one.fallback.close();
    expect(one.fallback.status.journal.entries).toBe(0);
  });

  it('does not wait for a replay that does not end', async () => {
    const one = await startProcess({ journal: { replayPerSecond: 1 } });
    const space = one.fallback.open('users', SESSION);
    await openBreakers(one);
    for (let i = 0; i < 300; i++) await space.write(`k${i}`, draft('x'));
    setAway(one, false);
    await waitUntil(() => one.fallback.status.breakers.writes === 'closed', { what: 'a replay' });
    const startedAt = performance.now();
    await one.fallback.close();
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    await expect(space.write('late', draft('x'))).resolves.toEqual({ outcome: 'stored' });
    setAway(one, true);
    await expect(space.write('late', draft('x'))).rejects.toBeInstanceOf(ClosedError);
  });
});
