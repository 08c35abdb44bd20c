import { afterInput } from '../../base/timing/index.js';
import type { Awaitable, Decoded, DecodedSlot, Entry, EntryDecoder } from '../../keyspace/index.js';
import type { CacheCodec } from './cache-codec.js';
import type { ResolvedCacheOptions } from './cache-options.js';
import { frozen } from './frozen.js';

/** What is left beside an entry in memory. */
type Kept = { readonly by: BodyDecoder } &
  /** Its body, inflated: parsing it is how each call gets an object of its own. */
  (
    | { readonly body: Buffer }
    /** The one object that all calls get. */
    | { readonly value: unknown }
  );

// Below this, parsing costs less than looking whether somebody else has parsed it a moment ago.
const LARGE_BYTES = 4_096;

const NO_VALUE: Decoded<undefined> = { ok: true, value: undefined };

/**
 * Makes values of entries, none more often than it must be: `undefined` of one that says that there is no value. A
 * promise only when a body must be inflated.
 */
export class BodyDecoder implements EntryDecoder<unknown> {
  readonly #codec: CacheCodec;
  readonly #isShared: boolean;
  // Calls of the same moment share what is large: they would block the process with the same work, one after another.
  readonly #ofThisTurn = new Map<Entry, Decoded<unknown>>();
  readonly #inflating = new Map<Entry, Promise<Decoded<unknown>>>();

  constructor(codec: CacheCodec, { shareObjects }: Pick<ResolvedCacheOptions, 'shareObjects'>) {
    this.#codec = codec;
    this.#isShared = shareObjects;
  }

  /** {@inheritDoc EntryDecoder.decode} */
  decode(_key: string, entry: Entry, slot: DecodedSlot | undefined): Awaitable<Decoded<unknown>> {
    if (entry.kind !== 'value') return NO_VALUE;
    const left = slot?.decoded as Kept | undefined;
    const kept = left?.by === this ? left : undefined;
    if (kept !== undefined && 'value' in kept) return { ok: true, value: kept.value };
    if (kept !== undefined) return this.#parse(entry, kept.body, slot);
    if (!entry.isCompressed) return this.#parse(entry, entry.body, slot);
    const underWay = this.#inflating.get(entry);
    if (underWay !== undefined) return underWay;
    const inflating = this.#inflate(entry, slot).finally(() => this.#inflating.delete(entry));
    this.#inflating.set(entry, inflating);
    return inflating;
  }

  async #inflate(entry: Entry, slot: DecodedSlot | undefined): Promise<Decoded<unknown>> {
    const inflated = await this.#codec.inflate(entry);
    if (!inflated.ok) return inflated;
    const body = inflated.value;
    if (!this.#isShared) slot?.keepDecoded({ by: this, body } satisfies Kept, body.length);
    return this.#parse(entry, body, slot);
  }

  #parse(entry: Entry, body: Buffer, slot: DecodedSlot | undefined): Decoded<unknown> {
    const isLarge = body.length >= LARGE_BYTES;
    const parsed = isLarge ? this.#ofThisTurn.get(entry) : undefined;
    if (parsed !== undefined) return parsed;
    const decoded = this.#codec.decode(entry.codec, body);
    if (this.#isShared && decoded.ok) {
      frozen(decoded.value);
      slot?.keepDecoded({ by: this, value: decoded.value } satisfies Kept, body.length);
    }
    if (isLarge) this.#keepForThisTurn(entry, decoded);
    return decoded;
  }

  #keepForThisTurn(entry: Entry, decoded: Decoded<unknown>): void {
    if (this.#ofThisTurn.size === 0) {
      afterInput(() => {
        this.#ofThisTurn.clear();
      });
    }
    this.#ofThisTurn.set(entry, decoded);
  }
}
