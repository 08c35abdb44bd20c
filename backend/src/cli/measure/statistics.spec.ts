import { longestGap, mean, median, percentile, summaryOf, worst } from './statistics.js';

describe('the figures of a list', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  it('takes the value that a share of the values does not exceed', () => {
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 1)).toBe(100);
    expect(percentile([7], 0.01)).toBe(7);
  });

  it('sums a list up as three percentiles and the largest value', () => {
    expect(summaryOf(hundred)).toEqual({ p50: 50, p95: 95, p99: 99, max: 100 });
  });

  it('takes the middle of two where there is no middle one', () => {
    expect(median([4, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it('says NaN of nothing, which no bound takes for good', () => {
    for (const figure of [
      percentile([], 0.5),
      summaryOf([]).max,
      median([]),
      mean([]),
      worst([]),
    ]) {
      expect(figure).toBeNaN();
    }
  });

  it('finds the longest gap, the ends included', () => {
    expect(longestGap([30, 20, 90], 0, 100)).toEqual({ from: 30, ms: 60 });
    expect(longestGap([], 0, 100)).toEqual({ from: 0, ms: 100 });
  });
});
