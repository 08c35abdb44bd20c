import * as messagePack from '@msgpack/msgpack';
import { outcomeOf } from '../../../../test/support/outcomes.js';
import { BodyDecoder } from './body-decoder.js';
import { CacheCodec } from './cache-codec.js';
import { resolveCacheOptions } from './cache-options.js';
import {
  bufferSerializer,
  jsonSerializer,
  messagePackSerializer,
  textSerializer,
  type CacheSerializer,
} from './serializers.js';

class User {
  constructor(readonly name: string) {}
  greet(): string {
    return `I am ${this.name}`;
  }
}

const circle: { name: string; self?: unknown } = { name: 'x' };
circle.self = circle;

function roundTrip(serializer: CacheSerializer, value: unknown): unknown {
  return serializer.deserialize(Buffer.from(serializer.serialize(value) as string));
}

describe('jsonSerializer', () => {
  it.each([
    ['text', 'ä\u{1f600}'],
    ['half a character', '\ud83d'],
    ['an empty text', ''],
    ['numbers', [0, -1.5, Number.MAX_VALUE, Number.MIN_VALUE]],
    ['booleans and null', [true, false, null]],
    ['objects in lists in objects', { a: [{ b: { c: [[]] } }], d: {} }],
    ['the same object twice', [circle.name, circle.name].map((name) => ({ name }))],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
  ])('brings back %s', (_, value) => {
    expect(roundTrip(jsonSerializer, value)).toEqual(value);
  });

  it('accepts an object that appears twice, but not within itself', () => {
    const shared = { a: 1 };
    expect(roundTrip(jsonSerializer, { one: shared, two: [shared] })).toEqual({
      one: shared,
      two: [shared],
    });
  });

  it('leaves out members that are undefined, and turns instances into plain objects', () => {
    expect(roundTrip(jsonSerializer, { a: 1, b: undefined })).toEqual({ a: 1 });
    expect(roundTrip(jsonSerializer, new User('Ada'))).toEqual({ name: 'Ada' });
  });

  it('knows no -0, and no symbols as keys', () => {
    expect(Object.is(roundTrip(jsonSerializer, -0), 0)).toBe(true);
    expect(roundTrip(jsonSerializer, { a: 1, [Symbol('b')]: 2 })).toEqual({ a: 1 });
  });

  it('follows an object that says itself which object it becomes', () => {
    const model = { secret: 1, toJSON: () => ({ id: 7 }) };
    expect(roundTrip(jsonSerializer, { model })).toEqual({ model: { id: 7 } });
    const same = {
      id: 8,
      toJSON(): unknown {
        return this;
      },
    };
    Object.defineProperty(same, 'toJSON', { enumerable: false });
    expect(roundTrip(jsonSerializer, same)).toEqual({ id: 8 });
  });

  it.each<[string, unknown, string]>([
    ['nothing at all', undefined, 'undefined (at value)'],
    ['a hole in a list', { list: [1, , 2] }, 'undefined in a list (at value.list[…])'], // eslint-disable-line no-sparse-arrays
    ['undefined in a list', [undefined], 'undefined in a list (at value[…])'],
    ['NaN', { total: NaN }, 'NaN (at value.total)'],
    ['an infinite number', [-Infinity], '-Infinity'],
    ['a big integer', { id: 1n }, 'a bigint (at value.id)'],
    ['a function', { run: () => 1 }, 'a function (at value.run)'],
    ['a symbol', { sign: Symbol('x') }, 'a symbol'],
    ['a Map', { byId: new Map([[1, 2]]) }, 'a Map (at value.byId)'],
    ['a Set', new Set([1]), 'a Set'],
    ['a WeakMap', [new WeakMap()], 'a WeakMap'],
    ['a WeakSet', [new WeakSet()], 'a WeakSet'],
    ['an Error', { error: new TypeError('x') }, 'an Error'],
    ['a regular expression', /x/, 'a RegExp'],
    ['a promise', { later: Promise.resolve(1) }, 'a Promise'],
    ['an ArrayBuffer', new ArrayBuffer(1), 'an ArrayBuffer'],
    ['a wrapped number', Object(1), 'a wrapped primitive'],
    ['a Buffer', { body: Buffer.from('x') }, 'a Buffer or typed array (at value.body)'],
    ['a typed array', new Float64Array(1), 'a Buffer or typed array'],
    ['a date', { user: { createdAt: new Date(0) } }, 'a Date, which turns into text'],
    ['an invalid date', new Date(NaN), 'a Date, which turns into null'],
    ['what turns into a number', { toJSON: () => 5 }, 'a Object, which turns into a number'],
    ['what turns into an object with a date', { toJSON: () => ({ at: new Date(0) }) }, 'a Date'],
    ['a circle', circle, 'a circle (at value.self)'],
  ])('refuses %s and says where it stands', (_, value, what) => {
    expect(() => jsonSerializer.serialize(value)).toThrow(
      expect.objectContaining({
        code: 'VALUE_UNSERIALIZABLE',
        message: expect.stringContaining(what),
      }),
    );
  });

  it('refuses what is nested too deep, instead of overflowing the stack', () => {
    let deep: unknown = [];
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(() => jsonSerializer.serialize(deep)).toThrow('more than 500 levels');
  });

  it('does not show names of members that may be data', () => {
    const value = { sessions: { 'ada@example.org': { tok3n: [NaN] } } };
    expect(() => jsonSerializer.serialize(value)).toThrow('at value.sessions.….…[…]');
  });
});

