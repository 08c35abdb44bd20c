import { setOf, stampNo } from '../../../test/support/stored-writes.js';
import { ManualClock } from '../testing/index.js';
import type { ApplyOutcome, StampedDrop, StampedWrite } from './store/key-value-store.js';
import { MemoryStore } from './store/memory-store.js';
import { RecentWrites } from './journal/recent-writes.js';
import type { RedisStore } from './store/redis-store.js';
import { ReplayedStore } from './replayed-store.js';

const APPLIED: ApplyOutcome = { kind: 'applied' };
const bounds = { maxEntries: 100, maxBytes: 1_000_000 };

describe('ReplayedStore', () => {
  const setUp = (outcome: ApplyOutcome) => {
    const clock = new ManualClock();
    const memory = new MemoryStore(bounds, clock);
    const recent = new RecentWrites({ ...bounds, windowMs: 15_000 }, clock);
    const asked: (StampedWrite | StampedDrop)[] = [];
    const redis = {
      apply: async (write: StampedWrite) => {
        asked.push(write);
        return outcome;
      },
      drop: async (drop: StampedDrop) => {
        asked.push(drop);
        return 7;
      },
    };
    const store = new ReplayedStore(redis as unknown as RedisStore, { memory, recent });
    return { store, memory, recent, asked };
  };
  const mine = setOf('users:a', stampNo(4));

  it('remembers what Redis took: a failover may lose it', async () => {
    const { store, recent, asked } = setUp(APPLIED);
    const drop = { group: 'users#g', stamp: stampNo(5), ttlMs: 60_000 };
    expect(await store.apply(mine)).toBe(APPLIED);
    expect(await store.drop(drop)).toBe(7);
    expect(asked).toEqual([mine, drop]);
    expect(recent.all()).toEqual([
      { kind: 'write', write: mine, madeAt: expect.any(Number) },
      { kind: 'drop', drop, madeAt: expect.any(Number) },
    ]);
  });

  it('does not remember what was only cleared away', async () => {
    const { store, recent } = setUp(APPLIED);
    await store.apply({ ...mine, ttlMs: 0 });
    expect(recent.all()).toEqual([]);
  });

  it('lets memory doubt what lost against something newer', async () => {
    const outcome: ApplyOutcome = { kind: 'superseded', by: stampNo(9) };
    const { store, memory, recent } = setUp(outcome);
    memory.apply(mine);
    expect(await store.apply(mine)).toBe(outcome);
    expect(memory.peek('users:a')?.isTrusted).toBe(false);
    expect(recent.all()).toEqual([]);
  });

  it('but not what is newer still, nor what is not there', async () => {
    const { store, memory } = setUp({ kind: 'superseded', by: stampNo(9) });
    await store.apply(mine);
    memory.apply(setOf('users:a', stampNo(9)));
    await store.apply(mine);
    expect(memory.peek('users:a')?.isTrusted).toBe(true);
  });
});
