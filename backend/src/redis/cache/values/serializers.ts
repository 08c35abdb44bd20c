import { types } from 'node:util';
import { InvalidArgumentError, ValueUnserializableError } from '../../base/errors/index.js';
import { findJsonFault, isWellFormed, parseJson } from '../../base/json/index.js';

const MAX_SERIALIZER_ID = 255;

/** Turns values into bytes and back. Throws for a value that it cannot restore unchanged. */
export interface CacheSerializer {
  /**
   * Stored in every entry, so that readers know how to decode it: a whole number from 1 to 255. Numbers
   * up to 15 belong to this library.
   */
  readonly id: number;
  /** A name for messages. */
  readonly name: string;
  /** Returns the bytes of a value; text is written as UTF-8. */
  serialize(value: unknown): Uint8Array | string;
  /** Returns the value of bytes, which it must neither change nor keep. Throws when it cannot read them. */
  deserialize(bytes: Buffer): unknown;
}

/** The part of a MessagePack library that is needed: `msgpackr` and `@msgpack/msgpack` have it. */
export type MessagePackLibrary =
  | { readonly pack: (value: unknown) => Uint8Array; readonly unpack: (bytes: Buffer) => unknown }
  | {
      readonly encode: (value: unknown) => Uint8Array;
      readonly decode: (bytes: Buffer) => unknown;
    };

/**
 * JSON. Throws for what would silently come back as something else: dates, maps, sets, buffers, big
 * integers, functions, `NaN`. Members of objects that are `undefined` are left out, and instances of
 * your classes come back as plain objects.
 */
export const jsonSerializer: CacheSerializer = Object.freeze({
  id: 1,
  name: 'json',
  serialize(value: unknown): string {
    const fault = findJsonFault(value);
    if (fault !== null) throw unserializable(`JSON cannot keep ${fault.what} (at ${fault.path})`);
    return JSON.stringify(value);
  },
  deserialize: (bytes: Buffer): unknown => parseJson(bytes.toString()),
});

/** Bytes as they are: values are Buffers. */
export const bufferSerializer: CacheSerializer = Object.freeze({
  id: 3,
  name: 'buffer',
  serialize(value: unknown): Uint8Array {
    if (types.isUint8Array(value)) return value;
    throw unserializable('bufferSerializer takes a Buffer or a Uint8Array, and nothing else');
  },
  // A copy: changes by the caller must not reach what memory keeps.
  deserialize: (bytes: Buffer): unknown => Buffer.from(bytes),
});

/** Text as it is: values are strings. */
export const textSerializer: CacheSerializer = Object.freeze({
  id: 4,
  name: 'text',
  serialize(value: unknown): string {
    if (typeof value === 'string' && isWellFormed(value)) return value;
    throw unserializable('textSerializer takes a well-formed string, and nothing else');
  },
  deserialize: (bytes: Buffer): unknown => bytes.toString(),
});

/** Serializers whose entries every namespace can read, whatever it writes with. */
export const BUILT_IN: readonly CacheSerializer[] = [
  jsonSerializer,
  bufferSerializer,
  textSerializer,
];

/** MessagePack, by a library of your choice: `messagePackSerializer(await import('msgpackr'))`. */
export function messagePackSerializer(library: MessagePackLibrary): CacheSerializer {
  const write = 'pack' in library ? library.pack : library.encode;
  const read = 'unpack' in library ? library.unpack : library.decode;
  if (typeof write !== 'function' || typeof read !== 'function') {
    throw new InvalidArgumentError({
      field: 'library',
      value: Object.keys(library),
      message: 'there must be functions pack and unpack, or encode and decode',
      remedy: "For example: messagePackSerializer(await import('@msgpack/msgpack'))",
    });
  }
  return Object.freeze({
    id: 2,
    name: 'messagepack',
    // An instance with settings of its own, such as a Packr, works with what it holds.
    serialize: (value: unknown): Uint8Array => write.call(library, value),
    // A copy: binary members of a value are views of the bytes they were read from.
    deserialize: (bytes: Buffer): unknown => read.call(library, Buffer.from(bytes)),
  });
}

function unserializable(message: string): ValueUnserializableError {
  return new ValueUnserializableError(message);
}

/** Whether something turns values into bytes and back, under an id that is its own. */
export function isSerializer(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { id, name, serialize, deserialize } = value as Partial<CacheSerializer>;
  if (typeof serialize !== 'function' || typeof deserialize !== 'function') return false;
  if (typeof name !== 'string' || !Number.isInteger(id)) return false;
  if (Number(id) < 1 || Number(id) > MAX_SERIALIZER_ID) return false;
  // Entries with the id of a built-in one are always read by that one.
  return BUILT_IN.every((builtIn) => builtIn.id !== id || builtIn === value);
}
