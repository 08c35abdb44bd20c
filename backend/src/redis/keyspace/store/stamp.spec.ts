import { InvalidArgumentError } from '../../base/errors/index.js';
import { ManualClock } from '../../testing/index.js';
import {
  compareStamps,
  HybridClock,
  isDamaged,
  laterThan,
  MAX_AHEAD_MS,
  readStamp,
  rightAfter,
  stampOfServerTime,
  isStampDigits,
  stampDigits,
  stampOfDigits,
  STAMP_BYTES,
  writeStamp,
  type Stamp,
} from './stamp.js';

const ORIGIN = '00000000000000aa';
const START = Date.UTC(2026, 0, 1);

const at = (wallMs: number, count = 0, origin = ORIGIN): Stamp => ({ wallMs, count, origin });
const toBytes = (stamp: Stamp): Buffer => {
  const bytes = Buffer.alloc(STAMP_BYTES);
  writeStamp(stamp, bytes, 0);
  return bytes;
};

// In order of time.
const ORDERED: readonly Stamp[] = [
  at(0, 0, '0000000000000000'),
  at(0, 0, '0000000000000001'),
  at(0, 1, '0000000000000000'),
  at(255),
  at(256),
  at(START - 1, 0xffff, 'f'.repeat(16)),
  at(START),
  at(START, 0, '7fffffffffffffff'),
  at(START, 0, '8000000000000000'),
  at(START, 0, 'f'.repeat(16)),
  at(START, 1, '0000000000000000'),
  at(START, 255),
  at(START, 256),
  at(START, 0xffff),
  at(START + 1, 0, '0000000000000000'),
  at(2 ** 48 - 1, 0xffff, 'f'.repeat(16)),
];

describe('stamps', () => {
  it('are in one order, as values and as bytes', () => {
    for (const [i, a] of ORDERED.entries()) {
      for (const [j, b] of ORDERED.entries()) {
        const order = Math.sign(i - j);
        expect(Math.sign(compareStamps(a, b))).toBe(order);
        expect(toBytes(a).compare(toBytes(b))).toBe(order);
      }
    }
  });

  it('come back from their bytes, wherever those stand', () => {
    for (const stamp of ORDERED) {
      const bytes = Buffer.alloc(STAMP_BYTES + 6, 0xee);
      writeStamp(stamp, bytes, 3);
      expect(readStamp(bytes, 3)).toEqual(stamp);
      expect(bytes.subarray(0, 3)).toEqual(Buffer.alloc(3, 0xee));
      expect(bytes.subarray(-3)).toEqual(Buffer.alloc(3, 0xee));
    }
  });

  it('are written as digits that are in the same order', () => {
    for (const [i, stamp] of ORDERED.entries()) {
      const digits = stampDigits(stamp);
      expect(stampOfDigits(digits)).toEqual(stamp);
      expect(isStampDigits(digits)).toBe(true);
      expect(digits).toHaveLength(2 * STAMP_BYTES);
      const before = ORDERED[i - 1];
      if (before !== undefined) expect(digits > stampDigits(before)).toBe(true);
    }
  });

  it.each(['', 'g'.repeat(32), 'a'.repeat(31), 'a'.repeat(33), 'A'.repeat(32), 5, null])(
    'are not written as %j',
    (value) => {
      expect(isStampDigits(value)).toBe(false);
    },
  );

  it('are damaged when they are too far ahead of the calendar', () => {
    expect(isDamaged(at(START + MAX_AHEAD_MS, 0xffff), START)).toBe(false);
    expect(isDamaged(at(START + MAX_AHEAD_MS + 1), START)).toBe(true);
    expect(isDamaged(at(0), START)).toBe(false);
  });
});

describe('the stamp right after another', () => {
  const MOMENTS = [at(START), at(START, 0xffff), at(2 ** 48 - 2, 0xffff)];
  const ORIGINS = Array.from('0123456789abcdef', (digit) => `00000000000000a${digit}`);

  it('is later, and earlier than the next one of its process', () => {
    for (const moment of MOMENTS) {
      for (const origin of ORIGINS) {
        const stamp = { ...moment, origin };
        const next = rightAfter(stamp);
        expect(compareStamps(stamp, next)).toBeLessThan(0);
        expect(compareStamps(next, laterThan(stamp, stamp))).toBeLessThan(0);
      }
    }
  });

  it('has an origin that its process gives to no stamp itself', () => {
    for (const origin of ORIGINS) {
      const clock = new ManualClock();
      const stamps = new HybridClock(clock, origin);
      const own = [origin, stamps.before().origin, stamps.scriptOrigin];
      expect(own).not.toContain(rightAfter(at(START, 0, origin)).origin);
    }
  });
});

