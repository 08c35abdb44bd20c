import { deleteOf, setOf, stampNo } from '../../../../test/support/stored-writes.js';
import { ManualClock } from '../../testing/index.js';
import { leftMs, weightOf } from './journal-log.js';
import { RecentWrites } from './recent-writes.js';

const WIDE = { windowMs: 10_000, maxEntries: 100, maxBytes: 1_000_000 };

describe('RecentWrites', () => {
  let clock: ManualClock;
  const open = (bounds: Partial<typeof WIDE> = {}): RecentWrites =>
    new RecentWrites({ ...WIDE, ...bounds }, clock);
  const names = (recent: RecentWrites): string[] =>
    recent
      .all()
      .map((record) => (record.kind === 'write' ? record.write.key : `#${record.drop.group}`));

  beforeEach(() => {
    clock = new ManualClock();
  });

  it('remembers what was written, in the order of the stamps', () => {
    const recent = open();
    recent.note(setOf('b', stampNo(3)));
    recent.noteDrop({ group: 'g', stamp: stampNo(2), ttlMs: 1_000 });
    recent.note(setOf('a', stampNo(1)));
    expect(names(recent)).toEqual(['a', '#g', 'b']);
    expect(recent.all()[0]).toEqual({
      kind: 'write',
      write: setOf('a', stampNo(1)),
      madeAt: clock.wallTime(),
    });
  });

  it('says from when on the time of a write counts', async () => {
    const recent = open();
    recent.note(setOf('a', stampNo(1), { ttlMs: 5_000 }));
    await clock.advance(2_000);
    expect(leftMs(recent.all()[0]!, clock.wallTime())).toBe(3_000);
  });

  it('remembers the newest of each key, and a delete as well as a value', () => {
    const recent = open();
    recent.note(setOf('a', stampNo(1)));
    recent.note(deleteOf('a', stampNo(3)));
    recent.note(setOf('a', stampNo(2)));
    expect(recent.latest('a')).toEqual(deleteOf('a', stampNo(3)));
    expect(recent.entries).toBe(1);
    expect(recent.latest('b')).toBeNull();
  });

  it('forgets what is older than its window', async () => {
    const recent = open();
    recent.note(setOf('a', stampNo(1)));
    await clock.advance(6_000);
    recent.note(setOf('b', stampNo(2)));
    await clock.advance(4_000);
    expect(names(recent)).toEqual(['a', 'b']);
    await clock.advance(1);
    expect(recent.latest('a')).toBeNull();
    expect(recent.latest('b')).not.toBeNull();
    recent.note(setOf('c', stampNo(3)));
    expect(names(recent)).toEqual(['b', 'c']);
    expect(recent.entries).toBe(2);
  });

  it('remembers what was acknowledged just before an outage, however long that lasts', async () => {
    const recent = open();
    recent.note(setOf('a', stampNo(1)));
    recent.note(setOf('b', stampNo(2)));
    await clock.advance(60_000);
    expect(names(recent)).toEqual(['a', 'b']);
    expect(recent.latest('a')).toBeNull();
  });

  it('counts the window of a key from its newest write', async () => {
    const recent = open();
    recent.note(setOf('a', stampNo(1)));
    recent.note(setOf('b', stampNo(2)));
    await clock.advance(6_000);
    recent.note(setOf('a', stampNo(3)));
    await clock.advance(6_000);
    recent.note(setOf('c', stampNo(4)));
    expect(names(recent)).toEqual(['a', 'c']);
  });

  it('lets go of what is too old with each write, and sets no timer', async () => {
    const recent = open();
    for (let no = 0; no < 50; no++) recent.note(setOf(`k${no}`, stampNo(no)));
    await clock.advance(10_001);
    recent.note(setOf('late', stampNo(60)));
    expect(recent.entries).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('holds no more entries than it may: the oldest leave', () => {
    const recent = open({ maxEntries: 3 });
    for (const no of [1, 2, 3, 4, 5]) recent.note(setOf(`k${no}`, stampNo(no)));
    expect(names(recent)).toEqual(['k3', 'k4', 'k5']);
  });

  it('holds no more bytes than it may, and nothing that is larger than that', () => {
    const record = {
      kind: 'write',
      write: setOf('k1', stampNo(1)),
      madeAt: 0,
    } as const;
    const weight = weightOf(record);
    const recent = open({ maxBytes: 3 * weight });
    for (const no of [1, 2, 3]) recent.note(setOf(`k${no}`, stampNo(no)));
    expect(recent.bytes).toBe(3 * weight);
    recent.note(setOf('k4', stampNo(4), { body: 'x'.repeat(weight) }));
    expect(names(recent)).toEqual(['k3', 'k4']);
    recent.note(setOf('k3', stampNo(5), { body: 'x'.repeat(3 * weight) }));
    // The older one of the key is not the newest any more, so it is no good either.
    expect(names(recent)).toEqual(['k4']);
    expect(recent.bytes).toBe(2 * weight);
  });
});
