import { inPortions } from '../../base/collections/index.js';
import { ClosedError, InvalidArgumentError } from '../../base/errors/index.js';
import type { Entry, EntryFault, Reading, ReadingSource, Stamp } from '../../keyspace/index.js';
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

const READS_AT_ONCE = 100;
const MISSING: Absent = { state: 'absent', seen: null, mayWrite: true, source: 'redis' };
const UNKNOWN = { state: 'unknown' } as const;
const CONFIRMED = { confirm: true } as const;
// During a rolling deploy both versions write: each keeps entries that only the other can read.
const NEWER: ReadonlySet<EntryFault | BodyFault> = new Set(['newer-format', 'unknown-codec']);

/** Reads entries and decides what they mean for the cache. */
export class EntryReader {
  readonly #deps: CacheDeps;

  constructor(deps: CacheDeps) {
    this.#deps = deps;
  }

  /** Returns what is known of a key. */
  async read(key: string): Promise<Known> {
    const { keyspace } = this.#deps;
    // A read of a session or lock must not get "none" from a replica that lags behind.
    const options = keyspace.policy === 'cache' ? undefined : CONFIRMED;
    let reading: Reading;
    try {
      reading = await keyspace.read(key, options);
    } catch (error) {
      reading = this.#unknownUnlessTold(error);
    }
    return this.interpret(reading);
  }

  /** The same for many keys, in their order. */
  async readMany(keys: readonly string[]): Promise<Known[]> {
    // Only single reads can be confirmed.
    if (this.#deps.keyspace.policy !== 'cache') {
      return inPortions(keys, READS_AT_ONCE, (key) => this.read(key));
    }
    if (keys.length === 0) return [];
    const readings = await this.#orUnknown(this.#deps.keyspace.readMany(keys));
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

  async #orUnknown(readings: Promise<Reading[]>): Promise<Reading[]> {
    try {
      return await readings;
    } catch (error) {
      this.#unknownUnlessTold(error);
      return [];
    }
  }

  // A cache must not be the reason why its application fails: a key of another type, a missing
  // permission. Where memory must not replace Redis, the error is thrown.
  #unknownUnlessTold(error: unknown): Reading {
    const isOurs = error instanceof InvalidArgumentError || error instanceof ClosedError;
    if (isOurs || this.#deps.keyspace.policy !== 'cache') throw error;
    this.#deps.counters.add('errors');
    return UNKNOWN;
  }
}
