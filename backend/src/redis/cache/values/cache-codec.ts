import { deflate, inflate } from 'node:zlib';
import { promisify, types } from 'node:util';
import {
  codeOf,
  RedisHaError,
  ValueTooLargeError,
  ValueUnserializableError,
} from '../../base/errors/index.js';
import type { Decoded, Entry, Unreadable } from '../../keyspace/index.js';
import type { ResolvedCacheOptions } from './cache-options.js';
import { BUILT_IN, type CacheSerializer } from './serializers.js';

/** A value as an entry holds it. */
type EncodedBody = Pick<Entry, 'codec' | 'isCompressed' | 'body'>;

const compress = promisify(deflate);
const inflateBody = promisify(inflate);
// Entries are compressed once, mostly to save transfer: half the size for a tenth of the time.
const COMPRESSION_LEVEL = 1;
const CORRUPT: Unreadable = { ok: false, fault: 'corrupt' };
const TOO_LARGE: Unreadable = { ok: false, fault: 'too-large' };

/** Turns values into the bodies of entries and back, within the limits of one namespace. */
export class CacheCodec {
  readonly #namespace: string;
  readonly #serializer: CacheSerializer;
  readonly #readers: ReadonlyMap<number, CacheSerializer>;
  readonly #compressOverBytes: number;
  readonly #maxBytes: number;

  constructor(
    namespace: string,
    options: Pick<ResolvedCacheOptions, 'serializer' | 'compressOverBytes' | 'maxValueBytes'>,
  ) {
    this.#namespace = namespace;
    this.#serializer = options.serializer;
    this.#readers = new Map([...BUILT_IN, options.serializer].map((one) => [one.id, one]));
    this.#compressOverBytes = options.compressOverBytes ?? Infinity;
    this.#maxBytes = options.maxValueBytes;
  }

  /**
   * Encodes a value as the body of an entry.
   *
   * @throws {@link ValueUnserializableError} (`VALUE_UNSERIALIZABLE`)
   * @throws {@link ValueTooLargeError} (`VALUE_TOO_LARGE`)
   */
  async encode(value: unknown): Promise<EncodedBody> {
    const body = this.#serialize(value);
    if (body.length > this.#maxBytes) {
      throw new ValueTooLargeError(
        `A value of ${String(body.length)} bytes is larger than maxValueBytes, ${String(this.#maxBytes)}`,
        { namespace: this.#namespace, bytes: body.length, maxValueBytes: this.#maxBytes },
      );
    }
    const codec = this.#serializer.id;
    if (body.length <= this.#compressOverBytes) return { codec, isCompressed: false, body };
    const small = await compress(body, { level: COMPRESSION_LEVEL });
    return small.length < body.length
      ? { codec, isCompressed: true, body: small }
      : { codec, isCompressed: false, body };
  }

  /** Returns the value of a body that is not compressed, or not any more. */
  decode(codec: number, body: Buffer): Decoded<unknown> {
    if (body.length > this.#maxBytes) return TOO_LARGE;
    const reader = this.#readers.get(codec);
    if (reader === undefined) return { ok: false, fault: 'unknown-codec' };
    try {
      return { ok: true, value: reader.deserialize(body) };
    } catch {
      return CORRUPT;
    }
  }

  /** Returns the body of an entry that is compressed, as it was before. */
  async inflate({ body }: Entry): Promise<Decoded<Buffer>> {
    try {
      return { ok: true, value: await inflateBody(body, { maxOutputLength: this.#maxBytes }) };
    } catch (error) {
      return codeOf(error) === 'ERR_BUFFER_TOO_LARGE' ? TOO_LARGE : CORRUPT;
    }
  }

  #serialize(value: unknown): Buffer {
    try {
      const bytes = this.#serializer.serialize(value);
      if (typeof bytes === 'string') return Buffer.from(bytes);
      if (types.isUint8Array(bytes)) {
        return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      }
    } catch (cause) {
      throw this.#unserializable(RedisHaError.is(cause) ? cause.message : 'it threw', cause);
    }
    throw this.#unserializable('it answered neither text nor bytes');
  }

  #unserializable(reason: string, cause?: unknown): ValueUnserializableError {
    return new ValueUnserializableError(
      `The serializer ${this.#serializer.name} cannot keep this value: ${reason}. ` +
        'Store plain data, or give the namespace a serializer that knows such values.',
      { namespace: this.#namespace, serializer: this.#serializer.name },
      cause === undefined ? undefined : { cause },
    );
  }
}
