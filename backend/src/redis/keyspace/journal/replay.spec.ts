import { deleteOf, endOf, kindIn, setOf, stampNo } from '../../../../test/support/stored-writes.js';
import { CommandRejectedError, CommandTimeoutError } from '../../base/errors/index.js';
import { ManualClock } from '../../testing/index.js';
import { decodeEntry } from '../store/entry.js';
import { NO_LOG } from './disk/journal-log.js';
import type { ApplyOutcome, StampedDrop, StampedWrite } from '../store/key-value-store.js';
import { MemoryStore } from '../store/memory-store.js';
import { compareStamps, laterThan } from '../store/stamp.js';
import { OwnWrites } from './own-writes.js';
import { Replay } from './replay.js';

const HOUR_MS = 3_600_000;
const BOUNDS = { maxEntries: 100_000, maxBytes: 1e9, maxAgeMs: HOUR_MS, windowMs: 15_000 };
const NOTHING_DONE = { applied: 0, superseded: 0, expired: 0, rejected: 0 };

/** A store in memory that notes what was asked of it, and can be slow or refuse. */
class WatchedStore {
  readonly memory: MemoryStore;
  readonly asked: string[] = [];
  readonly ttls: (number | null)[] = [];
  inFlight = 0;
  mostInFlight = 0;
  before: (name: string) => Promise<void> | void = () => undefined;

  constructor(clock: ManualClock, memory?: MemoryStore) {
    this.memory = memory ?? new MemoryStore({ maxEntries: 100_000, maxBytes: 1e9 }, clock);
  }

  apply(write: StampedWrite): Promise<ApplyOutcome> {
    this.ttls.push(write.ttlMs);
    return this.#watch(write.key, () => {
      const isThere = kindIn(this.memory.peek(write.key)?.entry ?? null) === 'value';
      if (write.replaces !== undefined && !isThere) {
        return this.memory.peek(write.key) === null ? { kind: 'absent' } : this.memory.apply(write);
      }
      return this.memory.apply(write);
    });
  }

  drop(drop: StampedDrop): Promise<number> {
    this.ttls.push(drop.ttlMs);
    return this.#watch(`#${drop.group}`, () => this.memory.drop(drop));
  }

  async #watch<T>(name: string, work: () => T): Promise<T> {
    this.asked.push(name);
    this.inFlight++;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      await this.before(name);
      return work();
    } finally {
      this.inFlight--;
    }
  }
}

function rejection(reply: string): CommandRejectedError {
  return new CommandRejectedError(`${reply} refused`, { reply });
}