describe('stamps of what Redis dates', () => {
  it('are in the order of the microseconds', () => {
    const stamps = [0, 1, 2, 499, 500, 998, 999, 1_000, 1_001, 999_999].map((micros) =>
      stampOfServerTime(1_767_225_600, micros, ORIGIN),
    );
    for (const [i, stamp] of stamps.entries()) {
      const before = stamps[i - 1];
      if (before !== undefined) expect(compareStamps(stamp, before)).toBeGreaterThan(0);
      expect(readStamp(toBytes(stamp), 0)).toEqual(stamp);
    }
  });

  it('say the millisecond, and how much of it was over', () => {
    expect(stampOfServerTime(1_767_225_600, 123_500, ORIGIN)).toEqual(at(START + 123, 0x8000));
    expect(stampOfServerTime(1_767_225_600, 123_999, ORIGIN)).toEqual(at(START + 123, 65_470));
  });
});

describe('HybridClock', () => {
  let clock: ManualClock;
  let stamps: HybridClock;

  /** A clock whose calendar says what the test wants. */
  const withCalendar = (wallTime: () => number): HybridClock => {
    jest.spyOn(clock, 'wallTime').mockImplementation(wallTime);
    return new HybridClock(clock, ORIGIN);
  };

  beforeEach(() => {
    clock = new ManualClock(START);
    stamps = new HybridClock(clock, ORIGIN);
  });

  it.each(['', '123', 'F'.repeat(16), 'g'.repeat(16), '0'.repeat(17), `${'0'.repeat(16)}\n`])(
    'refuses the origin %j, with which stamps would be in no order',
    (origin) => {
      expect(() => new HybridClock(clock, origin)).toThrow(InvalidArgumentError);
    },
  );

  it('gives the time of the calendar, and counts within a millisecond', async () => {
    expect(stamps.next()).toEqual(at(START, 0));
    expect(stamps.next()).toEqual(at(START, 1));
    await clock.advance(1);
    expect(stamps.next()).toEqual(at(START + 1, 0));
  });

  it('gives whole milliseconds', () => {
    stamps = withCalendar(() => START + 0.9);
    expect(stamps.next()).toEqual(at(START));
    expect(stamps.next()).toEqual(at(START, 1));
    expect(stamps.ceiling().wallMs).toBe(START + MAX_AHEAD_MS);
  });

  it('goes ahead of the calendar when one millisecond is not enough', () => {
    for (let i = 0; i <= 0xffff; i++) stamps.next();
    expect(stamps.next()).toEqual(at(START + 1, 0));
    expect(stamps.next()).toEqual(at(START + 1, 1));
  });

  it('gives a stamp ahead of now to who asks for it, and later ones afterwards', async () => {
    expect(stamps.next(5)).toEqual(at(START + 5, 0));
    expect(stamps.next()).toEqual(at(START + 5, 1));
    expect(stamps.next(3)).toEqual(at(START + 5, 2));
    await clock.advance(6);
    expect(stamps.next()).toEqual(at(START + 6, 0));
  });

  it('only ever grows, as long as the calendar is within what others believe', () => {
    let wallTime = START;
    stamps = withCalendar(() => wallTime);
    let last = stamps.next();
    for (const step of [5, -10, 0, -MAX_AHEAD_MS / 2, 1, MAX_AHEAD_MS * 4, -1, 0.4, 0.4, 0.4]) {
      wallTime += step;
      const next = stamps.next();
      expect(compareStamps(next, last)).toBeGreaterThan(0);
      last = next;
    }
  });

  it('starts again when a calendar that was far ahead is set right: otherwise its stamps would count as damaged', () => {
    let wallTime = START + 3 * MAX_AHEAD_MS;
    stamps = withCalendar(() => wallTime);
    stamps.next();
    wallTime = START;
    expect(stamps.next()).toMatchObject({ wallMs: START, count: 0 });
    expect(stamps.next()).toMatchObject({ wallMs: START, count: 1 });
  });

  it.each<[string, Stamp]>([
    ['ahead', at(START + 1000, 7, 'ff00000000000000')],
    ['of this very millisecond', at(START, 7, 'ff00000000000000')],
    ['of this very moment by a greater process', at(START, 0, 'ff00000000000000')],
    ['at the end of a millisecond', at(START + 5, 0xffff, 'ff00000000000000')],
    ['as far ahead as is believed', at(START + MAX_AHEAD_MS, 0xffff, 'f'.repeat(16))],
  ])('gives later stamps than one that it was shown: %s', (_, seen) => {
    stamps.next();
    stamps.observe(seen);
    expect(compareStamps(stamps.next(), seen)).toBeGreaterThan(0);
    expect(compareStamps(stamps.next(), seen)).toBeGreaterThan(0);
  });

  it('is not set back by stamps of the past', () => {
    const last = stamps.next();
    stamps.observe(at(START - 1, 0xffff));
    stamps.observe(at(START - 1, 7));
    stamps.observe(at(START, 0));
    expect(last).toEqual(at(START, 0));
    expect(stamps.next()).toEqual(at(START, 1));
    stamps.observe(at(START + 10, 5));
    stamps.observe(at(START + 10, 3));
    expect(stamps.next()).toEqual(at(START + 10, 6));
  });

  it('ignores a damaged stamp', () => {
    stamps.observe(at(START + MAX_AHEAD_MS + 1));
    stamps.observe(at(2 ** 48 - 1, 0xffff, 'f'.repeat(16)));
    expect(stamps.next()).toEqual(at(START, 0));
  });

  it('names a ceiling that parts what is believed from what is damaged', () => {
    const ceiling = stamps.ceiling();
    for (const ahead of [-1, 0, 1]) {
      for (const [count, origin] of [
        [0, '0'.repeat(16)],
        [1, ORIGIN],
        [0xffff, 'f'.repeat(16)],
      ] as const) {
        const stamp = at(START + MAX_AHEAD_MS + ahead, count, origin);
        const isBeyond = compareStamps(stamp, ceiling) > 0;
        expect(isBeyond).toBe(isDamaged(stamp, clock.wallTime()));
        expect(toBytes(stamp).compare(toBytes(ceiling)) > 0).toBe(isBeyond);
      }
    }
  });

  it('raises the ceiling with the calendar', async () => {
    const before = stamps.ceiling();
    await clock.advance(10);
    expect(stamps.ceiling()).toEqual({ ...before, wallMs: before.wallMs + 10 });
  });

  describe('a stamp from before a load', () => {
    /** A calendar that may be wrong by so much, either way. */
    const uncertain = (uncertaintyMs: number, wrongMs: number): HybridClock =>
      new HybridClock(
        Object.assign(Object.create(clock) as ManualClock, {
          wallTime: () => Math.floor(clock.wallTime() + wrongMs),
          uncertaintyMs: () => uncertaintyMs,
        }),
        ORIGIN,
      );

    it('is never later than what Redis dates from then on, however wrong the calendar may be', () => {
      const serverNow = stampOfServerTime(START / 1_000, 0, '0'.repeat(16));
      for (const wrongMs of [-20, -0.5, 0, 0.5, 7.5, 20]) {
        const stamp = uncertain(20, wrongMs).before();
        expect(compareStamps(stamp, serverNow)).toBeLessThan(0);
      }
    });

    it('is not ahead because a stamp was seen that is', () => {
      stamps.observe(at(START + 600_000));
      expect(stamps.next().wallMs).toBe(START + 600_000);
      expect(stamps.before().wallMs).toBe(START - 1);
    });

    it('equals no other stamp of this process, nor one that a script takes for it', () => {
      const made = Array.from({ length: 500 }, () => [stamps.before(), stamps.next()]).flat();
      const taken = made.map(({ wallMs, count }) => ({
        ...at(wallMs, count),
        origin: stamps.scriptOrigin,
      }));
      expect(new Set([...made, ...taken].map(stampDigits)).size).toBe(2_000);
    });
  });
});
