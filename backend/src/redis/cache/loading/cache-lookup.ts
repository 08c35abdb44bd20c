import { DegradedUnknownError } from '../../base/errors/index.js';
import type { CacheDeps } from '../values/cache-deps.js';
import type { EntryReader, Known, KnownValue } from '../values/entry-reader.js';
import { isFresh, type Answer } from './value-loader.js';

/** Looks up keys without loading, and counts the results. */
export class CacheLookup {
  readonly #deps: CacheDeps;
  readonly #reader: EntryReader;
  readonly #hasNear: boolean;

  constructor(deps: CacheDeps, reader: EntryReader) {
    this.#deps = deps;
    this.#reader = reader;
    this.#hasNear = deps.options.nearMs > 0;
  }

  /** Returns what a near copy says, if it may be used without asking Redis. A promise if it is compressed. */
  near(key: string): Known | Promise<Known> | null {
    if (!this.#hasNear) return null;
    const reading = this.#deps.keyspace.near(key);
    return reading?.state === 'found' && reading.isFresh ? this.#reader.interpret(reading) : null;
  }

  /**
   * Returns the value of a key, if there is one.
   *
   * @throws {@link DegradedUnknownError} (`DEGRADED_UNKNOWN`) when Redis is away and memory does not know
   * the key, unless the policy is `cache`.
   */
  async find(key: string): Promise<KnownValue | null> {
    const near = this.near(key);
    const copy = near instanceof Promise ? await near : near;
    if (copy !== null && isFresh(copy)) {
      this.countNear(copy.state === 'nothing');
      return copy.state === 'value' ? copy : null;
    }
    return this.#judge(await this.#reader.read(key));
  }

  /** Returns the values of those keys that have one. */
  async findMany(keys: readonly string[]): Promise<Map<string, KnownValue>> {
    const found = new Map<string, KnownValue>();
    const known = await this.#reader.readMany(keys);
    for (const [i, key] of keys.entries()) {
      const value = this.#judge(known[i] ?? { state: 'unknown' });
      if (value !== null) found.set(key, value);
    }
    return found;
  }

  /** Counts a call that a near copy answered. */
  countNear(isNegative: boolean): void {
    const { counters } = this.#deps;
    counters.add('hits');
    counters.add('nearHits');
    if (isNegative) counters.add('negativeHits');
  }

  /** Counts a call that was answered in another way. */
  count({ from, value }: Answer): void {
    const { counters } = this.#deps;
    if (from === 'load') counters.add('misses');
    else if (from === 'stale') counters.add('staleHits');
    else {
      counters.add('hits');
      if (value === undefined) counters.add('negativeHits');
    }
  }

  // A stale value is a result only when Redis is away: otherwise the caller should load.
  #judge(known: Known): KnownValue | null {
    if (known.state === 'value' && (known.isFresh || known.source === 'stale')) {
      this.count({ value: known.value, from: known.isFresh ? 'cache' : 'stale' });
      return known;
    }
    const isNegative = known.state === 'nothing' && known.isFresh;
    this.count({ value: undefined, from: isNegative ? 'cache' : 'load' });
    if (known.state === 'unknown') this.#refuseUnlessCache();
    return null;
  }

  #refuseUnlessCache(): void {
    const { name, policy } = this.#deps.keyspace;
    if (policy === 'cache') return;
    throw new DegradedUnknownError(
      `Redis is away, and memory does not know this key of the namespace ${name}: it may exist or not`,
      { namespace: name },
    );
  }
}
