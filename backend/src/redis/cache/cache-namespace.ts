import { inPortions } from '../base/collections/index.js';
import {
  cacheChannel,
  CacheOperation,
  isWatched,
  noteOutcome,
  published,
} from '../base/operations/index.js';
import type { HitRates } from '../base/stats/index.js';
import type { KeyspacePolicy, ReadingSource, WritePlace, WriteReceipt } from '../keyspace/index.js';
import type { BatchLoadFunction } from './loading/batch-loader.js';
import type { Loader } from './loading/value-loader.js';
import type { NamespaceDeps } from './namespace-deps.js';
import {
  checkCount,
  checkHolder,
  checkKey,
  checkKeys,
  checkLife,
  checkTag,
  checkValue,
} from './values/cache-keys.js';
import {
  type GetOrSetOptions,
  resolveLoadOptions,
  type SetOptions,
} from './values/cache-options.js';
import type { CacheStats } from './values/cache-stats.js';
import { claimName, keyOfCall, nameInKeys } from './call-names.js';
import { checkFunction } from '../base/options/index.js';
import type { WarmUpPlan } from './warming/warm-up-plan.js';
import type { CacheWarmUp } from './warming/warm-up.js';
import { eachSent, inOrder, WRITES_AT_ONCE } from './placed-calls.js';
import { watchedCall } from './watched-calls.js';
import { WRAP, type WrapOptions } from './wrap-function.js';

/** A value and where it came from. */
export interface CacheEntry<T = unknown> {
  readonly value: T;
  /** `redis`; a fresh copy in `memory`; or a `stale` one, because Redis is away. */
  readonly source: ReadingSource;
  /** Milliseconds since it was written, or since its load ended. */
  readonly ageMs: number;
}

const NO_TAGS: readonly string[] = [];

/** Keys of the cache under one name with the same options. */
export class CacheNamespace {
  readonly #core: NamespaceDeps;

  /** Made by `RedisCache.namespace()`. */
  constructor(core: NamespaceDeps) {
    this.#core = core;
  }

  /** Its name. */
  get name(): string {
    return this.#core.deps.keyspace.name;
  }

  /** What memory may be used for while Redis is away. */
  get policy(): KeyspacePolicy {
    return this.#core.deps.keyspace.policy;
  }

  /** Stats since the process began. */
  get stats(): CacheStats {
    return this.#core.deps.counters.snapshot();
  }

  /** How many reads of the last minutes were answered. */
  get hitRates(): HitRates {
    return this.#core.deps.keyspace.hits.rates;
  }

