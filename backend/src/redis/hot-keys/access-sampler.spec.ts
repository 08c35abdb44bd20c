import { seededRandom } from '../../../test/support/random-histories.js';
import { AccessSampler } from './access-sampler.js';

function sampler(): { readonly sampler: AccessSampler; readonly factors: number[] } {
  const factors: number[] = [];
  return { sampler: new AccessSampler(seededRandom(1), (factor) => factors.push(factor)), factors };
}

function countSecond(one: AccessSampler, accesses: number): number {
  let counted = 0;
  for (let i = 0; i < accesses; i++) if (!one.skips()) counted++;
  one.endSecond();
  return counted;
}

describe('AccessSampler', () => {
  it('counts each of two thousand accesses a second', () => {
    const { sampler: one, factors } = sampler();
    expect([countSecond(one, 2_000), countSecond(one, 2_000)]).toEqual([2_000, 2_000]);
    expect([one.every, factors]).toEqual([1, []]);
  });

  it('counts no more of nearly a million, once it has seen two seconds of them', () => {
    const { sampler: one } = sampler();
    countSecond(one, 900_000);
    countSecond(one, 900_000);
    const counted = [1, 2, 3].map(() => countSecond(one, 900_000));
    for (const each of counted) expect(each).toBeLessThanOrEqual(2_000);
    expect(one.every).toBe(512);
  });

  it('stays as it is while the number of accesses does', () => {
    const { sampler: one, factors } = sampler();
    countSecond(one, 15_000);
    factors.length = 0;
    for (let second = 0; second < 10; second++) countSecond(one, 15_000);
    expect([one.every, factors]).toEqual([8, []]);
  });

  it('counts each access again when there are few, step by step', () => {
    const { sampler: one, factors } = sampler();
    countSecond(one, 50_000);
    countSecond(one, 50_000);
    expect(one.every).toBe(32);
    factors.length = 0;
    for (let second = 0; second < 10; second++) countSecond(one, 100);
    expect([one.every, factors]).toEqual([1, [2, 2, 2, 2, 2]]);
    expect(countSecond(one, 100)).toBe(100);
  });

  it('says by what counts are to be multiplied, so that they stand for as many as before', () => {
    const { sampler: one, factors } = sampler();
    countSecond(one, 1_000_000);
    expect(factors.reduce((product, factor) => product * factor, 1)).toBe(1 / one.every);
  });

  it('is not led astray by accesses that come in step', () => {
    const { sampler: one } = sampler();
    countSecond(one, 160_000);
    const counted = [0, 0];
    for (let second = 0; second < 4; second++) {
      for (let i = 0; i < 160_000; i++) if (!one.skips()) counted[i % 2]!++;
      one.endSecond();
    }
    const [even = 0, odd = 0] = counted;
    expect(even / odd).toBeGreaterThan(0.9);
    expect(even / odd).toBeLessThan(1.1);
  });
});
