import { runInNewContext } from 'node:vm';
import { findJsonFault, parseJson } from './plain-json.js';

class Point {
  x = 1;
}

class Points extends Array<Point> {}

const SYMBOL = 'a member whose name is a symbol';

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
    ['a symbol as a name', { p: { a: 1, [Symbol('b')]: 2 } }, SYMBOL],
    [
      'what is not enumerable',
      Object.defineProperty({ a: 1 }, 'b', { value: 2 }),
      'a hidden member',
    ],
    ['a name beside the elements of a list', { p: /x/.exec('x') }, 'a hidden member'],
    ['a symbol beside them', [Object.assign([1], { [Symbol('b')]: 2 })], SYMBOL],
    ['a list of a class', [new Points()], 'an object of a class'],
  ])('lets %s become something else only where it may', (_, value, what) => {
    expect(findJsonFault(value)).toBeNull();
    expect(findJsonFault(value, { mayBecomeOther: false })?.what).toBe(what);
  });

  it.each<[string, unknown]>([
    ['a Headers', new Headers({ a: 'b' })],
    ['a URLSearchParams', new URLSearchParams('a=b')],
    ['a FormData', new FormData()],
    ['a Blob', new Blob(['x'])],
    ['a AbortSignal', new AbortController().signal],
    ['a WeakRef', new WeakRef({})],
    ['a ArrayIterator', [1][Symbol.iterator]()],
    [
      'a Generator',
      (function* () {
        yield 1;
      })(),
    ],
    ['an object without members', new Intl.NumberFormat()],
  ])('finds %s, of which nothing would come back', (what, value) => {
    expect(findJsonFault({ p: value })).toEqual({ what, path: 'value.p' });
  });

  it('finds nothing in an instance without members of its own, nor in a named one that has some', () => {
    class Money {
      readonly #cents = 5;
      get cents(): number {
        return this.#cents;
      }
    }
    class Tagged {
      x = 1;
      readonly [Symbol.toStringTag] = 'Tagged';
    }
    class WithJson {
      readonly [Symbol.toStringTag] = 'WithJson';
      toJSON = (): object => ({ x: 1 });
    }
    for (const value of [new Money(), new Tagged(), new WithJson()]) {
      expect(findJsonFault(value)).toBeNull();
    }
  });

  it('accepts an object that appears twice side by side, down to the allowed depth', () => {
    const shared = { a: 1 };
    expect(findJsonFault([shared, [shared], { shared }])).toBeNull();
    expect(findJsonFault([[[]]], { maxDepth: 3 })).toBeNull();
    expect(findJsonFault([[[]]], { maxDepth: 2 })?.what).toBe('more than 2 levels');
  });
});

describe('a member __proto__', () => {
  it.each([
    ['{"a":[{"__proto__":{"isAdmin":true},"b":1}]}', { a: [{ b: 1 }] }],
    ['{"\\u005f_proto__":{"isAdmin":true}}', {}],
    ['{"__proto\\u005F_":{"isAdmin":true}}', {}],
    ['{"_\\u005f\\u0070roto__":{"isAdmin":true}}', {}],
  ])('is left out of what is parsed: %s', (text, rest) => {
    const parsed = parseJson(text) as object;
    expect(parsed).toEqual(rest);
    expect(JSON.stringify(parsed)).not.toContain('isAdmin');
    expect(Object.assign({}, parsed)).not.toHaveProperty('isAdmin');
  });

  it('is no name of a text, and of nothing else', () => {
    const value = { note: '"__proto__": 1', other: ['__proto__'], '__proto__ ': 1 };
    expect(parseJson(JSON.stringify(value))).toEqual(value);
    expect(findJsonFault(value)).toBeNull();
  });

  it('is a fault of a value', () => {
    const hostile: unknown = JSON.parse('{"a":{"__proto__":{"isAdmin":true}}}');
    expect(findJsonFault(hostile)).toEqual({ what: 'a member __proto__', path: 'value.a' });
  });
});
