import { afterInput } from '../../base/timing/index.js';
import {
  type Awaitable,
  type Decoded,
  type DecodedSlot,
  type Entry,
  type EntryDecoder,
  NOT_LEFT,
} from '../../keyspace/index.js';
import type { CacheCodec } from './cache-codec.js';
import type { ResolvedCacheOptions } from './cache-options.js';
import { frozen } from './frozen.js';
import { PlainMould } from './plain-mould.js';
import { jsonSerializer } from './serializers.js';

/** What is left beside an entry in memory. */
interface Kept {
  readonly by: BodyDecoder;
  /** The one object that all calls get. */
  readonly shared: Parsed | null;
  /** The body, inflated. */
  readonly body: Buffer | null;
  /** Whether parsing is all that can be done for the next call. */
  readonly hasNoMould: boolean;
}

/** That, or what makes an object of its own for each call. */
type Left = Kept | PlainMould;

type Parsed = Extract<Decoded<unknown>, { ok: true }>;

// Below this, parsing costs less than looking whether somebody else has parsed it a moment ago.
const LARGE_BYTES = 4_096;

// A mould takes about so much of what it was parsed from.
const MOULD_SIZE = 2;

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
  readonly #nothing: Kept = {
    by: this,
    shared: null,
    body: null,
    hasNoMould: false,
  };

  constructor(codec: CacheCodec, { shareObjects }: Pick<ResolvedCacheOptions, 'shareObjects'>) {
    this.#codec = codec;
    this.#isShared = shareObjects;
  }

  /** {@inheritDoc EntryDecoder.decode} */
  decode(_key: string, entry: Entry, slot: DecodedSlot | undefined): Awaitable<Decoded<unknown>> {
    if (entry.kind !== 'value') return NO_VALUE;
    const left = slot?.decoded as Left | undefined;
    if (left === undefined || left.by !== this) return this.#make(entry, slot, null);
    if (left instanceof PlainMould) return this.#copy(entry, left);
    return left.shared ?? this.#make(entry, slot, left.body);
  }

  /** {@inheritDoc EntryDecoder.again} */
  again({ decoded }: DecodedSlot): unknown {
    const left = decoded as Left | undefined;
    if (left === undefined || left.by !== this) return NOT_LEFT;
    if (!(left instanceof PlainMould)) return left.shared === null ? NOT_LEFT : left.shared.value;
    return left.bytes < LARGE_BYTES ? left.copy() : NOT_LEFT;
  }

  #make(
    entry: Entry,
    slot: DecodedSlot | undefined,
    inflated: Buffer | null,
  ): Awaitable<Decoded<unknown>> {
    const body = inflated ?? (entry.isCompressed ? null : entry.body);
    return body === null ? this.#inflated(entry, slot) : this.#parse(entry, body, slot);
  }

  #inflated(entry: Entry, slot: DecodedSlot | undefined): Promise<Decoded<unknown>> {
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
    if (!this.#isShared) slot?.keepDecoded({ ...this.#nothing, body } satisfies Kept, body.length);
    return this.#parse(entry, body, slot);
  }

  #copy(entry: Entry, mould: PlainMould): Decoded<unknown> {
    if (mould.bytes < LARGE_BYTES) return { ok: true, value: mould.copy() };
    return this.#onceThisTurn(entry, mould.bytes, () => ({ ok: true, value: mould.copy() }));
  }

  #parse(entry: Entry, body: Buffer, slot: DecodedSlot | undefined): Decoded<unknown> {
    return this.#onceThisTurn(entry, body.length, () => {
      const parsed = this.#codec.decode(entry.codec, body);
      if (!parsed.ok || slot === undefined) return parsed;
      return this.#isShared
        ? this.#share(parsed, body, slot)
        : this.#mould(entry, body, { slot, parsed });
    });
  }

  #share(parsed: Parsed, body: Buffer, slot: DecodedSlot): Parsed {
    frozen(parsed.value);
    slot.keepDecoded({ ...this.#nothing, shared: parsed } satisfies Kept, body.length);
    return parsed;
  }

  // A mould takes as much again as the bytes: it is made where they are asked for again and again.
  #mould(
    entry: Entry,
    body: Buffer,
    { slot, parsed }: { readonly slot: DecodedSlot; readonly parsed: Parsed },
  ): Parsed {
    const left = slot.decoded as Left | undefined;
    if (left?.by !== this) {
      slot.keepDecoded(this.#nothing, 0);
      return parsed;
    }
    if (left instanceof PlainMould || !isWorthMould(left, body, slot)) return parsed;
    // What the serializer of somebody else returns may be anything, with members that nobody sees.
    const mould =
      entry.codec === jsonSerializer.id ? PlainMould.of(parsed.value, body, this) : null;
    if (mould !== null && slot.keepDecoded(mould, mould.bytes, true)) {
      return { ok: true, value: mould.copy() };
    }
    slot.keepDecoded({ ...left, hasNoMould: true } satisfies Kept, left.body?.length ?? 0);
    return parsed;
  }

  #onceThisTurn(entry: Entry, bytes: number, make: () => Decoded<unknown>): Decoded<unknown> {
    if (bytes < LARGE_BYTES) return make();
    const made = this.#ofThisTurn.get(entry) ?? make();
    if (this.#ofThisTurn.size === 0) {
      afterInput(() => {
        this.#ofThisTurn.clear();
      });
    }
    this.#ofThisTurn.set(entry, made);
    return made;
  }
}

function isWorthMould({ hasNoMould }: Kept, body: Buffer, slot: DecodedSlot): boolean {
  return !hasNoMould && slot.mayKeepSpare(MOULD_SIZE * body.length);
}
