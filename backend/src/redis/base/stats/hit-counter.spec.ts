import { ManualClock } from '../../testing/index.js';
import { HitCounter, sumOfHits } from './hit-counter.js';

const MINUTE_MS = 60_000;
const NOTHING = { hits: 0, misses: 0, hitRate: null };

describe('HitCounter', () => {
  it('tells nothing before the first read, also when the clock begins at 0', () => {
    const { totals, rates } = new HitCounter(new ManualClock());
    expect(totals).toEqual({ hits: 0, staleHits: 0, misses: 0 });
    expect(rates).toEqual({ lastMinute: NOTHING, last5Minutes: NOTHING, last15Minutes: NOTHING });
  });

  it('takes an expired value for an answer', () => {
    const counter = new HitCounter(new ManualClock());
    counter.hit();
    counter.staleHit();
    counter.miss();
    counter.miss();
    expect(counter.totals).toEqual({ hits: 1, staleHits: 1, misses: 2 });
    expect(counter.rates.lastMinute).toEqual({ hits: 2, misses: 2, hitRate: 0.5 });
  });

  it('lets reads leave the windows one after the other, and keeps the totals', async () => {
    const clock = new ManualClock();
    const counter = new HitCounter(clock);
    counter.miss();
    const sizes = (): number[] =>
      [counter.rates.lastMinute, counter.rates.last5Minutes, counter.rates.last15Minutes].map(
        ({ misses }) => misses,
      );
    expect(sizes()).toEqual([1, 1, 1]);
    await clock.advance(MINUTE_MS);
    expect(sizes()).toEqual([0, 1, 1]);
    await clock.advance(4 * MINUTE_MS);
    expect(sizes()).toEqual([0, 0, 1]);
    await clock.advance(10 * MINUTE_MS);
    expect(sizes()).toEqual([0, 0, 0]);
    expect(counter.totals.misses).toBe(1);
  });

  it('tells of the last 55 seconds at least, and of no more than a minute', async () => {
    const clock = new ManualClock();
    const counter = new HitCounter(clock);
    await clock.advance(4_999);
    counter.hit();
    await clock.advance(55_000);
    expect(counter.rates.lastMinute.hits).toBe(1);
    await clock.advance(5_000);
    expect(counter.rates.lastMinute.hits).toBe(0);
  });

  it('agrees with a list of all reads, over an hour of them with pauses', async () => {
    const clock = new ManualClock();
    const counter = new HitCounter(clock);
    const reads: { at: number; isHit: boolean }[] = [];
    let state = 7;
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    while (clock.now() < 60 * MINUTE_MS) {
      await clock.advance(random() < 0.003 ? random() * 20 * MINUTE_MS : random() * 2_000);
      const isHit = random() < 0.7;
      reads.push({ at: clock.now(), isHit });
      if (isHit) counter.hit();
      else counter.miss();
      // A window begins where a slice does.
      const from = (Math.floor(clock.now() / 5_000) - 59) * 5_000;
      const recent = reads.filter(({ at }) => at >= from);
      const { hits, misses } = counter.rates.last5Minutes;
      expect({ hits, misses }).toEqual({
        hits: recent.filter((read) => read.isHit).length,
        misses: recent.filter((read) => !read.isHit).length,
      });
    }
    expect(reads.length).toBeGreaterThan(500);
  });
});

describe('the reads of several', () => {
  it('are summed up, also where there are none', () => {
    const clock = new ManualClock();
    const [one, other] = [new HitCounter(clock), new HitCounter(clock)];
    one.hit();
    other.hit();
    other.staleHit();
    other.miss();
    const all = [one, other].map(({ totals, rates }) => ({ ...totals, rates }));
    const sum = sumOfHits(all);
    expect(sum).toMatchObject({ hits: 2, staleHits: 1, misses: 1 });
    expect(sum.rates.last15Minutes).toEqual({ hits: 3, misses: 1, hitRate: 0.75 });
    expect(sumOfHits([]).rates.lastMinute).toEqual(NOTHING);
  });
});
