import { RedisHaError, ValueTooLargeError } from '../../base/errors/index.js';
import type {
  EntryDraft,
  Stamp,
  WriteOptions,
  WritePlace,
  WriteReceipt,
} from '../../keyspace/index.js';
import { checkTags } from './cache-keys.js';
import type { ResolvedLoadOptions } from './cache-options.js';
import type { CacheDeps } from './cache-deps.js';
import { reasonOf } from './load-failure.js';

const EMPTY = Buffer.alloc(0);
const MIN_LIFE_MS = 1;

/** Makes entries of values and writes them. */
export class EntryWriter {
  readonly #deps: CacheDeps;

  constructor(deps: CacheDeps) {
    this.#deps = deps;
  }

  /** The tags of a value. */
  tagsOf(value: unknown, { tags }: Pick<ResolvedLoadOptions, 'tags'>): readonly string[] {
    // The tags function takes the type of the value, which only the caller of the cache knows.
    return typeof tags === 'function' ? checkTags(tags(value as never)) : tags;
  }

  /** Encodes a value as an entry. Throws when it cannot be stored. */
  async draft(
    value: unknown,
    options: ResolvedLoadOptions,
    groups = this.tagsOf(value, options),
  ): Promise<EntryDraft> {
    const { ttlMs, ttlJitter } = options;
    return {
      kind: 'value',
      ...(await this.#deps.codec.encode(value)),
      freshMs: ttlMs === null ? null : this.#shorten(ttlMs, ttlJitter),
      staleMs: ttlMs === null ? 0 : this.#deps.options.maxStaleMs,
      groups,
    };
  }

  /** Writes an entry as the latest one, in the order in which it was called. */
  write(key: string, draft: EntryDraft, place: WritePlace): Promise<WriteReceipt> {
    return this.#write(key, draft, { place });
  }

  /**
   * Writes what a loader returned, unless the key was written or deleted since `stamp`. The caller has
   * the value whether or not it can be stored, so only programming errors are thrown. Returns whether Redis has it.
   */
  async fill(
    key: string,
    value: unknown,
    options: ResolvedLoadOptions,
    load: FillOptions,
  ): Promise<boolean> {
    let draft: EntryDraft | null;
    try {
      draft = value === undefined ? this.#nothing(options, load) : await this.draft(value, options);
    } catch (error) {
      if (!(error instanceof ValueTooLargeError)) throw error;
      this.#report(error);
      return false;
    }
    if (draft === null) return false;
    try {
      const write = { stamp: load.stamp, isAtHand: load.isAway };
      return (await this.#write(key, draft, write)).outcome === 'stored';
    } catch (error) {
      this.#report(error);
      return false;
    }
  }

  // Large values in large numbers would make everybody on the connection wait, and miss their own deadlines.
  #write(key: string, draft: EntryDraft, options?: WriteOptions): Promise<WriteReceipt> {
    const { keyspace, writes } = this.#deps;
    return writes.run(draft.body.length, () => keyspace.write(key, draft, options));
  }

  // `undefined` for an existing value: the value must go, or it would be served after a failed load.
  #nothing(options: ResolvedLoadOptions, load: FillOptions): EntryDraft | null {
    if (options.negativeTtlMs === 0 && !load.replacesValue) return null;
    return {
      kind: 'nothing',
      codec: 0,
      isCompressed: false,
      body: EMPTY,
      freshMs: this.#shorten(Math.max(MIN_LIFE_MS, options.negativeTtlMs), options.ttlJitter),
      staleMs: 0,
      groups: [],
    };
  }

  #report(error: unknown): void {
    const { bus, counters, keyspace } = this.#deps;
    counters.add('errors');
    const reason = RedisHaError.is(error) ? error.code : reasonOf(error);
    bus.emit({ type: 'value.write-failed', keyspace: keyspace.name, reason });
  }

  #shorten(ms: number, jitter: number): number {
    return Math.max(MIN_LIFE_MS, Math.round(ms * (1 - jitter * this.#deps.random())));
  }
}

/** How a loaded value is written. */
interface FillOptions {
  /** Taken before the loader ran. */
  readonly stamp: Stamp;
  /** Whether there is an older value. */
  readonly replacesValue: boolean;
  /** Redis did not answer before: the value is to be found here without it. */
  readonly isAway: boolean;
}
