import { RecentLatency } from './recent-latency.js';

const SLICE_MS = 10_000;

/** Numbers that look random and are the same each time. */
function* numbers(seed = 1): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield state / 2_147_483_648;
  }
}

function sortedShare(all: readonly number[], share: number): number {
  const sorted = [...all].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
}

function filledWith(all: readonly number[], now = 0): RecentLatency {
  const latency = new RecentLatency();
  for (const ms of all) latency.add(ms, now);
  return latency;
}

describe('RecentLatency', () => {
  it('knows nothing before the first call, also when the clock starts at 0', () => {
    expect(new RecentLatency().percentiles(0)).toEqual({
      windowMs: 60_000,
      count: 0,
      p50Ms: null,
      p95Ms: null,
      p99Ms: null,
    });
  });

  it.each([1, 2, 3, 10, 99, 100, 101, 5_000])(
    'tells each percentile of %i calls at most 10 %% above that of the sorted list',
    (count) => {
      const random = numbers(count);
      // From 0.02 ms to 20 s, as many small as large.
      const all = Array.from({ length: count }, () => 0.02 * 10 ** (6 * random.next().value));
      const told = filledWith(all).percentiles(0);
      expect(told.count).toBe(count);
      for (const [share, ms] of [
        [0.5, told.p50Ms],
        [0.95, told.p95Ms],
        [0.99, told.p99Ms],
      ] as const) {
        const exact = sortedShare(all, share);
        // Three digits are shown, so half of the last one may be missing.
        expect(ms).toBeGreaterThan(exact * 0.99);
        expect(ms).toBeLessThan(exact * 1.1);
      }
    },
  );

  it('counts a call for a minute, and then forgets it', () => {
    const latency = filledWith([5], 0);
    expect(latency.percentiles(59_999).count).toBe(1);
    expect(latency.percentiles(60_000).count).toBe(0);
    expect(latency.percentiles(60_000).p99Ms).toBeNull();
  });

  it('drops the oldest slice as a whole when the ring is full', () => {
    const latency = new RecentLatency();
    for (let slice = 0; slice < 6; slice++) latency.add(1, slice * SLICE_MS);
    latency.add(100, 0);
    expect(latency.percentiles(59_999)).toMatchObject({ count: 7 });
    latency.add(2, 60_000);
    const told = latency.percentiles(60_000);
    expect(told.count).toBe(6);
    expect(told.p99Ms).toBeLessThan(3);
  });

  it('reports nothing old after a long pause', () => {
    const latency = filledWith([500, 500, 500], 20_000);
    const later = 20_000 + 60 * 60_000;
    expect(latency.percentiles(later).count).toBe(0);
    latency.add(1, later);
    expect(latency.percentiles(later)).toMatchObject({ count: 1, p50Ms: expect.closeTo(1, 0) });
  });

  it('works with a clock that has run for years', () => {
    const now = 20 * 365 * 86_400_000 + 0.25;
    const latency = filledWith([3], now);
    expect(latency.percentiles(now + 1).count).toBe(1);
    expect(latency.percentiles(now + 61_000).count).toBe(0);
  });

  it.each([
    ['nothing', 0, 0.01],
    ['less than its smallest step', 0.001, 0.01],
    ['less than nothing', -3, 0.01],
    ['more than 100 s', 1e7, 109_000],
    ['for ever', Infinity, 109_000],
  ])('takes a call that lasted %s', (_, ms, told) => {
    expect(filledWith([ms]).percentiles(0)).toMatchObject({ count: 1, p50Ms: told, p99Ms: told });
  });

  it('shows slow calls only in the percentiles that include them', () => {
    const all = [...Array<number>(98).fill(1), 50, 50];
    const { p50Ms, p95Ms, p99Ms } = filledWith(all).percentiles(0);
    expect(p50Ms).toBeLessThan(1.1);
    expect(p95Ms).toBeLessThan(1.1);
    expect(p99Ms).toBeGreaterThan(49);
  });
});
