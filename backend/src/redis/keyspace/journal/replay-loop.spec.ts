import { setOf, stampNo } from '../../../../test/support/stored-writes.js';
import { CommandRejectedError, CommandTimeoutError } from '../../base/errors/index.js';
import type { ReplayReport } from '../../base/events/index.js';
import { ManualClock } from '../../testing/index.js';
import { CircuitBreaker } from '../breaker/circuit-breaker.js';
import { Guard } from '../breaker/guard.js';
import { MemoryStore } from '../store/memory-store.js';
import { NO_LOG } from './disk/journal-log.js';
import type { ApplyOutcome, StampedWrite } from '../store/key-value-store.js';
import { ReplayLoop } from './replay-loop.js';
import { OwnWrites } from './own-writes.js';
import { Replay } from './replay.js';

const FAILURES = 3;
const full = new CommandRejectedError('OOM', { reply: 'OOM' });

describe('ReplayLoop', () => {
  let clock: ManualClock;
  let own: OwnWrites;
  let breaker: CircuitBreaker;
  let loop: ReplayLoop;
  let reports: ReplayReport[];
  let applied: string[];
  let apply: (write: StampedWrite) => Promise<ApplyOutcome>;

  beforeEach(() => {
    clock = new ManualClock();
    reports = [];
    applied = [];
    apply = () => Promise.resolve({ kind: 'applied' });
    const bounds = { maxEntries: 100, maxBytes: 1_000_000, maxAgeMs: 3_600_000, windowMs: 15_000 };
    own = new OwnWrites(bounds, clock, NO_LOG);
    const settings = { failures: FAILURES, windowMs: 1_000, openMs: 500, checksToClose: 1 };
    breaker = new CircuitBreaker(settings, clock, () => undefined);
    const guard = Guard.ofWrites(breaker);
    const memory = new MemoryStore({ maxEntries: 100, maxBytes: 1_000_000 }, clock);
    const store = {
      apply: (write: StampedWrite) => {
        applied.push(write.key);
        return apply(write);
      },
      drop: () => Promise.resolve(0),
    };
    const replay = new Replay({ own, store, memory }, { perSecond: 1_000, batch: 2 }, clock);
    loop = new ReplayLoop({ own, replay, guard }, clock, {
      onReplayed: (report) => reports.push(report),
      onChange: () => undefined,
    });
  });

  const put = async (no: number): Promise<void> => {
    const write = setOf(`k${no}`, stampNo(no), { ttlMs: 60_000 });
    const record = { kind: 'write', write, madeAt: clock.wallTime() } as const;
    await own.append(record);
  };
  const openBreaker = (): void => {
    breaker.refuse(breaker.permit()!, 'away');
  };
  const closeBreaker = async (): Promise<void> => {
    await clock.advance(500);
    breaker.succeed(breaker.permitCheck()!);
  };

  it('brings what there is to Redis, one run at a time', async () => {
    await put(1);
    loop.wake();
    loop.wake();
    await clock.advance(10);
    expect(applied).toEqual(['k1']);
    expect(reports).toHaveLength(1);
    loop.wake();
    expect(clock.pending).toBe(0);
  });

  it('waits until Redis takes writes', async () => {
    await put(1);
    openBreaker();
    loop.wake();
    await clock.advance(1_000);
    expect(applied).toEqual([]);
    await closeBreaker();
    loop.wake();
    await clock.advance(10);
    expect(applied).toEqual(['k1']);
  });

  it('tries again after a pause, and at once when it is told that Redis is back', async () => {
    await put(1);
    apply = () => Promise.reject(new CommandTimeoutError('late'));
    loop.wake();
    await clock.advance(0);
    loop.wake();
    await clock.advance(249);
    expect(applied).toHaveLength(1);
    await clock.advance(1);
    expect(applied).toHaveLength(2);
    apply = () => Promise.resolve({ kind: 'applied' });
    loop.hurry();
    await clock.advance(0);
    expect(own.entries).toBe(0);
    await clock.advance(1_000);
    expect(clock.pending).toBe(0);
  });

  it('lets the breaker learn of failures', async () => {
    await put(1);
    apply = () => Promise.reject(new CommandTimeoutError('late'));
    loop.wake();
    await clock.advance(1_000);
    expect(breaker.state.kind).toBe('open');
    expect(applied).toHaveLength(FAILURES);
  });

  it('treats a Redis that refuses all writes as away for them, until a check says otherwise', async () => {
    await put(1);
    apply = () => Promise.reject(full);
    loop.wake();
    await clock.advance(5_000);
    expect(applied).toHaveLength(1);
    expect(breaker.state.kind).toBe('open');
    apply = () => Promise.resolve({ kind: 'applied' });
    await closeBreaker();
    loop.hurry();
    await clock.advance(0);
    expect(own.entries).toBe(0);
  });

  it('tries what is refused for its own sake less and less often', async () => {
    await put(1);
    apply = () => Promise.reject(new CommandRejectedError('ERR no', { reply: 'ERR' }));
    loop.wake();
    await clock.advance(60_000);
    expect(breaker.state.kind).toBe('closed');
    expect(applied.length).toBeGreaterThan(5);
    expect(applied.length).toBeLessThan(15);
    expect(own.entries).toBe(1);
  });

  describe('when it is closed', () => {
    const close = async (graceMs: number): Promise<() => boolean> => {
      let isClosed = false;
      void loop.close(graceMs).then(() => (isClosed = true));
      await clock.advance(0);
      return () => isClosed;
    };

    it('has nothing to wait for when nothing is under way, and begins nothing any more', async () => {
      openBreaker();
      await put(1);
      expect((await close(1_000))()).toBe(true);
      await closeBreaker();
      loop.wake();
      await clock.advance(1_000);
      expect(applied).toEqual([]);
    });

    it('does not wait out a pause, but tries once more', async () => {
      await put(1);
      apply = () => Promise.reject(new CommandTimeoutError('late'));
      loop.wake();
      await clock.advance(0);
      apply = () => Promise.resolve({ kind: 'applied' });
      expect((await close(1_000))()).toBe(true);
      expect(own.entries).toBe(0);
      expect(clock.pending).toBe(0);
    });

    it('lets a run come to its end', async () => {
      for (let no = 1; no <= 50; no++) await put(no);
      loop.wake();
      const isClosed = await close(1_000);
      expect(isClosed()).toBe(false);
      await clock.advance(100);
      expect(isClosed()).toBe(true);
      expect(own.entries).toBe(0);
      expect(clock.pending).toBe(0);
    });

    it('but not longer than it may', async () => {
      for (let no = 1; no <= 50; no++) await put(no);
      loop.wake();
      const isClosed = await close(20);
      await clock.advance(20);
      expect(isClosed()).toBe(true);
      const { entries } = own;
      expect(entries).toBeGreaterThan(0);
      await clock.advance(1_000);
      expect(own.entries).toBe(entries);
      expect(clock.pending).toBe(0);
    });

    it('and does not wait for a Redis that never answers', async () => {
      await put(1);
      apply = () => new Promise(() => undefined);
      loop.wake();
      const isClosed = await close(20);
      await clock.advance(20);
      expect(isClosed()).toBe(true);
    });

    it('tries no more when the run fails', async () => {
      await put(1);
      let fail: () => void = () => undefined;
      apply = () => new Promise((_, reject) => (fail = () => reject(full)));
      loop.wake();
      await clock.advance(0);
      const isClosed = await close(1_000);
      fail();
      await clock.advance(0);
      expect(isClosed()).toBe(true);
      expect(clock.pending).toBe(0);
    });
  });

  it('tries again what waits for another process, less and less often, until the window is over', async () => {
    apply = () => Promise.resolve({ kind: 'absent' });
    const write = { ...setOf('theirs', stampNo(1)), replaces: stampNo(0) };
    own.note({ kind: 'write', write, madeAt: clock.wallTime() });
    own.flip(clock.now());
    loop.wake();
    await clock.advance(14_000);
    expect(applied.length).toBeGreaterThan(3);
    expect(applied.length).toBeLessThan(10);
    expect(own.entries).toBe(1);
    await clock.advance(10_000);
    expect(own.stats).toMatchObject({ entries: 0, superseded: 1 });
    await loop.close(0);
  });
});
