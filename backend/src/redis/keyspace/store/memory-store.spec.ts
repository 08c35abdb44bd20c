import { describeKeyValueStore } from '../../../../test/support/key-value-store-contract.js';
import { deleteOf, setOf, stampNo } from '../../../../test/support/stored-writes.js';
import { InvalidArgumentError } from '../../base/errors/index.js';
import { ManualClock } from '../../testing/index.js';
import { MemoryStore } from './memory-store.js';
import { MAX_AHEAD_MS, type Stamp } from './stamp.js';

const ROOMY = { maxEntries: 1_000_000, maxBytes: 2 ** 31 };

describeKeyValueStore('MemoryStore', () => {
  const clock = new ManualClock();
  return Promise.resolve({
    store: new MemoryStore(ROOMY, clock),
    close: () => Promise.resolve(),
    pass: (ms) => clock.advance(ms),
  });
});

describe('MemoryStore', () => {
  let clock: ManualClock;
  let store: MemoryStore;

  const open = (bounds: Partial<typeof ROOMY> = {}): MemoryStore => {
    clock = new ManualClock();
    return (store = new MemoryStore({ ...ROOMY, ...bounds }, clock));
  };
  const held = (...keys: string[]): string[] => keys.filter((_, i) => store.read(keys)[i] !== null);
  /** What one entry of this kind counts. */
  const bytesOf = (body: string, groups: string[] = []): number => {
    const alone = new MemoryStore(ROOMY, clock);
    alone.apply(setOf('key:1', stampNo(1), { body, groups }));
    return alone.usage.bytes;
  };

  /** Bounds of which values and sessions get this much. */
  const room = (bytes: number): number => Math.ceil((bytes * 8) / 7);

  beforeEach(() => {
    open();
  });

  describe('bounds', () => {
    it.each([
      ['maxEntries', 0],
      ['maxEntries', -1],
      ['maxEntries', 1.5],
      ['maxEntries', NaN],
      ['maxEntries', Infinity],
      ['maxEntries', '100' as unknown as number],
      ['maxEntries', undefined as unknown as number],
      ['maxBytes', 0],
      ['maxBytes', Infinity],
      ['maxBytes', null as unknown as number],
    ])('refuses %s of %p, and says what to write', (field, value) => {
      expect(() => new MemoryStore({ ...ROOMY, [field]: value }, clock)).toThrow(
        InvalidArgumentError,
      );
      expect(() => new MemoryStore({ ...ROOMY, [field]: value }, clock)).toThrow(field);
    });

    it('lets what nobody used leave first when there are too many entries', () => {
      open({ maxEntries: 4 });
      for (const key of ['a', 'b', 'c']) store.apply(setOf(key, stampNo(1)));
      store.peek('a');
      store.read(['b']);
      store.apply(setOf('d', stampNo(1)));
      expect(held('a', 'b', 'c', 'd')).toEqual(['a', 'b', 'd']);
      expect(store).toMatchObject({ size: 3, expirations: 0, refused: 0 });
      expect(store.usage).toMatchObject({ entries: 3, evictions: 1 });
    });

    it('counts a write as use, and looking at members or doubting as none', () => {
      open({ maxEntries: 4 });
      for (const key of ['a', 'b', 'c']) store.apply(setOf(key, stampNo(1), { groups: ['g'] }));
      store.apply(setOf('a', stampNo(2), { groups: ['g'] }));
      store.members('g');
      store.distrust('b');
      store.confirm('b');
      store.apply(setOf('d', stampNo(1)));
      expect(held('a', 'b', 'c', 'd')).toEqual(['a', 'c', 'd']);
    });

    it('lets entries leave until the bytes fit', () => {
      const size = bytesOf('x'.repeat(1000));
      open({ maxBytes: room(size * 3) });
      for (let i = 1; i <= 3; i++)
        store.apply(setOf(`key:${i}`, stampNo(1), { body: 'x'.repeat(1000) }));
      expect(store.usage).toMatchObject({ entries: 3, bytes: size * 3, evictions: 0 });
      store.apply(setOf('key:4', stampNo(1), { body: 'x'.repeat(1002) }));
      expect(held('key:1', 'key:2', 'key:3', 'key:4')).toEqual(['key:3', 'key:4']);
      expect(store.usage).toMatchObject({ bytes: size * 2 + 2, evictions: 2 });
    });

    it('takes one entry as large as its room, and no larger one', () => {
      open({ maxBytes: room(bytesOf('x'.repeat(5000))) });
      store.apply(setOf('key:2', stampNo(1)));
      expect(store.apply(setOf('key:1', stampNo(2), { body: 'x'.repeat(5000) }))).toEqual({
        kind: 'applied',
      });
      expect(held('key:1', 'key:2')).toEqual(['key:1']);
      expect(store.refused).toBe(0);
      const tooLarge = setOf('key:1', stampNo(3), { body: 'x'.repeat(5001), groups: ['g'] });
      expect(store.apply(tooLarge)).toEqual({ kind: 'applied' });
      expect(held('key:1')).toEqual([]);
      expect(store.members('g')).toEqual([]);
      expect(store).toMatchObject({ size: 0, refused: 1 });
      expect(store.usage).toMatchObject({ bytes: 0, evictions: 1 });
    });

    it('turns an older write away however large it is', () => {
      open({ maxBytes: 5000 });
      store.apply(setOf('a', stampNo(2)));
      const older = setOf('a', stampNo(1), { body: 'x'.repeat(6000) });
      expect(store.apply(older)).toEqual({ kind: 'superseded', by: stampNo(2) });
      expect(store).toMatchObject({ size: 1, refused: 0 });
    });

    it('counts keys, entries, groups and what it costs to keep them', () => {
      const plain = bytesOf('');
      expect(plain).toBeGreaterThan(500);
      expect(bytesOf('x'.repeat(100))).toBe(plain + 100);
      const grouped = bytesOf('', ['group']);
      // The name of a group is in the index and in the entry.
      expect(grouped).toBeGreaterThan(plain + 2 * 'group'.length + 100);
      store.apply(setOf('key:1ä', stampNo(1)));
      expect(store.usage.bytes).toBe(plain + 2);
    });

    it('counts marks of dropped groups, and lets the oldest leave', () => {
      open({ maxEntries: 24 });
      for (let i = 1; i <= 3; i++) store.drop({ group: `g${i}`, stamp: stampNo(5), ttlMs: 60_000 });
      expect(store.usage.bytes).toBeGreaterThan(3 * 500);
      store.drop({ group: 'g4', stamp: stampNo(5), ttlMs: 60_000 });
      const isTurnedAway = (group: string): boolean =>
        store.apply(setOf(`of ${group}`, stampNo(1), { groups: [group] })).kind === 'superseded';
      expect(['g4', 'g3', 'g2'].map(isTurnedAway)).toEqual([true, true, true]);
      expect(isTurnedAway('g1')).toBe(false);
      expect(store.usage.evictions).toBe(1);
    });

    it('keeps no mark that is larger than the room for ends', () => {
      open({ maxBytes: 16_000 });
      store.drop({ group: 'g'.repeat(2000), stamp: stampNo(5), ttlMs: 60_000 });
      expect(store.usage.bytes).toBe(0);
      expect(store.refused).toBe(1);
    });

    it('holds its bounds and its sums in any course of events', () => {
      open({ maxEntries: 40, maxBytes: 60_000 });
      let most = 0;
      let seed = 1;
      const dice = (sides: number): number => {
        seed = (seed * 48271) % 2147483647;
        return seed % sides;
      };
      for (let i = 0; i < 20_000; i++) {
        const key = `k${dice(80)}`;
        const groups = [`g${dice(9)}`, `g${dice(9)}`].slice(dice(3));
        const body = 'x'.repeat(dice(20) === 0 ? dice(70_000) : dice(2000));
        const course: (() => unknown)[] = [
          () => store.apply(setOf(key, stampNo(dice(i + 1)), { body, groups, ttlMs: dice(400) })),
          () => store.apply(setOf(key, stampNo(i), { body, groups, ttlMs: null })),
          () => store.apply(deleteOf(key, stampNo(i))),
          () => store.drop({ group: `g${dice(9)}`, stamp: stampNo(dice(i + 1)), ttlMs: dice(900) }),
          () => store.peek(key),
          () => store.members(`g${dice(9)}`),
          () => {
            if (dice(10) === 0) store.forget(key);
          },
          () => clock.advance(dice(3)),
        ];
        course[dice(course.length)]!();
        most = Math.max(most, store.size);
        expect(store.size).toBeLessThanOrEqual(40);
        expect(store.usage.bytes).toBeLessThanOrEqual(60_000);
      }
      expect(most).toBeGreaterThan(30);
      for (let i = 0; i < 80; i++) store.forget(`k${i}`);
      for (let i = 0; i < 9; i++) expect(store.members(`g${i}`)).toEqual([]);
      expect(store.size).toBe(0);
      store.clear();
      expect(store.usage.bytes).toBe(0);
    });
  });

  describe('bytes', () => {
    it('holds on to no larger Buffer that an entry was cut from', () => {
      const write = setOf('a', stampNo(1), { body: 'body' });
      const chunk = Buffer.alloc(65_536);
      const slice = chunk.subarray(100, 100 + write.entry.copy(chunk, 100));
      store.apply({ ...write, entry: slice });
      const { entry } = store.peek('a')!;
      expect(entry).toEqual(write.entry);
      expect(entry.buffer.byteLength).toBe(entry.length);
      chunk.fill(0);
      expect(entry).toEqual(write.entry);
    });

    it('copies nothing that stands alone', () => {
      // Smaller ones share the memory of Node's pool, whose size depends on the version.
      const write = setOf('a', stampNo(1), { body: 'x'.repeat(Buffer.poolSize) });
      store.apply(write);
      expect(store.peek('a')!.entry).toBe(write.entry);
    });

    it('gives the same Buffer each time until there is a later write', () => {
      const write = setOf('a', stampNo(1));
      store.apply(write);
      const before = store.peek('a')!;
      store.apply(write);
      store.confirm('a');
      expect(store.peek('a')).toBe(before);
      store.apply(setOf('a', stampNo(2)));
      expect(store.peek('a')).not.toBe(before);
      expect(before.entry).toEqual(write.entry);
    });
  });

  describe('stamps', () => {
    const ahead = (ms: number): Stamp => ({ ...stampNo(1), wallMs: clock.wallTime() + ms });

    it.each([
      [0, 'superseded'],
      [1, 'applied'],
    ])('believes one %d ms beyond the furthest: an older write is %s', (ms, kind) => {
      const stored = setOf('a', ahead(MAX_AHEAD_MS + ms), { groups: ['h'] });
      store.apply(stored);
      store.drop({ group: 'g', stamp: ahead(MAX_AHEAD_MS + ms), ttlMs: 60_000 });
      expect(store.apply(setOf('a', stampNo(2))).kind).toBe(kind);
      expect(store.apply(setOf('b', stampNo(2), { groups: ['g'] })).kind).toBe(kind);
    });

    it('believes it once the calendar has come near', async () => {
      store.apply(setOf('a', ahead(MAX_AHEAD_MS + 10)));
      await clock.advance(10);
      expect(store.apply(setOf('a', stampNo(2))).kind).toBe('superseded');
    });

    it('returns the stamp of what it holds, and none for bytes that are no entry', () => {
      store.apply(setOf('a', stampNo(3)));
      store.apply({ ...setOf('b', stampNo(3)), entry: Buffer.from('foreign') });
      expect(store.peek('a')!.stamp).toEqual(stampNo(3));
      expect(store.peek('b')!.stamp).toBeNull();
    });
  });

  describe('time', () => {
    it('ends an entry when its time is over, not before', async () => {
      store.apply(setOf('a', stampNo(1), { ttlMs: 100 }));
      await clock.advance(99);
      expect(store.peek('a')).not.toBeNull();
      await clock.advance(1);
      expect(store.peek('a')).toBeNull();
      expect(store).toMatchObject({ size: 0, expirations: 1 });
      expect(store.usage).toMatchObject({ entries: 0, bytes: 0, evictions: 0 });
    });

    it('sets no timer', () => {
      store.apply(setOf('a', stampNo(1), { ttlMs: 100 }));
      store.drop({ group: 'g', stamp: stampNo(1), ttlMs: 100 });
      expect(clock.pending).toBe(0);
    });

    it('clears away what has expired, without anybody looking at it, as writes pass by', async () => {
      for (let i = 0; i < 100; i++) store.apply(setOf(`a${i}`, stampNo(1), { ttlMs: 100 }));
      for (let i = 0; i < 100; i++) store.drop({ group: `g${i}`, stamp: stampNo(1), ttlMs: 100 });
      const before = store.usage.bytes;
      await clock.advance(100);
      expect(store.usage.bytes).toBe(before);
      // The write of one key, over and over, goes round everything else.
      for (let i = 0; i < 120; i++) store.apply(setOf('b', stampNo(i)));
      expect(store).toMatchObject({ size: 1, expirations: 200 });
      expect(store.usage.bytes).toBe(bytesOf('') - 4);
    });

    it('clears little at a time', async () => {
      for (let i = 0; i < 100; i++) store.apply(setOf(`a${i}`, stampNo(1), { ttlMs: 100 }));
      await clock.advance(100);
      store.apply(setOf('b', stampNo(1)));
      expect(store.expirations).toBeLessThanOrEqual(4);
    });

    it('treats a TTL that is no number as over', () => {
      store.apply(setOf('a', stampNo(1)));
      store.apply(setOf('a', stampNo(2), { ttlMs: NaN }));
      expect(store.usage).toMatchObject({ entries: 0, bytes: 0 });
    });

    it('drops no member that has expired', async () => {
      store.apply(setOf('a', stampNo(1), { ttlMs: 100, groups: ['g'] }));
      await clock.advance(100);
      expect(store.drop({ group: 'g', stamp: stampNo(2), ttlMs: 100 })).toBe(0);
      expect(store.peek('a')).toBeNull();
    });
  });

  describe('groups', () => {
    it('forgets a group that a key was in before it was written again', () => {
      store.apply(setOf('a', stampNo(1), { groups: ['g'] }));
      store.apply(setOf('a', stampNo(2), { groups: ['h'] }));
      expect(store.members('g')).toEqual([]);
      expect(store.drop({ group: 'g', stamp: stampNo(9), ttlMs: 100 })).toBe(0);
      expect(store.members('h')).toEqual(['a']);
    });

    it.each<[string, () => void]>([
      ['deleted', () => store.apply(deleteOf('a', stampNo(2)))],
      ['forgotten', () => store.forget('a')],
      ['driven out', () => store.apply(setOf('b', stampNo(1)))],
      ['cleared', () => store.clear()],
    ])('lists nobody who was %s', (_, leave) => {
      open({ maxEntries: 1 });
      store.apply(setOf('a', stampNo(1), { groups: ['g'] }));
      leave();
      expect(store.members('g')).toEqual([]);
    });

    it('makes tombstones that last as long as the drop is remembered', async () => {
      store.apply(setOf('a', stampNo(1), { groups: ['g'], ttlMs: null }));
      store.drop({ group: 'g', stamp: stampNo(2), ttlMs: 100 });
      await clock.advance(99);
      expect(store.peek('a')).not.toBeNull();
      await clock.advance(1);
      expect(store.peek('a')).toBeNull();
    });
  });

  describe('trust', () => {
    const isTrusted = (key: string): boolean | undefined => store.peek(key)?.isTrusted;

    it('says when a copy was written or confirmed last', async () => {
      await clock.advance(10);
      store.apply(setOf('a', stampNo(1), { ttlMs: 1000 }));
      expect(store.peek('a')).toMatchObject({ heardAt: 10, isTrusted: true });
      await clock.advance(10);
      store.peek('a');
      expect(store.peek('a')!.heardAt).toBe(10);
      store.confirm('a');
      expect(store.peek('a')!.heardAt).toBe(20);
      await clock.advance(10);
      store.apply(setOf('a', stampNo(2), { ttlMs: 1000 }));
      expect(store.peek('a')!.heardAt).toBe(30);
      await clock.advance(10);
      store.apply(setOf('a', stampNo(2), { ttlMs: 1000 }));
      expect(store.peek('a')!.heardAt).toBe(40);
    });

    it('does not let a copy live longer because it was confirmed', async () => {
      store.apply(setOf('a', stampNo(1), { ttlMs: 100 }));
      await clock.advance(60);
      store.confirm('a');
      await clock.advance(40);
      store.confirm('a');
      expect(store.peek('a')).toBeNull();
    });

    it.each<[string, () => void]>([
      ['confirmed', () => store.confirm('a')],
      ['written again', () => store.apply(setOf('a', stampNo(1)))],
      ['written again', () => store.apply(setOf('a', stampNo(2)))],
    ])('doubts one copy until it is %s', (_, hear) => {
      store.apply(setOf('a', stampNo(1)));
      store.apply(setOf('b', stampNo(1)));
      store.distrust('a');
      expect([isTrusted('a'), isTrusted('b')]).toEqual([false, true]);
      hear();
      expect(isTrusted('a')).toBe(true);
    });

    it('doubts all copies, also in the hands of those who have one already', () => {
      store.apply(setOf('a', stampNo(1)));
      store.apply(setOf('b', stampNo(1)));
      const copy = store.peek('a')!;
      store.distrustAll();
      expect(copy.isTrusted).toBe(false);
      store.confirm('a');
      store.apply(setOf('c', stampNo(1)));
      expect([isTrusted('a'), isTrusted('b'), isTrusted('c')]).toEqual([true, false, true]);
      store.distrust('a');
      store.distrustAll();
      expect([isTrusted('a'), isTrusted('b'), isTrusted('c')]).toEqual([false, false, false]);
    });

    it('stays distrusted after a write that came too late', () => {
      store.apply(setOf('a', stampNo(2)));
      store.distrust('a');
      store.apply(setOf('a', stampNo(1)));
      expect(isTrusted('a')).toBe(false);
    });

    it('ignores distrust and confirmation of a key that it does not hold', () => {
      store.distrust('a');
      store.confirm('a');
      store.forget('a');
      expect(store.size).toBe(0);
    });
  });

  it('forgets a key without a trace', () => {
    store.apply(setOf('a', stampNo(5), { groups: ['g'] }));
    store.forget('a');
    expect(store.expirations).toBe(0);
    expect(store.usage).toMatchObject({ entries: 0, bytes: 0, evictions: 0 });
    expect(store.apply(setOf('a', stampNo(1))).kind).toBe('applied');
  });

  it('forgets everything without a trace, dropped groups too, and goes on', () => {
    store.apply(setOf('a', stampNo(5), { groups: ['g'] }));
    store.drop({ group: 'h', stamp: stampNo(5), ttlMs: 1000 });
    store.clear();
    expect(store.usage).toMatchObject({ entries: 0, bytes: 0 });
    expect(store.apply(setOf('a', stampNo(1), { groups: ['h'] })).kind).toBe('applied');
    expect(store.members('h')).toEqual(['a']);
  });
});
