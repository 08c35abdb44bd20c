import { drillModule } from './drill-modules.js';

const { findRate } = drillModule('find-rate');
const { bestOf } = drillModule('direct');

const silent = () => undefined;

/** A load that is good up to a rate. */
const carries = (most: number, asked: number[] = []) => ({
  run: ({ rate }: { rate: number }) => {
    asked.push(rate);
    const whole = { failed: 0, p50: 1, p99: rate <= most ? 5 : 50 };
    return Promise.resolve({ whole, lateness: { p99: 1 } });
  },
});

describe('looking for the highest rate', () => {
  it('goes up until a rate fails twice, and keeps some headroom', async () => {
    const asked: number[] = [];
    const { chosen, tried } = await findRate(carries(1700, asked), silent);
    expect(asked).toEqual([600, 1000, 1500, 2000, 2000]);
    expect(chosen).toBe(1350);
    expect(tried).toHaveLength(5);
  });

  it('forgives one bad moment', async () => {
    let calls = 0;
    const { run } = carries(2000);
    const load = {
      run: (plan: { rate: number }) => (++calls === 2 ? carries(0).run(plan) : run(plan)),
    };
    await expect(findRate(load, silent)).resolves.toMatchObject({ chosen: 1800 });
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
