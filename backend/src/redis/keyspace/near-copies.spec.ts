import { setOf, stampNo } from '../../../test/support/stored-writes.js';
import { ManualClock } from '../testing/index.js';
import { KeyspaceKeys } from './keyspace-keys.js';
import { NearCopies } from './near-copies.js';
import { MemoryStore } from './store/memory-store.js';
import type { RedisPort } from './store/redis-port.js';
import { HybridClock, stampDigits, type Stamp } from './store/stamp.js';

const KEY = 'users:a';

describe('NearCopies', () => {
  let clock: ManualClock;
  let memory: MemoryStore;
  let stamps: HybridClock;
  let near: NearCopies;
  let publish: (message: string) => void;
  let tellHearing: () => void;
  let tellLost: () => void;

  beforeEach(async () => {
    clock = new ManualClock(stampNo(0).wallMs);
    memory = new MemoryStore({ maxEntries: 100, maxBytes: 1_000_000 }, clock);
    stamps = new HybridClock(clock, '0000000000000001');
    const port = {
      listen: (...[, onMessage, onHearing, onLost]: Parameters<RedisPort['listen']>) => {
        publish = onMessage;
        tellHearing = onHearing;
        tellLost = onLost;
        onHearing();
        return Promise.resolve(() => undefined);
      },
    };
    const keys = new KeyspaceKeys('users');
    const parts = { memory, clock, stamps };
    near = new NearCopies(port as unknown as RedisPort, keys, parts, () => undefined);
    near.wake();
    await clock.advance(1);
  });

  const tell = (stamp: Stamp, key = KEY): void => {
    publish(stampDigits(stamp) + key);
  };
  const hold = (no: number, key = KEY): void => {
    memory.apply(setOf(key, stampNo(no)));
  };
  const isTrusted = (key = KEY): boolean | undefined => memory.peek(key)?.isTrusted;
  const ahead = (ms: number): Stamp => ({ ...stampNo(0), wallMs: clock.wallTime() + ms });

  it('distrusts a copy of which another write was told, and none that was told itself', () => {
    hold(1);
    tell(stampNo(1));
    expect(isTrusted()).toBe(true);
    tell(stampNo(2));
    expect(isTrusted()).toBe(false);
    expect(near.noticeOf(KEY)).toEqual(stampNo(2));
  });

  it('distrusts it also for an earlier stamp: the end of a key wins against later ones', async () => {
    hold(5);
    tell(stampNo(3));
    expect(isTrusted()).toBe(false);
    // A read that was under way brings the later stamp; one that began since then is right.
    hold(7);
    near.review(KEY, stampNo(7), clock.now() - 1);
    expect(isTrusted()).toBe(false);
    await clock.advance(10);
    hold(8);
    near.review(KEY, stampNo(8), clock.now());
    expect(isTrusted()).toBe(true);
  });

  it('trusts no copy while it hears nothing, also when the channel is lost before it is had', async () => {
    near.rest();
    near.wake();
    tellLost();
    await clock.advance(1);
    expect(near.trustedSince).toBe(Infinity);
    tellHearing();
    expect(near.trustedSince).toBe(clock.now());
  });

  it('takes notices of a wrong calendar for a reason to look once, and no longer', async () => {
    hold(1);
    tell(ahead(3_000_000));
    expect(isTrusted()).toBe(false);
    expect(near.noticeOf(KEY)).toBeNull();
    await clock.advance(1);
    memory.confirm(KEY);
    near.review(KEY, stampNo(1), clock.now());
    expect(isTrusted()).toBe(true);
    expect(stamps.next().wallMs).toBeLessThan(clock.wallTime() + 1_000);
  });

  it('holds no more than so many bytes, whoever publishes what', () => {
    tell(stampNo(1), `users:${'x'.repeat(1_048_576)}`);
    tell(stampNo(1), 'orders:a');
    tell(stampNo(1), 'users');
    publish('nonsense');
    expect(near.noticeOf('orders:a')).toBeNull();
    for (let i = 0; i < 3_000; i++) tell(stampNo(i), `users:${String(i).padEnd(1_500, 'x')}`);
    const held = Array.from({ length: 3_000 }, (_, i) =>
      near.noticeOf(`users:${String(i).padEnd(1_500, 'x')}`),
    ).filter((stamp) => stamp !== null);
    expect(held.length).toBeGreaterThan(100);
    expect(held.length * 3_000).toBeLessThan(2_097_152);
  });

  it('distrusts what was asked for before a notice that is forgotten by now', async () => {
    const askedAt = clock.now();
    await clock.advance(1);
    tell(stampNo(2));
    for (let i = 0; i < 10_000; i++) tell(stampNo(i), `users:k${String(i)}`);
    expect(near.noticeOf(KEY)).toBeNull();
    hold(1);
    near.review(KEY, stampNo(1), askedAt);
    expect(isTrusted()).toBe(false);
  });
});