describe('bufferSerializer and textSerializer', () => {
  it('bring back bytes and text as they are', () => {
    const bytes = Buffer.from([0, 255, 128]);
    expect(roundTrip(bufferSerializer, bytes)).toEqual(bytes);
    expect(roundTrip(bufferSerializer, new Uint8Array(bytes))).toEqual(bytes);
    expect(roundTrip(textSerializer, 'ä\u{1f600}')).toBe('ä\u{1f600}');
  });

  it('give bytes that the caller may change', () => {
    const stored = Buffer.from('abc');
    const value = bufferSerializer.deserialize(stored) as Buffer;
    value[0] = 0;
    expect(stored.toString()).toBe('abc');
  });

  it.each<[CacheSerializer, unknown]>([
    [bufferSerializer, 'text'],
    [bufferSerializer, { length: 1 }],
    [textSerializer, Buffer.from('x')],
    [textSerializer, 5],
    [textSerializer, 'half a character: \ud83d'],
  ])('refuse everything else', ({ serialize }, value) => {
    expect(() => serialize(value)).toThrow(
      expect.objectContaining({ code: 'VALUE_UNSERIALIZABLE' }),
    );
  });
});

describe('messagePackSerializer', () => {
  it('works with a library that encodes and decodes', () => {
    const value = { at: new Date(1_700_000_000_000), bytes: new Uint8Array([1, 2]) };
    expect(roundTrip(messagePackSerializer(messagePack), value)).toEqual(value);
  });

  it('works with a library that packs and unpacks', () => {
    const library = {
      pack: (value: unknown) => Buffer.from(messagePack.encode(value)),
      unpack: (bytes: Buffer) => messagePack.decode(bytes),
    };
    expect(roundTrip(messagePackSerializer(library), [1, 'x'])).toEqual([1, 'x']);
  });

  it('works with an instance that has settings of its own', () => {
    class Packer {
      readonly mark = 'mine';
      pack(value: unknown): Buffer {
        return Buffer.from(messagePack.encode([this.mark, value]));
      }
      unpack(bytes: Buffer): unknown {
        const [mark, value] = messagePack.decode(bytes) as [string, unknown];
        return mark === this.mark ? value : undefined;
      }
    }
    expect(roundTrip(messagePackSerializer(new Packer()), { a: 1 })).toEqual({ a: 1 });
  });

  it('gives bytes within a value that the caller may change', () => {
    const serializer = messagePackSerializer(messagePack);
    const stored = Buffer.from(serializer.serialize({ bytes: new Uint8Array([7]) }) as Uint8Array);
    const before = Buffer.from(stored);
    (serializer.deserialize(stored) as { bytes: Uint8Array }).bytes[0] = 0;
    expect(stored).toEqual(before);
  });

  it.each([{}, { pack: () => Buffer.alloc(0) }, { encode: 1, decode: 2 }])(
    'refuses what is no such library',
    (library) => {
      expect(() => messagePackSerializer(library as never)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    },
  );
});

describe('CacheCodec', () => {
  const codec = (options: object = {}): CacheCodec =>
    new CacheCodec('users', resolveCacheOptions(options));
  const entry = (body: object): never =>
    ({ kind: 'value', groups: [], freshUntil: 0, stamp: {}, ...body }) as never;
  const decode = (one: CacheCodec, body: object): unknown =>
    new BodyDecoder(one, { shareObjects: false }).decode('k', entry(body), undefined);

  it('compresses what is larger than the bound, and only that', async () => {
    const one = codec({ compressOverBytes: 100 });
    const large = await one.encode('x'.repeat(99));
    expect(large).toMatchObject({ codec: 1, isCompressed: true });
    expect(large.body.length).toBeLessThan(100);
    expect(await one.encode('x'.repeat(98))).toMatchObject({ isCompressed: false });
    expect(await decode(one, large)).toEqual({ ok: true, value: 'x'.repeat(99) });
    expect(await codec({ compressOverBytes: null }).encode('x'.repeat(99_999))).toMatchObject({
      isCompressed: false,
    });
  });

  it('does not compress what only becomes larger', async () => {
    const noise = Buffer.from(Array.from({ length: 200 }, (_, i) => (i * 7919) % 256));
    const one = codec({ serializer: bufferSerializer, compressOverBytes: 10 });
    const encoded = await one.encode(noise);
    expect(encoded.isCompressed).toBe(false);
    expect(decode(one, encoded)).toEqual({ ok: true, value: noise });
  });

  it('counts the bytes before they are compressed', async () => {
    const one = codec({ maxValueBytes: 1000, compressOverBytes: 10 });
    expect((await one.encode('x'.repeat(998))).isCompressed).toBe(true);
    const { code, error } = await outcomeOf(one.encode('x'.repeat(999)));
    expect(code).toBe('VALUE_TOO_LARGE');
    expect(error).toMatchObject({
      details: { namespace: 'users', bytes: 1001, maxValueBytes: 1000 },
    });
  });

  it('does not let a small entry fill the memory when it is decompressed', async () => {
    const bomb = await codec({ maxValueBytes: 50_000_000 }).encode('x'.repeat(10_000_000));
    expect(bomb.isCompressed).toBe(true);
    expect(await decode(codec(), bomb)).toEqual({ ok: false, fault: 'too-large' });
  });

  it('does not parse more than it may hold, compressed or not', async () => {
    const large = await codec({ maxValueBytes: 5000 }).encode('x'.repeat(998));
    expect(decode(codec({ maxValueBytes: 1000 }), large)).toMatchObject({ ok: true });
    expect(decode(codec({ maxValueBytes: 999 }), large)).toEqual({
      ok: false,
      fault: 'too-large',
    });
  });

  it('reads what was written with another built-in serializer', async () => {
    const json = await codec().encode({ a: 1 });
    const one = codec({ serializer: messagePackSerializer(messagePack) });
    expect(decode(one, json)).toEqual({ ok: true, value: { a: 1 } });
  });

  it('takes nothing that another decoder has left beside a copy', async () => {
    const slot = {
      decoded: undefined as unknown,
      keepDecoded: (left: unknown) => ((slot.decoded = left), true),
      mayKeepSpare: () => true,
    };
    const one = codec();
    const [first, other] = [
      new BodyDecoder(one, { shareObjects: true }),
      new BodyDecoder(one, { shareObjects: true }),
    ];
    const stored = entry(await one.encode({ a: 1 }));
    const decoded = first.decode('k', stored, slot);
    expect(first.decode('k', stored, slot)).toEqual(decoded);
    const kept = (found: unknown): unknown => (found as { value: unknown }).value;
    expect(kept(first.decode('k', stored, slot))).toBe(kept(decoded));
    expect(kept(other.decode('k', stored, slot))).not.toBe(kept(decoded));
    expect(other.decode('k', stored, slot)).toEqual(decoded);
  });

  it('names a codec that it does not know, and bytes that are none', async () => {
    expect(decode(codec(), { codec: 99, body: Buffer.from('x') })).toEqual({
      ok: false,
      fault: 'unknown-codec',
    });
    expect(decode(codec(), { codec: 1, body: Buffer.from('{') })).toEqual({
      ok: false,
      fault: 'corrupt',
    });
    expect(await decode(codec(), { codec: 1, isCompressed: true, body: Buffer.from('x') })).toEqual(
      {
        ok: false,
        fault: 'corrupt',
      },
    );
  });

  it('names the serializer and what it refused, without the value', async () => {
    const { code, error } = await outcomeOf(codec().encode({ secret: new Map([['k', 'v']]) }));
    expect(code).toBe('VALUE_UNSERIALIZABLE');
    expect(error).toMatchObject({ details: { namespace: 'users', serializer: 'json' } });
    expect(String(error)).toContain('The serializer json cannot keep this value');
    expect(String(error)).toContain('a Map (at value.secret)');
  });

  it.each<[string, () => unknown, unknown]>([
    ['throws', () => JSON.parse('{secret') as unknown, SyntaxError],
    ['answers something else', () => 5, undefined],
  ])('refuses a value when its serializer %s', async (_, serialize, cause) => {
    const serializer = { id: 20, name: 'own', serialize, deserialize: () => 1 } as CacheSerializer;
    const { code, error } = await outcomeOf(codec({ serializer }).encode('x'));
    expect(code).toBe('VALUE_UNSERIALIZABLE');
    expect((error as Error).message).not.toContain('secret');
    expect((error as Error).cause?.constructor).toBe(cause);
  });
});
