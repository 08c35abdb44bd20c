import { inPortions } from '../../base/collections/index.js';
import { ClosedError, InvalidArgumentError } from '../../base/errors/index.js';
import type {
  Entry,
  EntryFault,
  Reading,
  ReadingSource,
  ReadOptions,
  Stamp,
} from '../../keyspace/index.js';
import type { BodyFault, DecodedBody } from './cache-codec.js';
import type { CacheDeps } from './cache-deps.js';

/** What is known of a key, its value decoded. */
export type Known =
  | KnownValue
  /** It is known that there is no value. */
  | {
      readonly state: 'nothing';
      readonly isFresh: boolean;
      readonly source: ReadingSource;
      readonly entry: Entry;
    }
  /** There is no entry that could be used. */
  | Absent
  /** Redis is away and memory does not know the key. */
  | { readonly state: 'unknown' };

/** A value, fresh or stale. */
export interface KnownValue {
  readonly state: 'value';
  readonly value: unknown;
  readonly isFresh: boolean;
  readonly source: ReadingSource;
  readonly entry: Entry;
}

/** Nothing usable. */
interface Absent {
  readonly state: 'absent';
  /** Stamp of what is there instead. */
  readonly seen: Stamp | null;
  /** False when the entry belongs to a newer version of the application. */
  readonly mayWrite: boolean;
  /** Where this comes from. */
  readonly source: ReadingSource;
}

type DecodedNow = DecodedBody & { ok: true };

const READS_AT_ONCE = 100;
const MISSING: Absent = { state: 'absent', seen: null, mayWrite: true, source: 'redis' };
const UNKNOWN = { state: 'unknown' } as const;
const CONFIRMED: ReadOptions = { confirm: true };
const NO_VALUE: DecodedNow = { ok: true, value: undefined };
// During a rolling deploy both versions write: each keeps entries that only the other can read.
const NEWER: ReadonlySet<EntryFault | BodyFault> = new Set(['newer-format', 'unknown-codec']);

/** Reads entries and decides what they mean for the cache. */
export class EntryReader {
  readonly #deps: CacheDeps;
  readonly #terms: ReadOptions | undefined;

  constructor(deps: CacheDeps) {
    this.#deps = deps;
    // A read of a session or lock must not get "none" from a replica that lags behind.
    this.#terms = deps.keyspace.policy === 'cache' ? undefined : CONFIRMED;
  }

  /** Returns what is known of a key. */
  read(key: string): Promise<Known> {
    return this.readThen(key, (reading) => this.interpret(reading));
  }

  /**
   * Returns what is made of what the keyspace says of a key.
   *
   * @param fail - takes an error that the cache must not hide
   */
  readThen<R>(
    key: string,
    make: (reading: Reading) => R | Promise<R>,
    fail?: (error: unknown) => R | Promise<R>,
  ): Promise<R> {
    return this.#deps.keyspace.read(key, this.#terms).then(make, (error: unknown) => {
      if (this.#isTolerated(error)) return make(UNKNOWN);
      if (fail !== undefined) return fail(error);
      throw error;
    });
  }

  /**
   * Returns the value of a fresh entry, if it can be told at once; `null` when there is none, it must be
   * decompressed first, or it cannot be decoded.
   */
  hitIn(reading: Reading): DecodedNow | null {
    if (reading.state !== 'found' || !reading.isFresh) return null;
    if (reading.entry.kind !== 'value') return NO_VALUE;
    const body = this.#deps.decoder.decode(reading.entry, reading.slot);
    return 'ok' in body && body.ok ? body : null;
  }

  /** The same for many keys, in their order. */
  async readMany(keys: readonly string[]): Promise<Known[]> {
    // Only single reads can be confirmed.
    if (this.#deps.keyspace.policy !== 'cache') {
      return inPortions(keys, READS_AT_ONCE, (key) => this.read(key));
    }
    if (keys.length === 0) return [];
    const readings = await this.#readAll(keys);
    return Promise.all(keys.map(async (_, i) => this.interpret(readings[i] ?? UNKNOWN)));
  }

  /** Returns what a reading means. A promise only when something must be decompressed. */
  interpret(reading: Reading): Known | Promise<Known> {
    switch (reading.state) {
      case 'found':
        return this.#interpretEntry(reading);
      case 'deleted':
        return { ...MISSING, seen: reading.stamp, source: reading.source };
      case 'missing':
        // An entry that has just expired is not newer than what the caller has read.
        return reading.stamp === undefined ? MISSING : { ...MISSING, seen: reading.stamp };
      case 'unreadable':
        return this.#reject(reading.fault, reading.stamp);
      case 'unknown':
        return UNKNOWN;
    }
  }

  #interpretEntry(reading: Reading & { state: 'found' }): Known | Promise<Known> {
    const { entry, isFresh, source } = reading;
    if (entry.kind !== 'value') return { state: 'nothing', isFresh, source, entry };
    const body = this.#deps.decoder.decode(entry, reading.slot);
    return body instanceof Promise
      ? body.then((decoded) => this.#accept(decoded, reading))
      : this.#accept(body, reading);
  }

  #accept(body: DecodedBody, reading: Reading & { state: 'found' }): Known {
    const { entry, isFresh, source } = reading;
    if (!body.ok) return this.#reject(body.fault, entry.stamp);
    return { state: 'value', value: body.value, isFresh, source, entry };
  }

  #reject(fault: EntryFault | BodyFault, seen: Stamp | null): Absent {
    const { bus, counters, keyspace } = this.#deps;
    counters.add('errors');
    bus.emit({ type: 'value.rejected', keyspace: keyspace.name, fault });
    return { ...MISSING, seen, mayWrite: !NEWER.has(fault) };
  }

  async #readAll(keys: readonly string[]): Promise<Reading[]> {
    try {
      return await this.#deps.keyspace.readMany(keys);
    } catch (error) {
      if (this.#isTolerated(error)) return [];
      throw error;
    }
  }

  // A cache must not be the reason why its application fails: a key of another type, a missing
  // permission. Where memory must not replace Redis, the error is thrown.
  #isTolerated(error: unknown): boolean {
    const isOurs = error instanceof InvalidArgumentError || error instanceof ClosedError;
    if (isOurs || this.#deps.keyspace.policy !== 'cache') return false;
    this.#deps.counters.add('errors');
    return true;
  }
}
