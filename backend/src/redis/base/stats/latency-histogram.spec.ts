import { LATENCY_BOUNDS_MS, LatencyHistogram } from './latency-histogram.js';

function countsOf(...all: number[]): LatencyHistogram['stats'] {
  const histogram = new LatencyHistogram();
  for (const ms of all) histogram.add(ms);
  return histogram.stats;
}

describe('LatencyHistogram', () => {
  it('has bounds that only grow, most of them where Redis answers', () => {
    const sorted = [...LATENCY_BOUNDS_MS].sort((a, b) => a - b);
    expect(LATENCY_BOUNDS_MS).toEqual(sorted);
    expect(new Set(LATENCY_BOUNDS_MS).size).toBe(LATENCY_BOUNDS_MS.length);
    expect(LATENCY_BOUNDS_MS.filter((ms) => ms < 1).length).toBeGreaterThanOrEqual(3);
  });

  it('is empty at first', () => {
    const upTo = LATENCY_BOUNDS_MS.map(() => 0);
    expect(countsOf()).toEqual({ count: 0, sumMs: 0, upTo });
  });

  it.each(LATENCY_BOUNDS_MS.map((bound, step) => [bound, step] as const))(
    'counts %p ms up to that bound, and a little more beyond it',
    (bound, step) => {
      const { upTo, count } = countsOf(bound, bound * 1.000_001);
      expect(upTo[step]).toBe(1);
      expect(upTo[step - 1] ?? 0).toBe(0);
      expect(upTo[step + 1] ?? 2).toBe(2);
      expect(count).toBe(2);
    },
  );

  it('counts what is longer than any bound in the total only', () => {
    const { upTo, count, sumMs } = countsOf(10_001, 1e12);
    expect(upTo.at(-1)).toBe(0);
    expect({ count, sumMs }).toEqual({ count: 2, sumMs: 1e12 + 10_001 });
  });

  it('agrees with counting by hand', () => {
    const all = Array.from({ length: 2_000 }, (_, n) => 0.03 * 1.007 ** n);
    const { upTo, count, sumMs } = countsOf(...all);
    expect(upTo).toEqual(LATENCY_BOUNDS_MS.map((bound) => all.filter((ms) => ms <= bound).length));
    expect(count).toBe(all.length);
    expect(sumMs).toBe(all.reduce((sum, ms) => sum + ms, 0));
  });

  it('returns a copy that later durations do not change', () => {
    const histogram = new LatencyHistogram();
    const before = histogram.stats;
    histogram.add(0.05);
    expect(before.count).toBe(0);
    expect(before.upTo[0]).toBe(0);
    expect(histogram.stats.upTo[0]).toBe(1);
  });
});
