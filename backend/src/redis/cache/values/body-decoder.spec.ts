import { SlotForOne } from '../../../../test/support/slot-for-one.js';
import type { Entry } from '../../keyspace/index.js';
import { BodyDecoder } from './body-decoder.js';
import { CacheCodec } from './cache-codec.js';
import { CACHE, type ResolvedCacheOptions } from './cache-options.js';
import { bufferSerializer, jsonSerializer, type CacheSerializer } from './serializers.js';

afterEach(() => {
  jest.restoreAllMocks();
});

describe('a value that is read again and again from one copy', () => {
  it.each([
    ['small', { id: 7, tags: ['a', { b: 1 }] }],
    ['large', { list: Array.from({ length: 300 }, (_, i) => ({ name: `item ${i}`, no: i })) }],
  ])('is parsed twice, and copied from then on: %s', async (_, value) => {
    const { read } = await copyOf(value);
    const parse = jest.spyOn(JSON, 'parse');
    for (let i = 0; i < 5; i++) {
      expect(await read()).toStrictEqual(value);
      await nextTurn();
    }
    expect(parse).toHaveBeenCalledTimes(2);
  });

  it('is inflated once, and then copied', async () => {
    const value = { text: 'x'.repeat(20_000), list: [{ a: 1 }] };
    const { read, slot } = await copyOf(value);
    for (let i = 0; i < 4; i++) {
      expect(await read()).toStrictEqual(value);
      await nextTurn();
    }
    const parse = jest.spyOn(JSON, 'parse');
    expect(await read()).toStrictEqual(value);
    expect(parse).not.toHaveBeenCalled();
    expect(slot.isSpare).toBe(true);
  });

  it('is an object of its own for each call', async () => {
    const { read } = await copyOf({ list: [{ a: 1 }], b: { c: 2 } });
    for (let i = 0; i < 6; i++) {
      const mine = (await read()) as { list: { a: number }[]; b: { c: number; d?: number } };
      expect(mine).toStrictEqual({ list: [{ a: 1 }], b: { c: 2 } });
      mine.list[0]!.a = i + 10;
      mine.list.push({ a: 5 });
      mine.b.d = 3;
    }
  });

  it('is made anew by a serializer of yours: nobody knows what that returns', async () => {
    class Price {
      constructor(readonly cents: number) {}
    }
    const deserialize = jest.fn((bytes: Buffer) => new Price(Number(bytes.toString())));
    const serializer: CacheSerializer = {
      id: 20,
      name: 'price',
      serialize: (price) => String((price as Price).cents),
      deserialize,
    };
    const { read } = await copyOf(new Price(995), { serializer });
    for (let i = 0; i < 5; i++) expect(await read()).toStrictEqual(new Price(995));
    expect(deserialize).toHaveBeenCalledTimes(5);
  });

  it('is looked at once where it is faster parsed than copied', async () => {
    const value = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`key ${i}`, i]));
    const { read, slot } = await copyOf(value);
    for (let i = 0; i < 5; i++) expect(await read()).toStrictEqual(value);
    expect(slot.timesKept).toBe(2);
    expect(slot.bytes).toBe(0);
  });

  it('is parsed where there is no room for more', async () => {
    const { read, slot } = await copyOf({ a: { b: 1 } });
    slot.hasRoomForSpares = false;
    for (let i = 0; i < 5; i++) expect(await read()).toStrictEqual({ a: { b: 1 } });
    expect(slot.bytes).toBe(0);
  });

  it('is parsed where others would have to leave for what copies it, until it is its turn', async () => {
    const { read, slot } = await copyOf({ a: { b: 1 } });
    slot.isCrowded = true;
    for (let i = 0; i < 5; i++) expect(await read()).toStrictEqual({ a: { b: 1 } });
    expect(slot.isSpare).toBe(false);
    slot.isCrowded = false;
    for (let i = 0; i < 2; i++) expect(await read()).toStrictEqual({ a: { b: 1 } });
    expect(slot.isSpare).toBe(true);
  });

  it('is bytes of its own with bufferSerializer', async () => {
    const { read } = await copyOf(Buffer.from('abc'), { serializer: bufferSerializer });
    for (let i = 0; i < 5; i++) {
      const mine = (await read()) as Buffer;
      expect(mine).toEqual(Buffer.from('abc'));
      mine[0] = 0;
    }
  });
});

/** What memory has of a value, and how it is read. */
async function copyOf(
  value: unknown,
  given: Partial<ResolvedCacheOptions> = {},
): Promise<{ readonly read: () => Promise<unknown>; readonly slot: SlotForOne }> {
  const codec = new CacheCodec('users', {
    ...CACHE.defaults,
    serializer: jsonSerializer,
    ...given,
  });
  const decoder = new BodyDecoder(codec, { shareObjects: false });
  const entry = { kind: 'value', ...(await codec.encode(value)) } as Entry;
  const slot = new SlotForOne();
  const read = async (): Promise<unknown> => {
    const decoded = await decoder.decode('k', entry, slot);
    return decoded.ok ? decoded.value : decoded;
  };
  return { read, slot };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
