import { endOf, LONG_MS, setOf } from '../../../test/support/stored-writes.js';
import { resolveOptions, type RedisHaOptions } from '../config/index.js';
import {
  CommandRejectedError,
  CommandTimeoutError,
  CommandUncertainError,
} from '../base/errors/index.js';
import { EventBus, type RedisHaEvent } from '../base/events/index.js';
import { ManualClock } from '../testing/index.js';
import { Keyspaces } from './keyspaces.js';
import type { AdoptionListener } from './journal/disk/journal-folder.js';
import { NO_LOG, type JournalLog, type JournalRecord } from './journal/disk/journal-log.js';
import type { KeptJournal } from './journal/kept-journal.js';
import type { EntryDraft, Keyspace } from './keyspace.js';
import type { RedisPort } from './store/redis-port.js';
import { compareStamps } from './store/stamp.js';

const CACHE = { policy: 'cache', nearMs: 0, maxStaleMs: 0 } as const;
const SESSION = { policy: 'session', nearMs: 0, maxStaleMs: 0 } as const;
const draft: EntryDraft = {
  kind: 'value',
  codec: 3,
  isCompressed: false,
  body: Buffer.from('x'),
  freshMs: 60_000,
  staleMs: 0,
  groups: ['g'],
};

/** A Redis that does what a test says. Scripts that write are answered with 1: applied. */
class ScriptedPort implements RedisPort {
  readonly readsFromReplicas = false;
  readonly names: string[] = [];
  answer: (name: string) => Promise<unknown> = () => Promise.resolve(1);
  tellOfSwitch: () => void = () => undefined;
  mayListen: () => Promise<() => void> = () =>
    Promise.reject(new CommandTimeoutError('nobody to listen to'));

  run(name: string): Promise<unknown> {
    this.names.push(name);
    return this.answer(name);
  }

  onDataAtRisk(listener: (soundUntil: number) => void): () => void {
    this.tellOfSwitch = () => {
      listener(0);
    };
    return () => undefined;
  }

  onRecovery(): () => void {
    return () => undefined;
  }

  listen(): Promise<() => void> {
    return this.mayListen();
  }
}

