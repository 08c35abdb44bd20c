import { popularProduct, requestMix, seededRandom, sharesOf } from './mix.js';

describe('the mix', () => {
  it('is the same in every run, mostly sessions, with few logins', () => {
    const draw = () => {
      const next = requestMix(1200, seededRandom(1));
      return Array.from({ length: 20_000 }, () => next());
    };
    const kinds = draw();
    const shareOf = (kind: string) => kinds.filter((each) => each === kind).length / kinds.length;
    expect(draw()).toEqual(kinds);
    expect(shareOf('session')).toBeCloseTo(0.7, 1);
    expect(shareOf('login')).toBeLessThan(0.01);
  });

  it('adds up to everything, at any rate', () => {
    for (const rate of [10, 1200, 8000]) {
      const sum = Object.values(sharesOf(rate)).reduce((total, share) => total + share, 0);
      expect(sum).toBeCloseTo(1);
    }
  });

  it('asks for products that exist, the first ones more often', () => {
    const random = seededRandom(2);
    const ids = Array.from({ length: 5000 }, () => popularProduct(random));
    expect(Math.min(...ids)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...ids)).toBeLessThanOrEqual(1000);
    expect(ids.filter((id) => id <= 250).length).toBeGreaterThan(2000);
  });
});