describe('Replay', () => {
  let clock: ManualClock;
  let store: WatchedStore;
  let journal: OwnWrites;
  let losses: [number, string][];
  const never = new AbortController().signal;

  const newJournal = (): OwnWrites => new OwnWrites(BOUNDS, clock, NO_LOG);
  const replayOf = (
    settings: { perSecond?: number; batch?: number } = {},
    [from, to] = [journal, store],
  ): Replay =>
    new Replay(
      { own: from, store: to, memory: to.memory },
      { perSecond: 1e9, batch: 10, ...settings },
      clock,
    );
  const put = async (write: StampedWrite, into = journal): Promise<void> => {
    const record = { kind: 'write', write, madeAt: clock.wallTime() } as const;
    await into.append(record);
  };
  const drop = async (group: string, no: number, ttlMs = HOUR_MS): Promise<void> => {
    const record = {
      kind: 'drop',
      drop: { group, stamp: stampNo(no), ttlMs },
      madeAt: clock.wallTime(),
    } as const;
    await journal.append(record);
  };
  const recordOf = (write: StampedWrite) =>
    ({ kind: 'write', write, madeAt: clock.wallTime() }) as const;
  const bodyOf = (key: string): string | null => {
    const decoded = decodeEntry(store.memory.peek(key)?.entry ?? Buffer.alloc(0));
    if (!decoded.ok) return null;
    const { kind, body } = decoded.entry;
    return kind === 'value' ? body.toString() : kind;
  };
  /** Runs to the end, as fast as time can be moved. */
  const runAll = async (replay = replayOf()) => {
    const over = { is: false };
    const running = replay.run(never).finally(() => (over.is = true));
    running.catch(() => undefined);
    for (let i = 0; i < 1_000 && !over.is; i++) await clock.advance(10);
    return running;
  };

  beforeEach(() => {
    clock = new ManualClock();
    store = new WatchedStore(clock);
    journal = newJournal();
    losses = [];
    journal.onLost((count, reason) => losses.push([count, reason]));
  });

  it('does nothing for an empty journal', async () => {
    expect(await replayOf().run(never)).toEqual({ ...NOTHING_DONE, durationMs: 0 });
  });

  it('writes everything, oldest first, and leaves the journal empty', async () => {
    for (const no of [3, 1, 2]) await put(setOf(`k${no}`, stampNo(no), { body: `v${no}` }));
    expect(await replayOf().run(never)).toEqual({ ...NOTHING_DONE, applied: 3, durationMs: 0 });
    expect(store.asked).toEqual(['k1', 'k2', 'k3']);
    expect(['k1', 'k2', 'k3'].map(bodyOf)).toEqual(['v1', 'v2', 'v3']);
    expect(journal.stats).toMatchObject({ entries: 0, bytes: 0, applied: 3 });
  });

  it('overwrites nothing newer, and brings nothing back that was deleted since', async () => {
    await put(setOf('a', stampNo(1), { body: 'old' }));
    await put(setOf('b', stampNo(1), { body: 'old' }));
    await put(setOf('c', stampNo(1), { groups: ['g'] }));
    store.memory.apply(setOf('a', stampNo(2), { body: 'new' }));
    store.memory.apply(deleteOf('b', stampNo(2)));
    store.memory.drop({ group: 'g', stamp: stampNo(2), ttlMs: HOUR_MS });
    expect(await replayOf().run(never)).toMatchObject({ applied: 0, superseded: 3 });
    expect(['a', 'b', 'c'].map(bodyOf)).toEqual(['new', 'tombstone', 'tombstone']);
    expect(journal.stats).toMatchObject({ entries: 0, superseded: 3 });
  });

  describe('of time', () => {
    it('gives a record what is left of it, never all of it again', async () => {
      await put(setOf('a', stampNo(1), { ttlMs: 10_000 }));
      await put(setOf('ever', stampNo(2), { ttlMs: null }));
      await drop('g', 3, 10_000);
      await clock.advance(4_000);
      await replayOf().run(never);
      expect(store.ttls).toEqual([6_000, null, 6_000]);
    });

    it('gives no more than there was when the calendar was set back', async () => {
      const record = {
        kind: 'write',
        write: setOf('a', stampNo(1), { ttlMs: 10_000 }),
        madeAt: clock.wallTime() + HOUR_MS,
      } as const;
      await journal.append(record);
      await replayOf().run(never);
      expect(store.ttls).toEqual([10_000]);
    });

    it('takes away what a value had replaced whose own time is over', async () => {
      store.memory.apply(setOf('a', stampNo(1), { body: 'before', ttlMs: null }));
      store.memory.apply(setOf('newer', stampNo(9), { body: 'newer', ttlMs: null }));
      await put(setOf('a', stampNo(2), { ttlMs: 1_000 }));
      await put(setOf('newer', stampNo(3), { ttlMs: 1_000 }));
      await clock.advance(HOUR_MS + 1);
      expect(await replayOf().run(never)).toMatchObject({ applied: 1, superseded: 1, expired: 0 });
      expect(['a', 'newer'].map(bodyOf)).toEqual([null, 'newer']);
      expect(losses).toEqual([]);
    });

    it('replaces a live older value by one that is too old, and neither creates nor deletes with it', async () => {
      store.memory.apply(setOf('live', stampNo(1), { body: 'older', ttlMs: null }));
      store.memory.apply(setOf('newer', stampNo(9), { body: 'newer', ttlMs: null }));
      store.memory.apply(deleteOf('ended', stampNo(9), 9 * HOUR_MS));
      for (const key of ['live', 'newer', 'ended', 'unknown']) {
        await put(setOf(key, stampNo(2), { body: 'old', ttlMs: null }));
      }
      await clock.advance(HOUR_MS + 1);
      expect(await replayOf().run(never)).toMatchObject({ applied: 1, superseded: 2, expired: 1 });
      const now = ['live', 'newer', 'ended', 'unknown'].map(bodyOf);
      expect(now).toEqual(['old', 'newer', 'tombstone', null]);
      expect(losses).toEqual([[1, 'too-old']]);
      expect(journal.stats).toMatchObject({ entries: 0, expired: 1 });
    });

    it('replaces by what it acknowledged before a long time away and lost with an old snapshot, and deletes nothing', async () => {
      const soundUntil = clock.now();
      journal.note(recordOf(setOf('a', stampNo(2), { body: 'later', ttlMs: null })));
      journal.note(recordOf(setOf('gone', stampNo(2), { ttlMs: null })));
      await clock.advance(9 * HOUR_MS);
      store.memory.apply(setOf('a', stampNo(1), { body: 'of the snapshot', ttlMs: null }));
      journal.flip(soundUntil);
      expect(await replayOf().run(never)).toMatchObject({ applied: 1, expired: 1 });
      expect(['a', 'gone'].map(bodyOf)).toEqual(['later', null]);
    });

    it('deletes however late it is', async () => {
      for (const key of ['a', 'b', 'c']) {
        store.memory.apply(setOf(key, stampNo(1), { ttlMs: null, groups: ['g'] }));
      }
      await put(deleteOf('a', stampNo(2), 1_000));
      await put(deleteOf('b', stampNo(2), 9 * HOUR_MS));
      await drop('g', 3, 1_000);
      await clock.advance(2 * HOUR_MS);
      await replayOf().run(never);
      expect(['a', 'b', 'c'].map(bodyOf)).toEqual([null, 'tombstone', null]);
      expect(journal.entries).toBe(0);
    });
  });

  describe('of a delete that a value has replaced in the journal', () => {
    const older = (): ApplyOutcome => store.memory.apply(setOf('a', stampNo(1), { ttlMs: null }));
    const refused = { kind: 'superseded', by: stampNo(2) };
    const append = async (ttlMs: number | null): Promise<void> => {
      await put(deleteOf('a', stampNo(2), HOUR_MS));
      await put(setOf('a', stampNo(3), { ttlMs, body: 'v' }));
      await put(setOf('a', stampNo(4), { ttlMs, body: 'v' }));
    };

    it('lets it refuse what others bring later, when the value has expired in the journal', async () => {
      await append(1_000);
      await clock.advance(2_000);
      expect(await replayOf().run(never)).toMatchObject({ applied: 1 });
      expect(older()).toEqual(refused);
      await clock.advance(HOUR_MS);
      expect(older()).toEqual({ kind: 'applied' });
    });

    it('the same when it expires in Redis', async () => {
      await append(1_000);
      expect(await replayOf().run(never)).toMatchObject({ applied: 1 });
      expect(bodyOf('a')).toBe('v');
      await clock.advance(2_000);
      expect(older()).toEqual(refused);
    });

    it('the same when a failover has lost both', async () => {
      journal.note(recordOf(deleteOf('a', stampNo(2), HOUR_MS)));
      journal.note(recordOf(setOf('a', stampNo(3), { ttlMs: 1_000 })));
      journal.flip(clock.now());
      await replayOf().run(never);
      await clock.advance(2_000);
      expect(older()).toEqual(refused);
    });

    it('says nothing of it when its time is over', async () => {
      await append(null);
      await clock.advance(HOUR_MS);
      await replayOf().run(never);
      expect(store.asked).toEqual(['a']);
    });
  });

  it('ends what a value had replaced that a drop turns away', async () => {
    store.memory.apply(setOf('a', stampNo(1), { body: 'deleted since' }));
    store.memory.apply(setOf('b', stampNo(1), { body: 'old' }));
    await put(setOf('a', stampNo(3), { groups: ['g'] }));
    await put(setOf('b', stampNo(3), { groups: ['g'] }));
    store.memory.drop({ group: 'g', stamp: stampNo(5), ttlMs: HOUR_MS });
    store.memory.apply(setOf('b', stampNo(7), { body: 'newer' }));
    expect(await replayOf().run(never)).toMatchObject({ applied: 0, superseded: 2 });
    expect(['a', 'b'].map(bodyOf)).toEqual(['tombstone', 'newer']);
  });

  it('ends it so that who has a copy of the value does not take its end for the same', async () => {
    const value = setOf('a', stampNo(3), { groups: ['g'] });
    const copies = new MemoryStore({ maxEntries: 10, maxBytes: 1e6 }, clock);
    copies.apply(value);
    copies.distrust('a');
    await put(value);
    store.memory.drop({ group: 'g', stamp: stampNo(5), ttlMs: HOUR_MS });
    await replayOf().run(never);
    const end = store.memory.peek('a')!;
    copies.apply({ ...deleteOf('a', end.stamp!), entry: end.entry });
    expect(kindIn(copies.peek('a')!.entry)).toBe('tombstone');
    // A write that this process makes right after the value still wins.
    expect(compareStamps(end.stamp!, laterThan(value.stamp, value.stamp))).toBeLessThan(0);
  });

  it('lets the touch of another process live that was made in the same moment and wins', async () => {
    const moment = stampNo(3);
    const touch = (origin: string): StampedWrite =>
      setOf('a', { ...moment, origin }, { groups: ['g'], body: 'touched', birth: stampNo(1) });
    for (const origin of ['00000000000000a0', '00000000000000a4']) {
      store.memory.apply(touch('ffffffffffffffff'));
      await put(touch(origin));
      expect(await replayOf().run(never)).toMatchObject({ superseded: 1 });
      expect(bodyOf('a')).toBe('touched');
    }
  });

  describe('of what lost against something newer', () => {
    /** Redis goes on with what it had before. */
    const lose = (...left: StampedWrite[]): void => {
      store = new WatchedStore(clock);
      for (const write of left) store.memory.apply(write);
      journal.flip(clock.now());
    };

    it('brings it again when a failover has lost what it lost against', async () => {
      await put(deleteOf('a', stampNo(3)));
      await put(setOf('b', stampNo(3), { body: 'mine' }));
      for (const key of ['a', 'b']) store.memory.apply(deleteOf(key, stampNo(5)));
      expect(await replayOf().run(never)).toMatchObject({ applied: 0, superseded: 2 });
      const before = ['a', 'b'].map((key) => setOf(key, stampNo(1), { body: 'before' }));
      lose(...before);
      expect(await replayOf().run(never)).toMatchObject({ applied: 2, superseded: 0 });
      expect(['a', 'b'].map(bodyOf)).toEqual(['tombstone', 'mine']);
    });

    it('and within the window only, as what Redis took', async () => {
      await put(deleteOf('a', stampNo(3)));
      store.memory.apply(deleteOf('a', stampNo(5)));
      await replayOf().run(never);
      expect(journal.ofKey('a')).toMatchObject({ isPending: false });
      await clock.advance(BOUNDS.windowMs + 1);
      expect(journal.ofKey('a')).toBeNull();
    });

    it('keeps away what was ended for good, however late the change was', async () => {
      const memory = new MemoryStore({ maxEntries: 10, maxBytes: 1e6 }, clock);
      const changed = setOf('s', stampNo(5), { body: 'changed' });
      memory.apply(changed);
      await put(changed);
      store.memory.apply(endOf('s', stampNo(3)));
      const parts = { own: journal, store, memory };
      await new Replay(parts, { perSecond: 1e9, batch: 10 }, clock).run(never);
      expect(memory.peek('s')?.isTrusted).toBe(false);
      lose(setOf('s', stampNo(1), { body: 'begun' }));
      expect(await replayOf().run(never)).toMatchObject({ applied: 1 });
      expect(bodyOf('s')).toBe('tombstone');
    });

    it('brings no change of what was deleted before it', async () => {
      store.memory.apply(deleteOf('a', stampNo(2)));
      await put({ ...setOf('a', stampNo(3)), replaces: stampNo(1) });
      expect(await replayOf().run(never)).toMatchObject({ superseded: 1 });
      expect(journal.ofKey('a')).toBeNull();
    });
  });

  describe('of changes', () => {
    const change = (key: string, no: number, base: number): StampedWrite => ({
      ...setOf(key, stampNo(no), { body: `v${no}` }),
      replaces: stampNo(base),
    });

    it('replaces what is there by a change, and does not bring back what is not', async () => {
      store.memory.apply(setOf('there', stampNo(1)));
      await put(change('there', 3, 1));
      await put(change('gone', 3, 1));
      expect(await replayOf().run(never)).toMatchObject({ applied: 1, superseded: 1 });
      expect(['there', 'gone'].map(bodyOf)).toEqual(['v3', null]);
    });

    it('creates what was created in this journal, however often it was changed since', async () => {
      await put(setOf('a', stampNo(1)));
      await put(change('a', 2, 1));
      await put(change('a', 3, 2));
      expect(await replayOf().run(never)).toMatchObject({ applied: 1 });
      expect(bodyOf('a')).toBe('v3');
    });

    it('does not create what was ended in this journal before', async () => {
      await put(deleteOf('a', stampNo(1)));
      await put(change('a', 2, 0));
      expect(await replayOf().run(never)).toMatchObject({ applied: 0, superseded: 1 });
    });

    it('creates again what a failover lost right after it was created and changed', async () => {
      journal.note(recordOf(setOf('a', stampNo(1))));
      journal.note(recordOf(change('a', 2, 1)));
      journal.flip(clock.now());
      expect(await replayOf().run(never)).toMatchObject({ applied: 1, superseded: 0 });
      expect(bodyOf('a')).toBe('v2');
    });

    it('waits after a loss until another process has written again what it changes', async () => {
      const replay = replayOf();
      journal.note(recordOf(change('theirs', 2, 1)));
      journal.flip(clock.now());
      expect(await replay.run(never)).toMatchObject({ applied: 0, superseded: 0 });
      expect([replay.hasLeftSome, journal.entries]).toEqual([true, 1]);
      store.memory.apply(setOf('theirs', stampNo(1)));
      expect(await replay.run(never)).toMatchObject({ applied: 1 });
      expect([replay.hasLeftSome, journal.entries, bodyOf('theirs')]).toEqual([false, 0, 'v2']);
    });

    it('gives up a change when nobody has written again what it changes within the window', async () => {
      journal.note(recordOf(change('gone', 2, 1)));
      journal.flip(clock.now());
      await replayOf().run(never);
      await clock.advance(BOUNDS.windowMs + 1);
      expect(await replayOf().run(never)).toMatchObject({ applied: 0, superseded: 1 });
      expect([journal.entries, bodyOf('gone')]).toEqual([0, null]);
    });

    it('brings everything else meanwhile', async () => {
      journal.note(recordOf(change('theirs', 1, 0)));
      for (let no = 2; no < 9; no++) journal.note(recordOf(setOf(`k${no}`, stampNo(no))));
      journal.flip(clock.now());
      expect(await runAll()).toMatchObject({ applied: 7, superseded: 0 });
      expect(journal.entries).toBe(1);
    });

    it('does not create with a late change what others may have ended since Redis had it', async () => {
      journal.note(recordOf(setOf('a', stampNo(1), { ttlMs: null })));
      journal.flip(clock.now());
      await clock.advance(HOUR_MS + 1);
      await put({ ...change('a', 2, 1), ttlMs: null });
      expect(await replayOf().run(never)).toMatchObject({ applied: 0, expired: 1 });
      expect(bodyOf('a')).toBeNull();
    });
  });

  describe('of groups', () => {
    it('drops what was written before, and not what was written after', async () => {
      store.memory.apply(setOf('there', stampNo(0), { groups: ['g'] }));
      await put(setOf('before', stampNo(1), { groups: ['g'] }));
      await drop('g', 2);
      await put(setOf('after', stampNo(3), { groups: ['g'], body: 'v' }));
      expect(await replayOf().run(never)).toMatchObject({ applied: 3, superseded: 0 });
      // A member that is ended already is ended for itself.
      expect(store.asked).toEqual(['before', '#g', 'after']);
      expect(['there', 'before', 'after'].map(bodyOf)).toEqual(['tombstone', 'tombstone', 'v']);
    });

    it('lets a drop wait until Redis has what is older', async () => {
      const waiting: (() => void)[] = [];
      store.before = () => new Promise((done) => waiting.push(done));
      await put(setOf('a', stampNo(1)));
      await put(setOf('b', stampNo(2)));
      await drop('g', 3);
      const running = replayOf().run(never);
      await clock.advance(0);
      expect(store.asked).toEqual(['a', 'b']);
      waiting[0]!();
      await clock.advance(0);
      expect(store.asked).toEqual(['a', 'b']);
      waiting[1]!();
      await clock.advance(1);
      expect(store.asked).toEqual(['a', 'b', '#g']);
      waiting[2]!();
      expect(await running).toMatchObject({ applied: 3 });
    });
  });

  describe('at its pace', () => {
    it('sends several at once, and no more a second than it may', async () => {
      for (let no = 0; no < 25; no++) await put(setOf(`k${no}`, stampNo(no)));
      const running = replayOf({ perSecond: 100, batch: 10 }).run(never);
      const sent: number[] = [];
      for (const ms of [0, 99, 1, 99, 1]) {
        await clock.advance(ms);
        sent.push(store.asked.length);
      }
      expect(sent).toEqual([10, 10, 20, 20, 25]);
      expect(store.mostInFlight).toBe(10);
      expect(await running).toMatchObject({ applied: 25, durationMs: 200 });
      expect(clock.pending).toBe(0);
    });

    it('keeps its pace also where a portion takes less time than a timer can', async () => {
      for (let no = 0; no < 2_000; no++) await put(setOf(`k${no}`, stampNo(no)));
      const running = replayOf({ perSecond: 10_000, batch: 3 }).run(never);
      for (let ms = 1; ms <= 100; ms++) {
        await clock.advance(1);
        expect(store.asked.length).toBeLessThanOrEqual(10 * ms + 20);
      }
      expect(store.asked.length).toBeGreaterThan(900);
      await clock.advance(200);
      expect(await running).toMatchObject({ applied: 2_000 });
    });

    it('counts the members of a group that is dropped', async () => {
      for (let no = 0; no < 30; no++) {
        store.memory.apply(setOf(`k${no}`, stampNo(no), { groups: ['g'] }));
      }
      await drop('g', 50);
      await put(setOf('late', stampNo(60)));
      const running = replayOf({ perSecond: 100 }).run(never);
      await clock.advance(309);
      expect(store.asked).toEqual(['#g']);
      await clock.advance(1);
      expect(await running).toMatchObject({ applied: 2, durationMs: 310 });
    });
  });

  describe('when Redis fails', () => {
    it('rejects with the first error, once all have ended, and goes on where it was', async () => {
      for (let no = 0; no < 5; no++) await put(setOf(`k${no}`, stampNo(no)));
      const error = new CommandTimeoutError('no answer');
      const slow: (() => void)[] = [];
      store.before = (key) => {
        if (key === 'k1' || key === 'k2') throw error;
        return key === 'k4' ? new Promise((done) => slow.push(done)) : undefined;
      };
      let isOver = false;
      const running = replayOf().run(never);
      running.catch(() => (isOver = true));
      await clock.advance(0);
      expect(isOver).toBe(false);
      slow[0]!();
      await expect(running).rejects.toBe(error);
      expect(journal.oldest(9)).toHaveLength(2);
      store.before = () => undefined;
      expect(await replayOf().run(never)).toMatchObject({ applied: 2 });
      expect(journal.entries).toBe(0);
    });

    it.each(['OOM', 'MISCONF', 'READONLY', 'NOREPLICAS'])(
      'stops when it takes nothing from anybody: %s',
      async (reply) => {
        await put(setOf('a', stampNo(1)));
        store.before = () => {
          throw rejection(reply);
        };
        const replay = replayOf();
        for (let i = 0; i < 5; i++) {
          await expect(runAll(replay)).rejects.toMatchObject({ details: { reply } });
        }
        expect(store.asked).toHaveLength(5);
        expect(journal.entries).toBe(1);
      },
    );

    it.each(['WRONGTYPE refused', 'ERR string exceeds maximum allowed size (proto-max-bulk-len)'])(
      'gives up what is certain to be about one record, counts it and says so: %s',
      async (message) => {
        for (const [no, key] of ['a', 'bad', 'b'].entries()) await put(setOf(key, stampNo(no)));
        store.before = (key) => {
          if (key === 'bad')
            throw new CommandRejectedError(message, { reply: message.split(' ')[0] });
        };
        const report = await replayOf({ batch: 2 }).run(never);
        expect(report).toMatchObject({ ...NOTHING_DONE, applied: 2, rejected: 1 });
        expect(store.asked).toEqual(['a', 'bad', 'b']);
        expect(journal.stats).toMatchObject({ entries: 0, rejected: 1 });
        expect(losses).toEqual([[1, 'rejected']]);
      },
    );

    it.each(['ERR', 'NOPERM', 'CROSSSLOT'])(
      'keeps what is refused for a reason that may pass, and brings the others: %s',
      async (reply) => {
        for (const [no, key] of ['a', 'bad', 'b', 'c'].entries())
          await put(setOf(key, stampNo(no)));
        store.before = (key) => {
          if (key === 'bad') throw rejection(reply);
        };
        await expect(replayOf({ batch: 2 }).run(never)).rejects.toMatchObject({
          details: { reply },
        });
        expect(store.asked).toEqual(['a', 'bad', 'b', 'c']);
        expect(journal.stats).toMatchObject({ entries: 1, rejected: 0, applied: 3 });
        expect(losses).toEqual([]);
        store.before = () => undefined;
        expect(await replayOf().run(never)).toMatchObject({ applied: 1 });
      },
    );

    it.each([
      ['NOPERM', "NOPERM this user has no permissions to run the 'evalsha' command"],
      ['ERR', "ERR unknown command 'evalsha'"],
    ])('keeps the whole journal under an ACL that forbids scripts: %s', async (reply, message) => {
      for (let no = 0; no < 20; no++) await put(setOf(`k${no}`, stampNo(no)));
      store.before = () => {
        throw new CommandRejectedError(message, { reply });
      };
      for (let i = 0; i < 5; i++) await expect(replayOf().run(never)).rejects.toThrow(message);
      expect(journal.stats).toMatchObject({ entries: 20, rejected: 0 });
      expect(store.asked).toHaveLength(50);
    });

    it('stops after a few portions of which nothing was taken', async () => {
      for (let no = 0; no < 100; no++) await put(setOf(`k${no}`, stampNo(no)));
      store.before = () => {
        throw rejection('ERR');
      };
      await expect(replayOf({ batch: 10 }).run(never)).rejects.toThrow('ERR');
      expect(store.asked).toHaveLength(30);
      expect(journal.entries).toBe(100);
    });

    it('writes a record that is refused at first and taken then', async () => {
      await put(setOf('a', stampNo(1), { body: 'v' }));
      await drop('g', 2);
      let refusals = 2;
      store.before = () => {
        if (refusals-- > 0) throw rejection('ERR');
      };
      await expect(runAll()).rejects.toThrow('ERR');
      expect(await runAll()).toMatchObject({ applied: 2, rejected: 0 });
      expect(bodyOf('a')).toBe('v');
    });
  });

  describe('while others write', () => {
    it('replays what comes in meanwhile, too', async () => {
      await put(setOf('k0', stampNo(0)));
      let no = 0;
      store.before = async () => {
        no++;
        if (no < 20) await put(setOf(`k${no}`, stampNo(no)));
      };
      expect(await runAll()).toMatchObject({ applied: 20 });
      expect(journal.entries).toBe(0);
    });

    it('keeps a record pending that replaced the one in flight', async () => {
      await put(setOf('a', stampNo(1), { body: 'old' }));
      let times = 0;
      store.before = async () => {
        if (times++ === 0) await put(setOf('a', stampNo(2), { body: 'new' }));
      };
      expect(await runAll()).toMatchObject({ applied: 2 });
      expect(bodyOf('a')).toBe('new');
      expect(journal.entries).toBe(0);
    });

    it('comes to the newest of each key when two processes replay at once', async () => {
      const other = newJournal();
      const newest = new Map<string, number>();
      for (let no = 0; no < 400; no++) {
        const key = `k${(no * 7) % 23}`;
        const into = (no * 13) % 5 < 3 ? journal : other;
        const write =
          no % 6 === 0 ? deleteOf(key, stampNo(no)) : setOf(key, stampNo(no), { body: `${no}` });
        await put(write, into);
        newest.set(key, no);
      }
      // One is slower, so that its older writes come after newer ones of the other.
      const slow = new WatchedStore(clock, store.memory);
      let turn = 0;
      slow.before = () => clock.sleep((turn++ * 5) % 7);
      const both = [replayOf({ batch: 3 }), replayOf({ batch: 4 }, [other, slow])];
      const outcomes = await Promise.all(both.map((replay) => runAll(replay)));
      const superseded = outcomes.reduce((sum, outcome) => sum + outcome.superseded, 0);
      expect(superseded).toBeGreaterThan(0);
      for (const [key, no] of newest) {
        expect(bodyOf(key)).toBe(no % 6 === 0 ? 'tombstone' : String(no));
      }
      expect(journal.entries + other.entries).toBe(0);
    });
  });

  describe('when it is told to stop', () => {
    it('sends nothing more, and says what it has done', async () => {
      for (let no = 0; no < 30; no++) await put(setOf(`k${no}`, stampNo(no)));
      const controller = new AbortController();
      const running = replayOf({ perSecond: 100 }).run(controller.signal);
      await clock.advance(150);
      controller.abort();
      expect(await running).toMatchObject({ applied: 20, durationMs: 150 });
      expect(journal.entries).toBe(10);
      expect(clock.pending).toBe(0);
    });

    it('does not begin', async () => {
      await put(setOf('a', stampNo(1)));
      expect(await replayOf().run(AbortSignal.abort())).toMatchObject(NOTHING_DONE);
      expect(store.asked).toEqual([]);
    });
  });

  it('runs once at a time, and again after that', async () => {
    await put(setOf('a', stampNo(1)));
    const replay = replayOf();
    const runs = await Promise.all([replay.run(never), replay.run(never)]);
    expect(runs[0]).toBe(runs[1]);
    expect(store.asked).toEqual(['a']);
    await put(setOf('b', stampNo(2)));
    expect(await replay.run(never)).toMatchObject({ applied: 1 });
  });
});