describe('Keyspaces', () => {
  let clock: ManualClock;

  beforeEach(() => {
    clock = new ManualClock();
  });

  const open = (
    port: RedisPort | null,
    extra: Pick<RedisHaOptions, 'journal'> = {},
    log?: JournalLog,
  ): Keyspaces => {
    const given: RedisHaOptions =
      port === null
        ? { mode: 'memory', ...extra }
        : { mode: 'standalone', host: '127.0.0.1', ...extra };
    const kept = log === undefined ? undefined : { log, records: [], damagedBytes: 0 };
    const tools = { clock, bus: new EventBus() };
    return new Keyspaces(resolveOptions(given).options, port, tools, kept);
  };

  /** A change of a session is stamped just after what it is based on, which may be ahead of the clock. */
  const writeAhead = async (space: Keyspace): Promise<void> => {
    const stamp = space.stamp();
    await space.write('a', draft, { stamp: { ...stamp, wallMs: stamp.wallMs + 1, count: 0 } });
    await clock.advance(1);
  };

  it('tells that it may not listen to what others change, at once and then once a minute', async () => {
    const port = new ScriptedPort();
    const bus = new EventBus();
    const told: RedisHaEvent[] = [];
    bus.on('listening.refused', (event) => told.push(event));
    const { options } = resolveOptions({ mode: 'standalone', host: '127.0.0.1' });
    const keyspaces = new Keyspaces(options, port, { clock, bus });
    const refusal = { reply: 'NOPERM' };
    port.mayListen = () => Promise.reject(new CommandRejectedError('No permissions', refusal));
    keyspaces.open('near', { ...CACHE, nearMs: 1_000 });
    await clock.advance(59_000);
    const rights = '+subscribe &*~changed';
    expect(told).toEqual([{ type: 'listening.refused', count: 1, rights }]);
    expect(keyspaces.status.listening).toEqual({ refused: 60, isRefused: true });
    await clock.advance(1_000);
    expect(told.at(-1)).toMatchObject({ count: 59 });
    port.mayListen = () => Promise.resolve(() => undefined);
    await clock.advance(121_000);
    expect(keyspaces.status.listening.isRefused).toBe(false);
    await keyspaces.close();
  });

  it('reads what it adopted of a process that is gone, and stamps later', async () => {
    let adopt: AdoptionListener | undefined;
    const bus = new EventBus();
    const events: unknown[] = [];
    bus.on('journal.recovered', (event) => events.push(event));
    const { options } = resolveOptions({ mode: 'memory' });
    const kept: KeptJournal = {
      log: NO_LOG,
      records: [],
      damagedBytes: 0,
      onAdopted: (listener) => {
        adopt = listener;
        return () => undefined;
      },
    };
    const fallback = new Keyspaces(options, null, { clock, bus }, kept);
    fallback.start();
    const space = fallback.open('users', SESSION);
    const other = open(null).open('users', SESSION);
    const stamp = { ...other.stamp(), wallMs: clock.wallTime() + 500 };
    const write = setOf('users:a', stamp);
    await adopt!([{ kind: 'write', write, madeAt: clock.wallTime() }], 3);
    expect(events).toEqual([{ type: 'journal.recovered', count: 1, damagedBytes: 3 }]);
    expect(fallback.status.journal.entries).toBe(1);
    expect(compareStamps(space.stamp(), stamp)).toBeGreaterThan(0);
  });

  it('does not find again in memory what an adopted journal has ended, once Redis has been told', async () => {
    let adopt: AdoptionListener | undefined;
    const kept: KeptJournal = {
      log: NO_LOG,
      records: [],
      damagedBytes: 0,
      onAdopted: (listener) => {
        adopt = listener;
        return () => undefined;
      },
    };
    const port = new ScriptedPort();
    const { options } = resolveOptions({ mode: 'standalone', host: '127.0.0.1' });
    const keyspaces = new Keyspaces(options, port, { clock, bus: new EventBus() }, kept);
    keyspaces.start();
    const space = keyspaces.open('users', SESSION);
    await space.write('a', draft);
    await space.write('b', draft);
    await clock.advance(100);
    const madeAt = clock.wallTime();
    const stamp = space.stamp();
    const end = { write: endOf('users:a', stamp, { ttlMs: LONG_MS }), madeAt };
    const drop = { group: 'users#g', stamp, ttlMs: LONG_MS, isFinal: true };
    await adopt!(
      [
        { kind: 'write', ...end },
        { kind: 'drop', drop, madeAt },
      ],
      0,
    );
    await clock.advance(options.journal.reapplyMs + 10_000);
    expect(keyspaces.status.journal.entries).toBe(0);
    // What Redis has acknowledged so long ago is forgotten with the next write.
    await space.write('c', draft);
    expect(keyspaces.status.journal.acknowledged).toBe(1);
    port.answer = () => Promise.reject(new CommandTimeoutError('late'));
    for (const key of ['a', 'b']) expect((await space.read(key)).state).toBe('deleted');
    await keyspaces.close();
  });

  it('says of the journal where it is kept, how much waits and what was not taken', async () => {
    const port = new ScriptedPort();
    const fallback = open(port, { journal: { maxEntries: 2 } });
    const space = fallback.open('users', SESSION);
    port.answer = () => Promise.reject(new CommandTimeoutError('late'));
    await space.write('a', draft);
    await space.write('b', draft);
    await expect(space.write('c', draft)).rejects.toMatchObject({ code: 'JOURNAL_FULL' });
    await clock.advance(300);
    expect(fallback.status.journal).toMatchObject({
      entries: 2,
      maxEntries: 2,
      refused: 1,
      isFull: true,
      oldestMs: 300,
      file: null,
    });
    await fallback.close();
  });

  it('tells when Redis refuses to tell others of a write, and what right is missing', async () => {
    const bus = new EventBus();
    const events: unknown[] = [];
    bus.on('notices.refused', (event) => events.push(event));
    const given = { mode: 'standalone', host: '127.0.0.1', node: { keyPrefix: 'shop:' } } as const;
    const port = new ScriptedPort();
    const fallback = new Keyspaces(resolveOptions(given).options, port, { clock, bus });
    const space = fallback.open('users', CACHE);
    // What the script of a write answers then.
    port.answer = (name) => Promise.resolve(name === 'evalsha' ? [0] : 1);
    expect(await space.write('a', { ...draft, groups: [] })).toEqual({ outcome: 'stored' });
    const rights = '+publish &shop:*~changed';
    expect(events).toEqual([{ type: 'notices.refused', count: 1, rights }]);
    expect(fallback.status.notices).toEqual({ refused: 1, isRefused: true });
    await fallback.close();
    expect(clock.pending).toBe(0);
  });

  it('deletes what was written with a stamp of its own, a little ahead of the clock', async () => {
    const space = open(null).open('users', SESSION);
    await writeAhead(space);
    expect(await space.delete('a')).toEqual({ outcome: 'kept' });
    expect((await space.read('a')).state).toBe('deleted');
  });

  it('empties a group of it, too', async () => {
    const space = open(null).open('users', SESSION);
    await writeAhead(space);
    await space.dropGroup('g');
    expect((await space.read('a')).state).toBe('deleted');
  });

  it('gives the journal everything at once that a failover may have lost', async () => {
    const port = new ScriptedPort();
    const appended: JournalRecord[] = [];
    const log: JournalLog = {
      append: (record) => {
        appended.push(record);
        return new Promise(() => undefined);
      },
      settle: () => undefined,
      close: () => Promise.resolve(),
    };
    const fallback = open(port, {}, log);
    const space = fallback.open('users', CACHE);
    for (const key of ['a', 'b', 'c']) await space.write(key, draft);
    port.answer = () => new Promise(() => undefined);
    port.tellOfSwitch();
    expect(fallback.status.journal.entries).toBe(3);
    expect(appended).toHaveLength(3);
  });

  it('replays as slowly as it may from the first moment on, not many records at once', async () => {
    const port = new ScriptedPort();
    const { options } = resolveOptions({
      mode: 'standalone',
      host: '127.0.0.1',
      journal: { replayPerSecond: 10 },
    });
    const records = Array.from({ length: 50 }, (_, i): JournalRecord => {
      const stamp = { wallMs: clock.wallTime(), count: i, origin: '00000000000000aa' };
      return { kind: 'write', write: setOf(`users:k${i}`, stamp), madeAt: clock.wallTime() };
    });
    const kept = { log: NO_LOG, records, damagedBytes: 0 };
    const fallback = new Keyspaces(options, port, { clock, bus: new EventBus() }, kept);
    fallback.start();
    await clock.advance(100);
    expect(port.names.length).toBeLessThanOrEqual(2);
    await clock.advance(900);
    expect(port.names.length).toBeGreaterThan(5);
    expect(port.names.length).toBeLessThanOrEqual(10 + 2);
    const closed = fallback.close(0);
    await clock.advance(1);
    await closed;
  });

  it('replays what the disk has refused, and says that it may be lost', async () => {
    const port = new ScriptedPort();
    const log: JournalLog = {
      append: () => Promise.reject(new TypeError('disk')),
      settle: () => undefined,
      close: () => Promise.resolve(),
    };
    const fallback = open(port, {}, log);
    const space = fallback.open('users', SESSION);
    port.answer = () => Promise.reject(new CommandTimeoutError('late'));
    await expect(space.write('a', draft)).rejects.toThrow('disk');
    expect(fallback.status.journal.entries).toBe(1);
    port.answer = () => Promise.resolve(1);
    await clock.advance(1_000);
    expect(fallback.status.journal.entries).toBe(0);
    await fallback.close();
    expect(clock.pending).toBe(0);
  });

  it('says of a counter whose answer was lost that it may have been counted', async () => {
    const port = new ScriptedPort();
    const space = open(port).open('users', CACHE);
    const lost = new CommandUncertainError('lost');
    port.answer = () => Promise.reject(lost);
    await expect(space.increment('hits', 1, null)).rejects.toBe(lost);
    port.answer = () => Promise.reject(new CommandTimeoutError('not sent'));
    const refusal = { code: 'DEGRADED_UNSUPPORTED', retryable: true };
    await expect(space.increment('hits', 1, null)).rejects.toMatchObject(refusal);
  });

  it('leaves nothing behind when it is closed while nobody can be listened to', async () => {
    const fallback = open(new ScriptedPort());
    const space = fallback.open('near', { ...CACHE, nearMs: 1_000 });
    await clock.advance(2_500);
    expect(space.near('a')).toBeNull();
    await fallback.close();
    await fallback.close();
    expect(clock.pending).toBe(0);
    expect(() => fallback.open('other', CACHE)).toThrow('shutting down');
  });
});
