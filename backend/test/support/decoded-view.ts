import {
  type Claim,
  type EntryDecoder,
  type Keyspace,
  NOT_LEFT,
  type Reading,
  type ReadOptions,
} from '../../src/redis/keyspace/index.js';

/** What a copy in memory says. Bytes are never waited for. */
export function nearIn(keyspace: Keyspace, key: string): Reading | null {
  const near = keyspace.near(key);
  if (near instanceof Promise) throw new TypeError('bytes must be told at once');
  return near;
}

/** Bytes as they are, left beside the entry as a cache leaves values: so that near copies get passes. */
export const KEPT_BODIES: EntryDecoder<Buffer> = {
  decode(_key, { body }, slot) {
    slot?.keepDecoded(body, 0);
    return { ok: true, value: body };
  },
  again: ({ decoded }) => (Buffer.isBuffer(decoded) ? decoded : NOT_LEFT),
};

/** A {@link Keyspace} of a test, read as what a decoder makes of its entries. All else is that of the keyspace. */
export function decodedView<U>(keyspace: Keyspace, decoder: EntryDecoder<U>): Keyspace<U> {
  const decoded = async (key: string, reading: Reading): Promise<Reading<U>> => {
    if (reading.state !== 'found') return reading;
    const { entry } = reading;
    const made = await decoder.decode(key, entry, undefined);
    if (made.ok) return { ...reading, value: made.value };
    return { ...made, state: 'unreadable', stamp: entry.stamp };
  };
  const readings = {
    near: () => null,
    read: async (key: string, options?: ReadOptions) =>
      decoded(key, await keyspace.read(key, options)),
    readMany: async (keys: readonly string[]) => {
      const found = await keyspace.readMany(keys);
      return Promise.all(found.map((reading, i) => decoded(keys[i]!, reading)));
    },
    claim: async (key: string, terms: Parameters<Keyspace['claim']>[1]): Promise<Claim<U>> => {
      const claim = await keyspace.claim(key, terms);
      if (claim.state !== 'changed') return claim;
      return { state: 'changed', reading: await decoded(key, claim.reading) };
    },
  };
  return new Proxy(keyspace, {
    get: (target, name) => {
      if (name in readings) return readings[name as keyof typeof readings];
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  }) as unknown as Keyspace<U>;
}
