import { DegradedUnknownError } from '../../base/errors/index.js';
import { InflightTable, type KeyedItem } from '../../base/collections/index.js';
import type { CacheOperation } from '../../base/operations/index.js';
import type { Awaitable, Found, Reading } from '../../keyspace/index.js';
import type { CacheDeps } from '../values/cache-deps.js';
import {
  type GetOrSetOptions,
  type ResolvedLoadOptions,
  resolveLoadOptions,
} from '../values/cache-options.js';
import { type EntryReader, isFresh, valueIn } from '../values/entry-reader.js';
import type { Answer } from './key-loader.js';
import type { Loader, LoadRequest, ValueLoader } from './value-loader.js';

const UNASKED: Promise<unknown> = Promise.resolve();
/** What is told of a call to those who watch, by where its value came from. */
const OUTCOME_OF = { cache: 'hit', stale: 'stale', load: 'loaded' } as const;

/** A call that looks for a value. Others that want it meanwhile join. */
interface Ask extends KeyedItem {
  value: Promise<unknown>;
  /** Where the value came from, once it is there. */
  from: Answer['from'];
}

/**
 * Answers calls: looks for the value, has it loaded where that is wanted, and counts the outcome.
 *
 * Nearly every call ends with a fresh value. So up to there nothing is awaited: the answer of Redis goes through
 * one callback to the promise of the caller. Everything else may take its time.
 */
export class CacheLookup {
  readonly #deps: CacheDeps;
  readonly #reader: EntryReader;
  readonly #loader: ValueLoader;
  readonly #base: ResolvedLoadOptions;
  readonly #hasNear: boolean;
  // Apart from the loads: a call must not wait for a refresh ahead of time.
  readonly #asks = new InflightTable<Ask>();

  constructor(
    deps: CacheDeps,
    reader: EntryReader,
    loader: ValueLoader,
    base: ResolvedLoadOptions,
  ) {
    this.#deps = deps;
    this.#reader = reader;
    this.#loader = loader;
    this.#base = base;
    this.#hasNear = deps.keyspace.mayBeNear;
  }

  /** Returns the value of a key: from the cache, from a load under way, or from a load of its own. */
  getOrLoad(
    key: string,
    loader: Loader,
    options: GetOrSetOptions<never> | undefined,
    operation?: CacheOperation,
  ): Promise<unknown> {
    const { keyspace, counters, clock } = this.#deps;
    const now = this.#hasNear ? clock.now() : 0;
    const near = this.#hasNear ? keyspace.near(key, now) : null;
    if (near !== null && 'isFresh' in near && near.isFresh) {
      counters.nearHit(near.value, now);
      noteHit(operation, 'near');
      if (this.#mayRefresh(key, options?.refreshAhead)) {
        this.#loader.refreshIfDue(this.#requestOf(key, loader, options), near);
      }
      return Promise.resolve(near.value);
    }
    const request =
      options === undefined
        ? { key, loader, options: this.#base, operation }
        : { ...this.#requestOf(key, loader, options), operation };
    return near instanceof Promise ? this.#unpackOrAsk(request, near) : this.#ask(request);
  }

  /** Returns the value of a key; `undefined` if there is none. Fails like {@link CacheLookup.find}. */
  get(key: string, operation?: CacheOperation): Promise<unknown> {
    const { keyspace, counters, clock } = this.#deps;
    const now = this.#hasNear ? clock.now() : 0;
    const near = this.#hasNear ? keyspace.near(key, now) : null;
    if (near !== null && 'isFresh' in near && near.isFresh) {
      counters.nearHit(near.value, now);
      noteHit(operation, 'near');
      return Promise.resolve(near.value);
    }
    if (near instanceof Promise) return this.find(key, operation).then((found) => found?.value);
    return this.#reader.readThen(key, (reading) => {
      if (!isFresh(reading)) return this.#judge(this.#reader.noted(reading), operation)?.value;
      this.#deps.counters.hit(reading.value);
      noteHit(operation, 'hit');
      return reading.value;
    });
  }

  /**
   * Returns the value of a key, if there is one; `null` if not.
   *
   * @throws {@link DegradedUnknownError} (`DEGRADED_UNKNOWN`) when Redis is away and memory does not know
   * the key, unless the policy is `cache`.
   */
  async find(key: string, operation?: CacheOperation): Promise<Found<unknown> | null> {
    const near = this.#hasNear ? await this.#deps.keyspace.near(key) : null;
    if (near !== null && isFresh(near)) {
      this.#deps.counters.nearHit(near.value);
      noteHit(operation, 'near');
      return valueIn(near);
    }
    return this.#judge(await this.#reader.read(key), operation);
  }

  /** Returns the values of those keys that have one. */
  async findMany(keys: readonly string[]): Promise<Map<string, Found<unknown>>> {
    const found = new Map<string, Found<unknown>>();
    const known = await this.#reader.nearOrReadMany(keys);
    for (const [i, key] of keys.entries()) {
      const value = this.#judge(known[i] ?? { state: 'unknown' });
      if (value !== null) found.set(key, value);
    }
    return found;
  }

