import { ValueTooLargeError, ValueUnserializableError } from '../../base/errors/index.js';
import { fromJson, toForeignJson, toJson } from './session-data.js';

class Point {
  x = 1;
}
const cycle: { self?: unknown } = {};
cycle.self = cycle;
let deep: unknown = 'bottom';
for (let i = 0; i < 100_000; i++) deep = [deep];

describe('the data of a session', () => {
  it.each([
    [{ a: 1, b: [true, null, 'x', { c: -1.5 }] }],
    ['text'],
    [0],
    [null],
    [[]],
    [Object.assign(Object.create(null) as object, { a: 1 })],
  ])('comes back as it went in: %j', (value) => {
    expect(JSON.parse(toJson(value, 1000))).toEqual(value);
  });

  it('may leave members out', () => {
    expect(toJson({ a: undefined, b: 1 }, 1000)).toBe('{"b":1}');
  });

  it.each([
    ['a date', { at: new Date(0) }],
    ['a map', new Map()],
    ['an object of a class', { deep: [{ point: new Point() }] }],
    ['NaN', [NaN]],
    ['Infinity', Infinity],
    ['a hole', [1, undefined]],
    ['a function', { f: () => 1 }],
    ['a symbol', { s: Symbol('s') }],
    ['a bigint', { n: 1n }],
    ['undefined', undefined],
    ['a promise', Promise.resolve({})],
    ['a cycle', cycle],
    ['more depth than there is stack', deep],
    ['JSON of its own', { toJSON: () => 'other' }],
    [
      'a getter that throws',
      {
        get x(): never {
          throw new TypeError('S3cret');
        },
      },
    ],
  ])('is refused when there is %s in it', (_, value) => {
    expect(() => toJson(value, 1000)).toThrow(ValueUnserializableError);
  });

  it.each([
    [{ user: { at: new Date(0) } }, 'an object of a class', 'data.user.at'],
    [{ user: { 'ada@example.org': [new Map()] } }, 'a Map', 'data.user.…[…]'],
    [{ run: () => 1 }, 'a function', 'data.run'],
  ])('is refused with what is in it and where: %#', (value, what, path) => {
    expect(() => toJson(value, 1000)).toThrow(`there is ${what} in it (at ${path})`);
  });

  it('may be nested deeper than a value in the cache', () => {
    let nested: unknown = 'bottom';
    for (let i = 0; i < 1000; i++) nested = [nested];
    expect(toJson(nested, 9999)).toHaveLength(2008);
  });

  it('is refused when it is too large, by its bytes', () => {
    expect(toJson('éé', 6)).toBe('"éé"');
    expect(() => toJson('ééé', 6)).toThrow(ValueTooLargeError);
    expect(() => toForeignJson('ééé', 6)).toThrow(ValueTooLargeError);
  });

  it('is not shown by a refusal', () => {
    const refusals = [{ S3cret: new Date() }, { S3cret: 'S3cret'.repeat(99) }, { S3cret: cycle }];
    for (const value of refusals) {
      try {
        toJson(value, 20);
        throw new TypeError('not refused');
      } catch (error) {
        expect(error).not.toBeInstanceOf(TypeError);
        const { message, details, cause } = error as ValueTooLargeError;
        expect(JSON.stringify([message, details, String(cause)])).not.toContain('S3cret');
      }
    }
  });
});

describe('the session of another library', () => {
  it('makes its own JSON', () => {
    expect(
      toForeignJson({ cookie: { toJSON: () => ({ path: '/' }) }, at: new Date(0) }, 1000),
    ).toBe('{"cookie":{"path":"/"},"at":"1970-01-01T00:00:00.000Z"}');
  });

  it.each([[undefined], [cycle], [1n], [() => 1]])('is refused when it has none: %#', (value) => {
    expect(() => toForeignJson(value, 1000)).toThrow(ValueUnserializableError);
  });
});

describe('a member named __proto__', () => {
  const hostile = JSON.parse('{"a":[{"__proto__":{"isAdmin":true}}]}') as unknown;

  it('is refused in the data of a session, and not in a text', () => {
    expect(() => toJson(hostile, 1000)).toThrow(/__proto__/);
    const harmless = { note: '"__proto__": 1', other: '__proto__', '__proto__ ': 1 };
    expect(fromJson(toJson(harmless, 1000))).toEqual(harmless);
  });

  it.each([
    JSON.stringify(hostile),
    '{"a":[{"\\u005f_proto__":{"isAdmin":true}}]}',
    '{"a":[{"__pr\\u006fto__":{"isAdmin":true}}]}',
  ])('is left out of what is read: %s', (text) => {
    const read = fromJson(text) as { a: object[] };
    expect(read).toEqual({ a: [{}] });
    const copy = Object.assign({}, read.a[0]) as { isAdmin?: boolean };
    expect(copy.isAdmin).toBeUndefined();
  });

  it('is no reason to refuse what is none', () => {
    expect(fromJson('"\\u0070"')).toBe('p');
    expect(() => fromJson('{')).toThrow(SyntaxError);
  });
});
