import { Chain } from './chain.js';

describe('Chain', () => {
  it('keeps an order, and lets anybody leave, once', () => {
    const chain = new Chain<number>();
    const places = [1, 5, 3, 2, 9, 4].map((n) => chain.add(n, (other) => other > n));
    expect([...chain]).toEqual([1, 2, 3, 4, 5, 9]);
    expect([chain.first, chain.last]).toEqual([1, 9]);
    for (const place of [places[0], places[4], places[2], places[2]]) place?.leave();
    expect([...chain]).toEqual([2, 4, 5]);
    expect([chain.first, chain.last]).toEqual([2, 5]);
  });

  it('goes on when the present one leaves', () => {
    const chain = new Chain<number>();
    const places = new Map([1, 2, 3].map((n) => [n, chain.add(n)]));
    const seen: number[] = [];
    for (const n of chain) {
      seen.push(n);
      places.get(n)?.leave();
    }
    expect(seen).toEqual([1, 2, 3]);
    expect([chain.first, chain.last]).toEqual([null, null]);
  });
});
