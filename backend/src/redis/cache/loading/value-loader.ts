import { InflightTable } from '../../base/collections/index.js';
import type { CacheOperation } from '../../base/operations/index.js';
import { atDeadline, endsWithin } from '../../base/timing/index.js';
import type { Found, Reading } from '../../keyspace/index.js';
import type { CacheDeps } from '../values/cache-deps.js';
import { refusal } from '../values/cache-keys.js';
import type { ResolvedLoadOptions } from '../values/cache-options.js';
import { type EntryReader, isFresh, valueIn } from '../values/entry-reader.js';
import type { EntryWriter } from '../values/entry-writer.js';
import { isLoadFailure } from '../values/load-failure.js';
import { type Answer, KeyLoader, type LoadJob, startOf } from './key-loader.js';
import { LoadFrame } from './load-frame.js';
import { type Load, LoadRunner, type Loads, takeOut } from './load-runner.js';
import type { LoadTime } from './load-time.js';
import { RefreshAhead } from './refresh-ahead.js';

/** What a loader receives. */
export interface LoadContext<T = unknown> {
  readonly key: string;
  /** Fires on the timeout of the load. */
  readonly signal: AbortSignal;
  /** The stale value, if there is one: for conditional requests. */
  readonly stale: T | undefined;
}

/** Makes the value of a key that is not cached. `undefined` says that there is none; `null` is a value. */
export type Loader<T = unknown> = (context: LoadContext<T>) => T | Promise<T>;

/** A request for a value. */
export interface LoadRequest {
  readonly key: string;
  readonly loader: Loader;
  readonly options: ResolvedLoadOptions;
  /** The call, if somebody watches it. */
  readonly operation?: CacheOperation | undefined;
}

/** Finds a value, or loads it once for all callers that want it meanwhile, in this process and in others. */
export class ValueLoader {
  readonly runner: LoadRunner;
  readonly loads: Loads<Answer> = new InflightTable();
  readonly refreshes: RefreshAhead;
  readonly #deps: CacheDeps;
  readonly #loader: KeyLoader;