  /**
   * Returns the value of a key; if there is none, calls the loader. However many callers ask at the same time,
   * in this process and in others, one loads. The callers share the result: treat it as read-only.
   *
   * @throws {@link LoaderFailedError} (`LOADER_FAILED`) when the loader fails and there is no stale value.
   * @throws {@link LoaderTimeoutError} (`LOADER_TIMEOUT`) when it takes too long and there is none.
   */
  getOrSet<T>(key: string, loader: Loader<T>, options?: GetOrSetOptions<T>): Promise<T> {
    try {
      checkKey(key);
      checkFunction('loader', loader, 'cache.getOrSet(key, () => findUser(id))');
      this.#core.loader.runner.assertOpen();
      const { lookup } = this.#core;
      if (!isWatched(cacheChannel))
        return lookup.getOrLoad(key, loader as Loader, options) as Promise<T>;
      return this.#watched('getOrSet', 1, (operation) =>
        lookup.getOrLoad(key, loader as Loader, options, operation),
      ) as Promise<T>;
    } catch (error) {
      return failed(error);
    }
  }

  /**
   * Returns the values of several keys, and loads missing ones together. Keys without a value are left out. Each
   * is loaded by one of all processes: the loader gets those that no other process loads already, and is called
   * again for keys that another one gave up.
   */
  @watchedCall
  async getOrSetMany<T>(
    keys: readonly string[],
    loader: BatchLoadFunction<T>,
    options?: GetOrSetOptions<T>,
  ): Promise<Map<string, T>> {
    checkKeys(keys);
    checkFunction('loader', loader, 'cache.getOrSetMany(keys, (missing) => findUsers(missing))');
    const { batch, deps, options: base } = this.#core;
    const distinct = [...new Set(keys)];
    const request = { keys: distinct, loader, options: resolveLoadOptions(options, base) };
    const answers = await batch.ask(request);
    const sources = new Set(answers.map(({ from }) => from));
    noteOutcome(sources.has('load') ? 'loaded' : sources.has('stale') ? 'stale' : 'hit');
    const values = new Map<string, T>();
    for (const [i, answer] of answers.entries()) {
      deps.counters.answered(answer.from, answer.value);
      if (answer.value !== undefined) values.set(distinct[i] ?? '', answer.value as T);
    }
    return values;
  }

  /** Returns the value of a key; `undefined` when there is none. */
  get<T = unknown>(key: string): Promise<T | undefined> {
    try {
      checkKey(key);
      this.#core.loader.runner.assertOpen();
      const { lookup } = this.#core;
      if (!isWatched(cacheChannel)) return lookup.get(key) as Promise<T | undefined>;
      return this.#watched('get', 1, (operation) => lookup.get(key, operation)) as Promise<
        T | undefined
      >;
    } catch (error) {
      return failed(error);
    }
  }

  /** The same, with where the value came from. */
  @watchedCall
  async getEntry<T = unknown>(key: string): Promise<CacheEntry<T> | undefined> {
    checkKey(key);
    this.#assertOpen();
    const { lookup, deps } = this.#core;
    const known = await lookup.find(key);
    if (known === null) return undefined;
    const { value, source, entry } = known;
    const ageMs = Math.max(0, deps.clock.wallTime() - entry.madeAt);
    return { value: value as T, source, ageMs };
  }

  /** Returns the values of those keys that have one. */
  @watchedCall
  async getMany<T = unknown>(keys: readonly string[]): Promise<Map<string, T>> {
    checkKeys(keys);
    this.#assertOpen();
    const found = await this.#core.lookup.findMany([...new Set(keys)]);
    return new Map([...found].map(([key, { value }]) => [key, value as T]));
  }

  /**
   * Writes a value.
   *
   * @throws {@link ValueUnserializableError} (`VALUE_UNSERIALIZABLE`)
   * @throws {@link ValueTooLargeError} (`VALUE_TOO_LARGE`)
   */
  @watchedCall
  async set<T>(key: string, value: T, options?: SetOptions<T>): Promise<WriteReceipt> {
    const [receipt] = await this.#setAll([[key, value]], options);
    return receipt ?? { outcome: 'superseded' };
  }

  /**
   * Writes several values, each by itself: when one fails, others may be written. Nothing is written
   * when one of them cannot be kept. Returns the receipts in their order.
   */
  @watchedCall
  async setMany<T>(
    entries: Iterable<readonly [string, T]>,
    options?: SetOptions<T>,
  ): Promise<WriteReceipt[]> {
    return this.#setAll([...entries], options);
  }

  /** Deletes a key, or several, each by itself. Loads under way do not bring them back. */
  delete(key: string): Promise<WriteReceipt>;
  delete(keys: readonly string[]): Promise<WriteReceipt[]>;
  @watchedCall
  async delete(keys: string | readonly string[]): Promise<WriteReceipt | WriteReceipt[]> {
    if (typeof keys === 'string') return this.#delete(keys);
    checkKeys(keys);
    this.#assertOpen();
    return inOrder(
      this.#core.deps.keyspace,
      keys.map((key) => ({ key, tags: NO_TAGS })),
      (placed) => eachSent(placed, ({ key, place }) => this.#delete(key, place)),
    );
  }

  /** Deletes all entries that have this tag. Loads under way do not bring them back. */
  @watchedCall
  async deleteByTag(tag: string): Promise<WriteReceipt> {
    checkTag(tag);
    this.#assertOpen();
    const { lookup, deps } = this.#core;
    try {
      const receipt = await deps.keyspace.dropGroup(tag);
      deps.counters.add('deletes');
      return receipt;
    } finally {
      lookup.forgetAll();
    }
  }

  /**
   * Returns a function whose results are cached.
   *
   * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) when its calls could not be told from those of
   * another function: it has no name, a shortened one, or that of a function that is wrapped already.
   */
  wrap<A extends unknown[], R>(
    fn: (...args: A) => R | Promise<R>,
    options: WrapOptions<A, R> = {},
  ): (...args: A) => Promise<R> {
    checkFunction('fn', fn, 'cache.wrap(findUser)');
    const { key, name: given, ...rest } = options;
    WRAP.check(options);
    resolveLoadOptions(rest, this.#core.options);
    const name = key === undefined ? (given ?? nameInKeys(fn)) : '';
    if (key === undefined) claimName(this, name, [fn]);
    const getOrSet = this.getOrSet.bind(this);
    return async function (this: unknown, ...args: A): Promise<R> {
      const ofCall = key === undefined ? keyOfCall(name, args) : key(...args);
      return getOrSet<R>(ofCall, () => fn.apply(this, args), rest);
    };
  }

  /**
   * Keeps keys of this namespace warm: loads those that are not fresh when the process starts, when Redis has lost its
   * data, and when the application asks for it. Nothing waits for it.
   *
   * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) for a plan that cannot be used.
   */
  warmUp<T>(plan: WarmUpPlan<T>): CacheWarmUp {
    return this.#core.warmUps.add(plan, this.#core);
  }

  /**
   * Adds to a number that all processes share; a new one ends after `ttlMs`. Returns the new value.
   *
   * @throws {@link DegradedUnsupportedError} (`DEGRADED_UNSUPPORTED`) while Redis is away: a number of
   * one process alone would be wrong.
   */
  @watchedCall
  async increment(key: string, by = 1, ttlMs: number | null = null): Promise<number> {
    checkKey(key);
    checkCount(by);
    checkLife(ttlMs, true);
    this.#assertOpen();
    return this.#core.deps.keyspace.increment(key, by, ttlMs);
  }

  /** Takes a key for `holder` if it is free. Like {@link CacheNamespace.increment} it needs Redis. */
  @watchedCall
  async takeIfFree(key: string, holder: string, ttlMs: number): Promise<boolean> {
    checkKey(key);
    checkHolder(holder);
    checkLife(ttlMs, false);
    this.#assertOpen();
    return this.#core.deps.keyspace.takeIfFree(key, holder, ttlMs);
  }

  /** Releases what `takeIfFree` took; returns false when another holder has it. */
  @watchedCall
  async giveBack(key: string, holder: string): Promise<boolean> {
    checkKey(key);
    checkHolder(holder);
    this.#assertOpen();
    return this.#core.deps.keyspace.giveBack(key, holder);
  }

  async #setAll<T>(
    all: readonly (readonly [string, T])[],
    options: SetOptions<T> | undefined,
  ): Promise<WriteReceipt[]> {
    const { lookup, deps, options: base, writer } = this.#core;
    for (const [key, value] of all) {
      checkKey(key);
      checkValue(value);
    }
    this.#assertOpen();
    const complete = resolveLoadOptions(options, base);
    const calls = all.map(([key, value]) => ({ key, value, tags: writer.tagsOf(value, complete) }));
    return inOrder(deps.keyspace, calls, async (placed) => {
      const drafts = await inPortions(placed, WRITES_AT_ONCE, async (call) => ({
        ...call,
        draft: await writer.draft(call.value, complete, call.tags),
      }));
      return eachSent(drafts, async ({ key, draft, place }) => {
        try {
          const receipt = await writer.write(key, draft, place);
          deps.counters.add('sets');
          return receipt;
        } finally {
          lookup.forget(key);
        }
      });
    });
  }

  async #delete(key: string, place?: WritePlace): Promise<WriteReceipt> {
    checkKey(key);
    this.#assertOpen();
    const { lookup, deps } = this.#core;
    try {
      const receipt = await deps.keyspace.delete(key, place && { place });
      deps.counters.add('deletes');
      return receipt;
    } finally {
      lookup.forget(key);
    }
  }

  #watched<T>(
    name: string,
    keys: number,
    work: (operation: CacheOperation) => Promise<T>,
  ): Promise<T> {
    const operation = new CacheOperation(name, this.name, keys);
    return published(cacheChannel, operation, () => work(operation));
  }

  #assertOpen(): void {
    this.#core.loader.runner.assertOpen();
  }
}

function failed(error: unknown): Promise<never> {
  return new Promise(() => {
    throw error;
  });
}
