import { inPortions } from '../../base/collections/index.js';
import { ClosedError, InvalidArgumentError } from '../../base/errors/index.js';
import type { Found, Reading, ReadOptions } from '../../keyspace/index.js';
import type { CacheDeps } from './cache-deps.js';

const READS_AT_ONCE = 100;
const UNKNOWN = { state: 'unknown' } as const;
const CONFIRMED: ReadOptions = { confirm: true };

/** Reads for the cache: it fails of nothing that a cache can do without, and tells of what cannot be read. */
export class EntryReader {
  readonly #deps: CacheDeps;
  readonly #terms: ReadOptions | undefined;

  constructor(deps: CacheDeps) {
    this.#deps = deps;
    // A read of a session or lock must not get "none" from a replica that lags behind.
    this.#terms = deps.keyspace.policy === 'cache' ? undefined : CONFIRMED;
  }

  /** Returns what is known of a key. */
  read(key: string): Promise<Reading<unknown>> {
    return this.readThen(key, (reading) => this.noted(reading));
  }

  /**
   * Returns what is made of what the keyspace says of a key.
   *
   * @param fail - takes an error that the cache must not hide
   */
  readThen<R>(
    key: string,
    make: (reading: Reading<unknown>) => R | Promise<R>,
    fail?: (error: unknown) => R | Promise<R>,
  ): Promise<R> {
    return this.#deps.keyspace.read(key, this.#terms).then(make, (error: unknown) => {
      if (this.#isTolerated(error)) return make(UNKNOWN);
      if (fail !== undefined) return fail(error);
      throw error;
    });
  }

  /** The same for many keys, in their order. */
  async readMany(keys: readonly string[]): Promise<Reading<unknown>[]> {
    // Only single reads can be confirmed.
    if (this.#deps.keyspace.policy !== 'cache') {
      return inPortions(keys, READS_AT_ONCE, (key) => this.read(key));
    }
    if (keys.length === 0) return [];
    const readings = await this.#readAll(keys);
    return keys.map((_, i) => this.noted(readings[i] ?? UNKNOWN));
  }

  /** The same, but where a copy in memory may answer, Redis is not asked. */
  async nearOrReadMany(keys: readonly string[]): Promise<Reading<unknown>[]> {
    const near = await this.#nearOf(keys);
    if (near.size === 0) return this.readMany(keys);
    const others = keys.filter((key) => !near.has(key));
    const read = await this.readMany(others);
    const all = new Map([...near, ...others.map((key, i) => [key, read[i] ?? UNKNOWN] as const)]);
    return keys.map((key) => all.get(key) ?? UNKNOWN);
  }

  /** Counts and tells of what cannot be read. Returns what it is given. */
  noted(reading: Reading<unknown>): Reading<unknown> {
    if (reading.state !== 'unreadable') return reading;
    const { bus, counters, keyspace } = this.#deps;
    counters.add('errors');
    bus.emit({ type: 'value.rejected', keyspace: keyspace.name, fault: reading.fault });
    return reading;
  }

  async #nearOf(keys: readonly string[]): Promise<ReadonlyMap<string, Reading<unknown>>> {
    const { keyspace, counters } = this.#deps;
    const fresh = new Map<string, Reading<unknown>>();
    if (!keyspace.mayBeNear) return fresh;
    for (const key of keys) {
      const near = keyspace.near(key);
      // Most are there at once.
      const reading = near instanceof Promise ? await near : near;
      if (reading !== null && isFresh(reading)) fresh.set(key, reading);
    }
    counters.add('nearHits', fresh.size);
    return fresh;
  }

  async #readAll(keys: readonly string[]): Promise<Reading<unknown>[]> {
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

/** Whether a reading may be returned without loading: a value, or `undefined` where it is known that there is none. */
export function isFresh(reading: Reading<unknown>): reading is Found<unknown> {
  return reading.state === 'found' && reading.isFresh;
}

/** Returns the value in a reading that may be served when nothing better is to be had; `null` when there is none. */
export function valueIn(reading: Reading<unknown>): Found<unknown> | null {
  return reading.state === 'found' && reading.value !== undefined ? reading : null;
}
