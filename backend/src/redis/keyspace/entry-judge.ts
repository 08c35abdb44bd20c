import type { Clock } from '../base/timing/index.js';
import type { KeyspacePolicy } from './keyspace.js';
import type { KeyspaceKeys } from './keyspace-keys.js';
import {
  type Awaitable,
  type EntryDecoder,
  type Found,
  NOT_LEFT,
  type Reading,
  type ReadingSource,
} from './reading.js';
import type { Decoded, DecodedEntry, Entry } from './store/entry.js';
import type { DecodedSlot, MemoryCopy } from './store/memory-records.js';

const MISSING = { state: 'missing' } as const;
const UNKNOWN = { state: 'unknown' } as const;

/** How a keyspace judges entries. */
interface JudgeOptions {
  readonly policy: KeyspacePolicy;
  /** How long after it expires an entry may still be served, in milliseconds. */
  readonly maxStaleMs: number;
  /** There is no Redis at all, so memory knows every key. */
  readonly isMemoryAll: boolean;
}

/** Says what entries mean now. The only place where one becomes a {@link Reading}. Keys are whole keys here. */
export class EntryJudge<T> {
  readonly #options: JudgeOptions;
  readonly #keys: Pick<KeyspaceKeys, 'keyOf'>;
  readonly #clock: Clock;
  readonly #decoder: EntryDecoder<T>;

  constructor(
    options: JudgeOptions,
    keys: Pick<KeyspaceKeys, 'keyOf'>,
    clock: Clock,
    decoder: EntryDecoder<T>,
  ) {
    this.#options = options;
    this.#keys = keys;
    this.#clock = clock;
    this.#decoder = decoder;
  }

  /**
   * Returns what an entry means. A promise only when its decoder needs one.
   *
   * @param from - `stale` for a copy that others may have changed since
   * @param slot - where the copy is held
   */
  readingOf(
    key: string,
    found: DecodedEntry,
    from: ReadingSource,
    slot?: DecodedSlot,
  ): Awaitable<Reading<T>> {
    if (!found.ok) return { state: 'unreadable', fault: found.fault, stamp: found.stamp };
    const { entry } = found;
    if (entry.kind === 'tombstone') return ended(entry, from);
    const isInTime = entry.freshUntil === 0 || this.#clock.wallTime() < entry.freshUntil;
    if (!isInTime && !this.#isServable(entry)) return { state: 'missing', stamp: entry.stamp };
    const source = isInTime || from === 'redis' ? from : 'stale';
    const decoded = this.#decoder.decode(this.#keys.keyOf(key), entry, slot);
    const isFresh = isInTime && from !== 'stale';
    return decoded instanceof Promise
      ? decoded.then((made) => readingWith(made, entry, isFresh, source))
      : readingWith(decoded, entry, isFresh, source);
  }

  /** Returns what a copy means that has a pass; `null` when it must be decoded. */
  again(copy: MemoryCopy): Reading<T> | null {
    const { passed: entry } = copy;
    const value = entry === null ? NOT_LEFT : this.#again(copy);
    if (value === NOT_LEFT || entry === null) return null;
    return { state: 'found', value, entry, isFresh: true, source: 'memory' };
  }

  /** Whether what a copy means now is all that it will mean while it is fresh, and can be had again at once. */
  isRepeatable(reading: Awaitable<Reading<T>>, copy: MemoryCopy): reading is Found<T> {
    if (!('isFresh' in reading) || !reading.isFresh) return false;
    return this.#again(copy) !== NOT_LEFT;
  }

  /**
   * Returns what a copy in memory means while Redis is not asked.
   *
   * @param isTrusted - false when another process may have changed the key since
   * @param slot - where the copy is held
   */
  readingInMemory(
    key: string,
    copy: DecodedEntry,
    isTrusted: boolean,
    slot?: DecodedSlot,
  ): Awaitable<Reading<T>> {
    if (!isTrusted && this.#options.policy !== 'cache') return UNKNOWN;
    const reading = this.readingOf(key, copy, isTrusted ? 'memory' : 'stale', slot);
    if (reading instanceof Promise) return reading;
    if (!isTrusted) return isEnd(reading) ? UNKNOWN : reading;
    // Its time was over for this process. Another one may have written it again since.
    return reading.state === 'missing' ? this.withoutCopy() : reading;
  }

  /** Returns what it means that memory has no copy. That proves nothing: the key may exist. */
  withoutCopy(): Reading<T> {
    return this.#options.isMemoryAll ? MISSING : UNKNOWN;
  }

  /** Whether the time of an entry is over, so that there is nothing. */
  isOver(found: DecodedEntry): boolean {
    if (!found.ok || found.entry.kind === 'tombstone' || found.entry.freshUntil === 0) return false;
    return this.#clock.wallTime() >= found.entry.freshUntil && !this.#isServable(found.entry);
  }

  #again(copy: MemoryCopy): T | typeof NOT_LEFT {
    return this.#decoder.again === undefined ? NOT_LEFT : this.#decoder.again(copy);
  }

  #isServable({ freshUntil }: Entry): boolean {
    const { policy, maxStaleMs } = this.#options;
    return policy === 'cache' && this.#clock.wallTime() < freshUntil + maxStaleMs;
  }
}

function readingWith<T>(
  decoded: Decoded<T>,
  entry: Entry,
  isFresh: boolean,
  source: ReadingSource,
): Reading<T> {
  if (decoded.ok) return { state: 'found', value: decoded.value, entry, isFresh, source };
  const { fault, keyId } = decoded;
  return { state: 'unreadable', fault, stamp: entry.stamp, ...(keyId !== undefined && { keyId }) };
}

function ended({ stamp }: Entry, from: ReadingSource): Reading<never> {
  return { state: 'deleted', stamp, source: from === 'redis' ? 'redis' : 'memory' };
}

function isEnd({ state }: Reading<unknown>): boolean {
  return state === 'deleted' || state === 'missing';
}