  constructor(deps: CacheDeps, reader: EntryReader, writer: EntryWriter) {
    const runner = new LoadRunner(deps);
    this.#deps = deps;
    this.runner = runner;
    this.#loader = new KeyLoader(deps, { reader, writer, runner });
    this.refreshes = new RefreshAhead(deps, runner, this.#loader);
  }

  /** Returns the value of a key of which this is known: what is fresh, or from a load. */
  async answer(request: LoadRequest, known: Reading<unknown>): Promise<Answer> {
    const { key, options } = request;
    if (isFresh(known)) {
      this.refreshIfDue(request, known);
      return { value: known.value, from: 'cache' };
    }
    const stale = valueIn(known);
    if (stale !== null && this.isResting(key, options))
      return { value: stale.value, from: 'stale' };
    this.refuseToWaitForItself(key, stale, options);
    const underWay = this.loads.get(key);
    if (underWay === undefined) {
      const load = this.#begin(request, known);
      return stale === null ? load.answer : this.settle(load, stale, options);
    }
    const answer = await this.join(underWay, stale, options);
    if (answer.from === 'load') this.#deps.counters.add('joined');
    return answer;
  }

  /** Starts to reload a value in the background if enough of its life is over. */
  refreshIfDue(request: LoadRequest, known: Found<unknown>): void {
    const { key, options } = request;
    if (this.isRefreshDue(key, options, known)) this.refreshes.start(this.#jobOf(request), known);
  }

  /** Whether a hit is to reload its value, and nobody does it already. */
  isRefreshDue(key: string, options: ResolvedLoadOptions, known: Found<unknown>): boolean {
    return this.refreshes.isDue(key, options, known) && this.loads.get(key) === undefined;
  }

  /** Returns the result of a load, or the stale value when the load fails or takes too long. */
  async settle(
    { answer, startedAt }: Load<Answer>,
    stale: Found<unknown>,
    options: ResolvedLoadOptions,
  ): Promise<Answer> {
    try {
      return await this.#withPatience(
        answer,
        startedAt,
        { value: stale.value, from: 'stale' },
        options,
      );
    } catch (error) {
      if (isLoadFailure(error)) return { value: stale.value, from: 'stale' };
      throw error;
    }
  }

  /** The same for a load that another call has begun. */
  join(
    load: Load<Answer>,
    stale: Found<unknown> | null,
    options: ResolvedLoadOptions,
  ): Promise<Answer> {
    const settled = stale === null ? load.answer : this.settle(load, stale, options);
    return isLetGo(stale, options) ? settled : this.runner.waitFor(load.key, settled);
  }

  /** Whether to serve a stale value at once, because loading the key failed a moment ago. */
  isResting(key: string, { retryAfterMs }: ResolvedLoadOptions): boolean {
    return this.runner.failures.isRecent(key, retryAfterMs);
  }

  /** Throws when who asks is a loader that would wait for itself, until its own time is over. */
  refuseToWaitForItself(
    key: string,
    stale: Found<unknown> | null,
    options: ResolvedLoadOptions,
  ): void {
    if (!LoadFrame.wouldWaitForItself(key, this.runner) || isLetGo(stale, options)) return;
    throw waitsForItself(this.#deps.keyspace.name);
  }

  /** The key was written or deleted here: later callers must not get the earlier value. */
  forget(key: string): void {
    takeOut(this.loads, key);
    this.refreshes.forget(key);
    this.runner.failures.forget(key);
  }

  /** The same for all keys. */
  forgetAll(): void {
    for (const { key } of this.loads.toArray()) takeOut(this.loads, key);
    this.refreshes.forgetAll();
  }

  /** Loads a key of which this is known, as the one of all processes, or waits for the one that does. */
  async load(job: LoadJob, known: Reading<unknown>, time: LoadTime): Promise<Answer> {
    // A waiter gets the lease in the end, or finds a changed entry, or times out.
    return (await this.#loader.obtain(job, startOf(known), time)) as Answer;
  }

  #begin(request: LoadRequest, known: Reading<unknown>): Load<Answer> {
    const { key, options } = request;
    return this.runner.begin(this.loads, key, options.hardTimeoutMs, async (_key, time) => {
      const refresh = this.refreshes.of(key);
      // The value expired while it was being refreshed.
      const refreshed = refresh === undefined ? null : await time.within(orNull(refresh.answer));
      return refreshed ?? this.load(this.#jobOf(request), known, time);
    });
  }

  #jobOf({ key, loader, options }: LoadRequest): LoadJob {
    const make: LoadJob['make'] = (stale, time) => {
      const context: LoadContext = {
        key,
        // Few loaders look at it, and making one costs as much as reading a value from memory.
        get signal() {
          return time.signal;
        },
        stale,
      };
      return this.runner.call([key], loader, context, time);
    };
    return { key, options, make };
  }

  async #withPatience(
    answer: Promise<Answer>,
    startedAt: number,
    stale: Answer,
    { softTimeoutMs }: ResolvedLoadOptions,
  ): Promise<Answer> {
    if (softTimeoutMs === null) return answer;
    const { clock } = this.#deps;
    const leftMs = Math.max(0, startedAt + softTimeoutMs - clock.now());
    return (await endsWithin(answer, atDeadline(clock, leftMs))) ? answer : stale;
  }
}

function orNull<A>(answer: Promise<A>): Promise<A | null> {
  return answer.catch(() => null);
}

// Who has a stale value and little patience does not wait for the end of a load.
function isLetGo(stale: Found<unknown> | null, { softTimeoutMs }: ResolvedLoadOptions): boolean {
  return stale !== null && softTimeoutMs !== null;
}

function waitsForItself(namespace: string): Error {
  const message =
    `the loader of a key asks for a key of the namespace ${namespace} whose loader waits for it, ` +
    'so it would wait for itself';
  const remedy = 'Load the value without the cache, or use `stale`, which the loader is given';
  return refusal('key', '(its own)', message, remedy);
}
