import { deleteOf, endOf, setOf, stampNo } from '../../../../test/support/stored-writes.js';
import { ConfigInvalidError } from '../../base/errors/index.js';
import { ManualClock } from '../../testing/index.js';
import { MemoryStore } from './memory-store.js';

const ROOMY = { maxEntries: 1_000_000, maxBytes: 2 ** 31 };

describe('the rooms of memory', () => {
  let store: MemoryStore;
  let clock: ManualClock;

  const open = (limits: Partial<typeof ROOMY> = {}): void => {
    clock = new ManualClock();
    store = new MemoryStore({ ...ROOMY, ...limits }, clock);
    store.open('sessions', { policy: 'session' });
    store.open('cache', { policy: 'cache' });
    store.open('locks', { policy: 'strict' });
  };
  const fill = (keyspace: string, count: number, body = ''): void => {
    for (let i = 0; i < count; i++) store.apply(setOf(`${keyspace}:${i}`, stampNo(1), { body }));
  };
  const held = (keyspace: string, count: number): number =>
    Array.from({ length: count }, (_, i) => store.peek(`${keyspace}:${i}`)).filter(
      (copy) => copy !== null && !copy.isFinal,
    ).length;
  const isRefused = (key: string, groups: string[] = []): boolean =>
    store.apply(setOf(key, stampNo(1), { groups })).kind === 'superseded';

  beforeEach(() => {
    open();
  });

  describe('between sessions and values', () => {
    it('keep a session however many large values come', () => {
      open({ maxBytes: 64 * 1024 * 1024 });
      fill('sessions', 1);
      fill('cache', 80, 'x'.repeat(1_000_000));
      expect(store.peek('sessions:0')).not.toBeNull();
      expect(store.usage.classes).toMatchObject({
        sessions: { entries: 1, evictions: 0 },
        values: { entries: 58, evictions: 22 },
      });
    });

    it('keep sessions however many small values come, of caches or of strict keyspaces', () => {
      open({ maxEntries: 800 });
      fill('sessions', 500);
      fill('cache', 2000);
      fill('locks', 2000);
      expect(held('sessions', 500)).toBe(500);
      expect(store.usage).toMatchObject({ entries: 700, evictions: 3800 });
    });

    it('let values leave for sessions, and only then sessions', () => {
      open({ maxEntries: 80 });
      fill('cache', 70);
      fill('sessions', 60);
      expect(store.usage.classes).toMatchObject({
        sessions: { entries: 60, evictions: 0 },
        values: { entries: 10, evictions: 60 },
      });
      fill('sessions', 100);
      expect(store.usage.classes).toMatchObject({
        sessions: { entries: 70, evictions: 30 },
        values: { entries: 0, evictions: 70 },
      });
    });

    it('take no value at all while sessions need everything, and keep no older one for it', () => {
      open({ maxEntries: 80 });
      fill('cache', 1);
      fill('sessions', 70);
      expect(store.apply(setOf('cache:0', stampNo(3)))).toEqual({ kind: 'applied' });
      expect(store.peek('cache:0')).toBeNull();
      expect(store.refused).toBe(1);
      expect(held('sessions', 70)).toBe(70);
    });

    it('drive out no values for one that would not fit beside the sessions', () => {
      open({ maxBytes: 80_000 });
      fill('sessions', 20, 'x'.repeat(1000));
      fill('cache', 10);
      store.apply(setOf('cache:large', stampNo(1), { body: 'x'.repeat(40_000) }));
      expect(held('cache', 10)).toBe(10);
      expect(store.usage.evictions).toBe(0);
    });

    it('let a scan pass without losing what is used', () => {
      open({ maxEntries: 800 });
      fill('cache', 100);
      for (let i = 0; i < 100; i++) store.peek(`cache:${i}`);
      fill('scanned', 5000);
      expect(held('cache', 100)).toBe(100);
    });
  });

  it('tell of each class the bounds of its rooms, of which values and sessions share one', () => {
    open({ maxEntries: 800, maxBytes: 80_000 });
    const shared = { maxEntries: 700, maxBytes: 70_000 };
    expect(store.usage.classes).toMatchObject({
      sessions: shared,
      values: shared,
      ends: { maxEntries: 100, maxBytes: 10_000 },
    });
    store.open('own', { policy: 'session', memoryPercent: 25 });
    expect(store.usage.classes).toMatchObject({
      sessions: shared,
      values: { maxEntries: 500, maxBytes: 50_000 },
    });
  });

  describe('for ends', () => {
    it('leave all values when a thousand keys are deleted that never existed', () => {
      open({ maxEntries: 1000 });
      fill('cache', 500);
      for (let i = 0; i < 1000; i++) store.apply(deleteOf(`cache:none${i}`, stampNo(3)));
      expect(held('cache', 500)).toBe(500);
      expect(store.usage.classes).toMatchObject({
        values: { entries: 500, evictions: 0 },
        ends: { entries: 125, evictions: 875 },
      });
    });

    it('keep deletes and drops however many values come', () => {
      open({ maxEntries: 100 });
      store.apply(deleteOf('cache:a', stampNo(3)));
      store.drop({ group: 'cache#g', stamp: stampNo(3), ttlMs: 60_000 });
      fill('cache', 1000);
      expect(isRefused('cache:a')).toBe(true);
      expect(isRefused('cache:b', ['cache#g'])).toBe(true);
    });

    it('let those of caches leave first, then the oldest', () => {
      open({ maxEntries: 80 });
      store.apply(endOf('sessions:a', stampNo(3)));
      store.drop({ group: 'sessions#ann', stamp: stampNo(3), ttlMs: 60_000 });
      for (let i = 0; i < 100; i++) store.apply(deleteOf(`cache:${i}`, stampNo(3)));
      expect(isRefused('sessions:a')).toBe(true);
      expect(isRefused('sessions:b', ['sessions#ann'])).toBe(true);
      expect([0, 92, 99].map((i) => isRefused(`cache:${i}`))).toEqual([false, true, true]);
      for (let i = 0; i < 9; i++) store.apply(endOf(`sessions:${i}`, stampNo(3)));
      expect(isRefused('sessions:a')).toBe(false);
      expect(isRefused('cache:99')).toBe(false);
    });

    it('take the place of what they end, and keep one of their own when something comes after it', () => {
      fill('cache', 10);
      store.apply(deleteOf('cache:1', stampNo(3)));
      expect(store.usage.classes).toMatchObject({ values: { entries: 9 }, ends: { entries: 1 } });
      store.apply(setOf('cache:1', stampNo(4)));
      expect(store.usage.classes).toMatchObject({ values: { entries: 10 }, ends: { entries: 1 } });
      expect(isRefused('cache:1')).toBe(true);
    });

    it('end a large group at once, although few of its tombstones fit', () => {
      open({ maxEntries: 800 });
      for (let i = 0; i < 600; i++) {
        store.apply(setOf(`cache:${i}`, stampNo(1), { groups: ['cache#g'] }));
      }
      expect(store.drop({ group: 'cache#g', stamp: stampNo(3), ttlMs: 60_000 })).toBe(600);
      expect(store.usage.classes).toMatchObject({ values: { entries: 0 }, ends: { entries: 100 } });
      expect(store.members('cache#g')).toEqual([]);
    });
  });

  describe('of one keyspace alone', () => {
    it('are touched by nobody else, and touch nobody else', () => {
      open({ maxEntries: 1000 });
      store.open('prices', { policy: 'cache', memoryPercent: 20 });
      fill('prices', 200);
      fill('cache', 1000);
      fill('sessions', 1000);
      expect(held('prices', 200)).toBe(200);
      expect(store.usage).toMatchObject({ entries: 875 });
      fill('prices', 2000);
      expect(held('sessions', 1000)).toBe(675);
      expect(store.usage.classes).toMatchObject({
        sessions: { entries: 675 },
        values: { entries: 200 },
      });
    });

    it('are counted with their class', () => {
      store.open('staff', { policy: 'session', memoryPercent: 1 });
      fill('staff', 3);
      fill('sessions', 2);
      expect(store.usage.classes.sessions).toMatchObject({ entries: 5 });
    });

    it('are taken from what others share, which shrinks at once', () => {
      open({ maxEntries: 1000 });
      fill('cache', 875);
      store.open('prices', { policy: 'cache', memoryPercent: 50 });
      expect(store.usage).toMatchObject({ entries: 375, evictions: 500 });
    });

    it('hold in bytes, too', () => {
      open({ maxBytes: 100_000 });
      store.open('prices', { policy: 'cache', memoryPercent: 20 });
      fill('prices', 100, 'x'.repeat(1000));
      expect(store.usage.bytes).toBeLessThanOrEqual(20_000);
      expect(store.usage.entries).toBeGreaterThan(8);
    });

    it('may take half of the memory together', () => {
      store.open('one', { policy: 'cache', memoryPercent: 30 });
      store.open('one', { policy: 'cache', memoryPercent: 30 });
      const more = (): void => {
        store.open('two', { policy: 'cache', memoryPercent: 21 });
      };
      expect(more).toThrow(ConfigInvalidError);
      expect(more).toThrow(/two\.memoryPercent.*20 are left/s);
      store.open('two', { policy: 'cache', memoryPercent: 20 });
    });
  });

  describe('in the smallest of memories', () => {
    it.each([1, 2, 3, 7, 8, 9])('hold at most %d entries in all', (maxEntries) => {
      open({ maxEntries });
      for (let i = 0; i < 30; i++) {
        store.apply(setOf(`cache:${i}`, stampNo(1)));
        store.apply(deleteOf(`cache:${i}x`, stampNo(1)));
        store.apply(setOf(`sessions:${i}`, stampNo(1)));
        store.drop({ group: `cache#${i}`, stamp: stampNo(1), ttlMs: 60_000 });
        expect(store.usage.entries).toBeLessThanOrEqual(maxEntries);
      }
      expect(store.peek('sessions:29')).not.toBeNull();
    });
  });

  describe('with decoded values', () => {
    const body = 'x'.repeat(100);
    const keep = (key: string, bytes: number): boolean =>
      store.peek(key)!.keepDecoded({ of: key }, bytes);

    it('keep one beside the bytes until the key is written again', () => {
      fill('cache', 1, body);
      const copy = store.peek('cache:0')!;
      expect(copy.decoded).toBeUndefined();
      expect(copy.keepDecoded({ a: 1 }, 500)).toBe(true);
      expect(store.peek('cache:0')!.decoded).toEqual({ a: 1 });
      store.apply(setOf('cache:0', stampNo(1), { body }));
      store.confirm('cache:0');
      expect(store.peek('cache:0')!.decoded).toEqual({ a: 1 });
      store.apply(setOf('cache:0', stampNo(2), { body }));
      expect(store.peek('cache:0')!.decoded).toBeUndefined();
    });

    it('count it, once', () => {
      fill('cache', 2, body);
      const before = store.usage.bytes;
      keep('cache:0', 5000);
      expect(store.usage.bytes).toBe(before + 5000);
      keep('cache:0', 3000);
      expect(store.usage.bytes).toBe(before + 3000);
      expect(store.usage.classes.values.bytes).toBe(before + 3000);
      store.forget('cache:0');
      store.forget('cache:1');
      expect(store.usage.bytes).toBe(0);
    });

    it('let others leave for it', () => {
      open({ maxBytes: 80_000 });
      fill('cache', 60, body);
      expect(keep('cache:59', 30_000)).toBe(true);
      expect(store.peek('cache:59')!.decoded).toEqual({ of: 'cache:59' });
      expect(store.usage.evictions).toBeGreaterThan(10);
      expect(store.usage.bytes).toBeLessThanOrEqual(70_000);
    });

    it('keep none that is larger than its room, and the bytes all the same', () => {
      open({ maxBytes: 80_000 });
      fill('cache', 10, body);
      expect(keep('cache:3', 70_000)).toBe(false);
      expect(store.peek('cache:3')!.decoded).toBeUndefined();
      expect(held('cache', 10)).toBe(10);
    });

    it('that can be done without are worth making while there is room, and once in a while where others leave for them', () => {
      open({ maxBytes: 80_000 });
      fill('cache', 20, body);
      const made = Array.from({ length: 400 }, (_, i) => {
        const copy = store.peek(`cache:${i % 20}`)!;
        if (copy.decoded !== undefined || !copy.mayKeepSpare(1_000)) return false;
        return copy.keepDecoded({ of: i }, 1_000, true);
      });
      expect(made.slice(0, 9)).toEqual([...Array<boolean>(8).fill(true), false]);
      const later = made.slice(20).filter(Boolean).length;
      expect(later).toBeGreaterThan(5);
      expect(later).toBeLessThan(20);
      // Whoever is left is used at each round.
      const held = Array.from({ length: 20 }, (_, i) => store.peek(`cache:${i}`)!.decoded);
      expect(held.filter((one) => one !== undefined)).toHaveLength(8);
    });

    it('keep those that can be done without in an eighth of the room, the oldest of them least', () => {
      open({ maxBytes: 80_000 });
      fill('cache', 20, body);
      const evictions = store.usage.evictions;
      const spare = (key: string, bytes: number): boolean =>
        store.peek(key)!.keepDecoded({ of: key }, bytes, true);
      for (let i = 0; i < 20; i++) expect(spare(`cache:${i}`, 1_000)).toBe(true);
      const kept = Array.from({ length: 20 }, (_, i) => store.peek(`cache:${i}`)!.decoded);
      expect(kept.map((one) => one !== undefined)).toEqual([
        ...Array<boolean>(12).fill(false),
        ...Array<boolean>(8).fill(true),
      ]);
      expect(store.usage.evictions).toBe(evictions);
      expect(spare('cache:0', 9_000)).toBe(false);
      expect(store.peek('cache:0')!.decoded).toBeUndefined();
      expect(store.peek('cache:19')!.decoded).toEqual({ of: 'cache:19' });
      for (let i = 0; i < 20; i++) store.forget(`cache:${i}`);
      expect(store.usage.bytes).toBe(0);
      fill('cache', 8, body);
      for (let i = 0; i < 8; i++) expect(spare(`cache:${i}`, 1_000)).toBe(true);
      expect(store.peek('cache:0')!.decoded).toEqual({ of: 'cache:0' });
    });

    it('keep none for bytes that were replaced while it was decoded', () => {
      fill('cache', 1, body);
      const copy = store.peek('cache:0')!;
      store.apply(setOf('cache:0', stampNo(2), { body }));
      const before = store.usage.bytes;
      expect(copy.keepDecoded({ old: true }, 500)).toBe(false);
      expect(store.peek('cache:0')!.decoded).toBeUndefined();
      expect(store.usage.bytes).toBe(before);
    });
  });
});
