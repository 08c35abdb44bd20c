import { bestOf } from './direct.js';
import { findRate, type RateLoad } from './find-rate.js';

const silent = () => undefined;

/** A load that is good where it is said to be. */
function load(isGood: (rate: number, level: number) => boolean, asked: number[] = []): RateLoad {
  return {
    warmUp: () => Promise.resolve(),
    begin: ({ rate }) => Promise.resolve(asked.push(rate)),
    finish: () => Promise.resolve({ whole: wholeOf(isGood(asked.at(-1)!, asked.length)) }),
  };
}

function wholeOf(isGood: boolean) {
  const figures = { requests: 1, failed: 0, errors: {}, p50: 1, p95: 2, p99: isGood ? 5 : 50 };
  return { name: 'all', fromMs: 0, toMs: 4000, seconds: 4, ...figures, max: 50, kinds: {} };
}

/** A load that is good up to a rate. */
const carries = (most: number, asked: number[] = []) => load((rate) => rate <= most, asked);

describe('looking for the highest rate', () => {
  it('goes up until a rate fails twice, and keeps some headroom', async () => {
    const asked: number[] = [];
    const { chosen, tried } = await findRate(carries(1700, asked), silent);
    expect(asked).toEqual([600, 1000, 1500, 2000, 2000]);
    expect(chosen).toBe(1350);
    expect(tried).toHaveLength(5);
  });

  it('forgives one bad moment', async () => {
    const once = load((rate, level) => level !== 2 && rate <= 2000);
    await expect(findRate(once, silent)).resolves.toMatchObject({ chosen: 1800 });
  });

  it('ends at the highest rate it knows', async () => {
    await expect(findRate(carries(Infinity), silent)).resolves.toMatchObject({ chosen: 7200 });
  });

  it('takes the lowest rate where even that is too much', async () => {
    await expect(findRate(carries(0), silent)).resolves.toMatchObject({ chosen: 540 });
  });
});

describe('the best level without HTTP', () => {
  const level = (perSecond: number, p99: number, failed = 0) => ({ perSecond, p99, failed });

  it('is the highest one that was quick and without failure', () => {
    expect(bestOf([level(3000, 1), level(6000, 9), level(12_000, 10), level(20_000, 2, 1)])).toBe(
      6000,
    );
  });

  it('is none when none was', () => {
    expect(bestOf([level(3000, 11)])).toBeNull();
  });
});
