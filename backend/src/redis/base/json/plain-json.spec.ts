import { runInNewContext } from 'node:vm';
import { findJsonFault } from './plain-json.js';

class Point {
  x = 1;
}

describe('findJsonFault', () => {
  it('finds nothing in plain values, also in those of another realm', () => {
    const foreign: unknown = runInNewContext('({ a: [{ b: 1 }] })');
    for (const value of [null, 'x', 1, [true], { a: undefined }, Object.create(null), foreign]) {
      expect(findJsonFault(value)).toBeNull();
      expect(findJsonFault(value, { mayBecomeOther: false })).toBeNull();
    }
  });

  it('says what it is, and where, under the name that the value was given', () => {
    expect(findJsonFault({ at: [NaN] }, { name: 'data' })).toEqual({
      what: 'NaN',
      path: 'data.at[…]',
    });
    expect(findJsonFault(undefined, { name: 'data' })).toEqual({ what: 'undefined', path: 'data' });
  });

  it.each<[string, unknown, string]>([
    ['an instance', { p: new Point() }, 'an object of a class'],
    ['a toJSON', { p: { toJSON: () => ({}) } }, 'a function'],
  ])('lets %s become something else only where it may', (_, value, what) => {
    expect(findJsonFault(value)).toBeNull();
    expect(findJsonFault(value, { mayBecomeOther: false })?.what).toBe(what);
  });

  it('accepts an object that appears twice side by side, down to the allowed depth', () => {
    const shared = { a: 1 };
    expect(findJsonFault([shared, [shared], { shared }])).toBeNull();
    expect(findJsonFault([[[]]], { maxDepth: 3 })).toBeNull();
    expect(findJsonFault([[[]]], { maxDepth: 2 })?.what).toBe('more than 2 levels');
  });
});