  /** The key was written or deleted here: later callers must not get the earlier value. */
  forget(key: string): void {
    const ask = this.#asks.get(key);
    if (ask !== undefined) this.#letGo(ask);
    this.#loader.forget(key);
  }

  /** The same for all keys. */
  forgetAll(): void {
    for (const ask of this.#asks.toArray()) this.#letGo(ask);
    this.#loader.forgetAll();
  }

  /** Resolves when no call is being answered any more. */
  async untilNone(): Promise<void> {
    while (this.#asks.size > 0) {
      await Promise.allSettled(this.#asks.toArray().map(({ value }) => value));
    }
  }

  // Nearly every call is a hit that refreshes nothing.
  #mayRefresh(key: string, given: number | null | undefined): boolean {
    const share = given === undefined ? this.#base.refreshAhead : given;
    return share !== null || this.#deps.keyspace.isSpared(key);
  }

  #requestOf(
    key: string,
    loader: Loader,
    options: GetOrSetOptions<never> | undefined,
  ): LoadRequest {
    return { key, loader, options: resolveLoadOptions(options, this.#base) };
  }

  async #unpackOrAsk(request: LoadRequest, unpacking: Promise<Reading<unknown>>): Promise<unknown> {
    const near = await unpacking;
    if (!isFresh(near)) return this.#ask(request);
    this.#deps.counters.nearHit(near.value);
    noteHit(request.operation, 'near');
    this.#loader.refreshIfDue(request, near);
    return near.value;
  }

  #ask(request: LoadRequest): Promise<unknown> {
    const { key } = request;
    const underWay = this.#asks.get(key);
    if (underWay !== undefined) {
      if (!this.#loader.runner.wouldWaitForItself(key))
        return this.#join(underWay, request.operation);
      return this.#answer(null, request, this.#reader.read(key));
    }
    const ask: Ask = { key, value: UNASKED, from: 'load', nextInBucket: null };
    this.#asks.add(ask);
    ask.value = this.#reader.readThen(
      key,
      (reading) => {
        if (reading.state !== 'found' || !reading.isFresh) {
          return this.#answer(ask, request, this.#reader.noted(reading));
        }
        ask.from = 'cache';
        this.#asks.remove(ask);
        this.#deps.counters.hit(reading.value);
        noteHit(request.operation, 'hit');
        if (this.#mayRefresh(key, request.options.refreshAhead)) {
          this.#loader.refreshIfDue(request, reading);
        }
        return reading.value;
      },
      (error) => this.#answer(ask, request, Promise.reject(error as Error)),
    );
    return ask.value;
  }

  async #join(ask: Ask, operation: CacheOperation | undefined): Promise<unknown> {
    const { counters } = this.#deps;
    try {
      const value = await this.#loader.runner.waitFor(ask.key, ask.value);
      counters.answered(ask.from, value);
      noteAnswer(operation, ask.from);
      if (ask.from === 'load') counters.add('joined');
      return value;
    } catch (error) {
      counters.answered('load', undefined);
      throw error;
    }
  }

  async #answer(
    ask: Ask | null,
    request: LoadRequest,
    known: Awaitable<Reading<unknown>>,
  ): Promise<unknown> {
    const { counters } = this.#deps;
    try {
      const { value, from } = await this.#loader.answer(request, await known);
      if (ask !== null) ask.from = from;
      counters.answered(from, value);
      noteAnswer(request.operation, from);
      return value;
    } catch (error) {
      counters.answered('load', undefined);
      throw error;
    } finally {
      if (ask !== null) this.#asks.remove(ask);
    }
  }

  // Nobody joins it any more. Closing waits for it all the same.
  #letGo(ask: Ask): void {
    this.#asks.remove(ask);
    this.#deps.tasks.add(ask.value);
  }

  // A stale value is a result only when Redis is away: otherwise the caller should load.
  #judge(known: Reading<unknown>, operation?: CacheOperation): Found<unknown> | null {
    const { counters } = this.#deps;
    const found = valueIn(known);
    if (found !== null && (found.isFresh || found.source === 'stale')) {
      const from = found.isFresh ? 'cache' : 'stale';
      counters.answered(from, found.value);
      noteAnswer(operation, from);
      return found;
    }
    counters.answered(isFresh(known) ? 'cache' : 'load', undefined);
    noteHit(operation, 'miss');
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

function noteHit(operation: CacheOperation | undefined, outcome: 'hit' | 'near' | 'miss'): void {
  if (operation !== undefined) operation.outcome = outcome;
}

function noteAnswer(operation: CacheOperation | undefined, from: Answer['from']): void {
  if (operation !== undefined) operation.outcome = OUTCOME_OF[from];
}
