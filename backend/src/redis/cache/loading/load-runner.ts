import {
  ClosedError,
  LoaderFailedError,
  LoaderTimeoutError,
  type RedisHaError,
} from '../../base/errors/index.js';
import type { InflightTable, KeyedItem } from '../../base/collections/index.js';
import { atDeadline, endsWithin, type Stop } from '../../base/timing/index.js';
import type { CacheDeps } from '../values/cache-deps.js';
import { isLoadFailure, reasonOf } from '../values/load-failure.js';
import { LoadFrame } from './load-frame.js';
import { LoadTime } from './load-time.js';
import { RecentKeys } from './recent-keys.js';

/** A load under way, for all callers that want its key meanwhile. */
export interface Load<A> extends KeyedItem {
  answer: Promise<A>;
  /** When it began, by `clock.now()`. */
  readonly startedAt: number;
}

/** Loads under way, by their keys. Nobody joins one that was taken out. */
export type Loads<A> = InflightTable<Load<A>>;

/** Nobody joins the load of this key any more: it began before the key was changed. */
export function takeOut<A>(loads: Loads<A>, key: string): void {
  const load = loads.get(key);
  if (load !== undefined) loads.remove(load);
}

/** How to wait for a write. */
interface KeepOptions {
  /** Redis had not answered an earlier step. */
  readonly isAway: boolean;
  readonly time: LoadTime;
}

// Enough for memory and the journal, and too short to wait for a timeout of Redis.
const PATIENCE_WHILE_AWAY_MS = 20;

const UNBEGUN: Promise<never> = new Promise(() => undefined);

/** Calls loaders, within their timeout and until the cache is closed. */
export class LoadRunner {
  /** Keys that could not be loaded a moment ago, so that a failing source is not called each time. */
  readonly failures: RecentKeys;
  readonly #deps: CacheDeps;
  readonly #open = new Map<LoadTime, Stop>();
  // One failure of a loader is the failure of many keys.
  readonly #told = new WeakSet();
  readonly #listeners = new Set<(loader: unknown) => void>();
  #isClosed = false;

  constructor(deps: CacheDeps) {
    this.#deps = deps;
    this.failures = new RecentKeys(deps.clock);
  }

  /**
   * Begins everything that belongs to the load of a key, which others can join until it ends. Its time is over on
   * timeout, or when the cache is closed. A failure is counted, reported and remembered.
   */
  begin<A>(
    loads: Loads<A>,
    key: string,
    timeoutMs: number,
    work: (key: string, time: LoadTime) => Promise<A>,
  ): Load<A> {
    return this.#enter(loads, key, this.#newTime(timeoutMs), work);
  }

  /** The same for several keys that are loaded together, each of which has its own end. */
  beginEach<A>(
    loads: Loads<A>,
    keys: readonly string[],
    timeoutMs: number,
    work: (key: string, time: LoadTime) => Promise<A>,
  ): Load<A>[] {
    const time = this.#newTime(timeoutMs);
    return keys.map((key) => this.#enter(loads, key, time, work));
  }

  /** Calls the loader of these keys. What it throws becomes the cause of a `LOADER_FAILED`. */
  async call<C, T>(
    keys: readonly string[],
    loader: (context: C) => T | Promise<T>,
    context: C,
    time: LoadTime,
  ): Promise<T> {
    this.#deps.counters.add('loads');
    for (const listener of this.#listeners) listener(loader);
    const frame = new LoadFrame(this, keys);
    try {
      return await time.within(frame.run(loader, context));
    } catch (cause) {
      if (time.isOver) throw time.reason;
      const namespace = this.#deps.keyspace.name;
      const message = `The loader of a value in the namespace ${namespace} failed`;
      throw new LoaderFailedError(message, { namespace }, { cause });
    } finally {
      frame.end();
    }
  }

  /** Calls back before each call of a loader, with the loader. */
  onCall(listener: (loader: unknown) => void): Stop {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether whoever asks for this key now is a loader that would wait for itself, over any number of others. */
  wouldWaitForItself(key: string): boolean {
    return LoadFrame.wouldWaitForItself(key, this);
  }

  /** Waits for the load of a key that another call has begun. */
  async waitFor<T>(key: string, answer: Promise<T>): Promise<T> {
    const stop = LoadFrame.waitFor(key, this);
    try {
      return await answer;
    } finally {
      stop();
    }
  }

  /**
   * Waits until a loaded value is written, so that the next read sees it. When Redis did not answer
   * before, the caller has already waited for it once and does not wait long again.
   *
   * @param filling - answers whether Redis has the value
   * @returns that, or false when it is not waited for
   */
  async keep(filling: Promise<boolean>, { isAway, time }: KeepOptions): Promise<boolean> {
    const { clock, tasks } = this.#deps;
    if (isAway) {
      tasks.add(filling);
      return (await endsWithin(filling, atDeadline(clock, PATIENCE_WHILE_AWAY_MS))) && filling;
    }
    try {
      return await time.within(filling);
    } catch (error) {
      if (!time.isOver) throw error;
      // The value is there. Writing it may take longer.
      tasks.add(filling);
      return false;
    }
  }

  /** Throws after closing. */
  assertOpen(): void {
    if (this.#isClosed) throw closed();
  }

  /** Starts no more loads. */
  refuseFurther(): void {
    this.#isClosed = true;
  }

  /** Ends the loads under way: their signals fire and their callers get `CLOSED`. */
  abort(): void {
    this.#isClosed = true;
    for (const time of this.#open.keys()) time.end(closed());
  }

  #newTime(timeoutMs: number): LoadTime {
    const time = new LoadTime();
    const stopTimer = this.#deps.clock.after(timeoutMs, () => {
      time.end(this.#tooLate(timeoutMs));
    });
    this.#open.set(time, stopTimer);
    return time;
  }

  #enter<A>(
    loads: Loads<A>,
    key: string,
    time: LoadTime,
    work: (key: string, time: LoadTime) => Promise<A>,
  ): Load<A> {
    const load: Load<A> = {
      key,
      answer: UNBEGUN,
      startedAt: this.#deps.clock.now(),
      nextInBucket: null,
    };
    time.users++;
    loads.add(load);
    load.answer = this.#run(loads, load, time, work);
    this.#deps.tasks.add(load.answer);
    return load;
  }

  async #run<A>(
    loads: Loads<A>,
    load: Load<A>,
    time: LoadTime,
    work: (key: string, time: LoadTime) => Promise<A>,
  ): Promise<A> {
    try {
      this.assertOpen();
      const answer = await work(load.key, time);
      this.failures.forget(load.key);
      return answer;
    } catch (error) {
      this.#noteFailure(load.key, error);
      throw error;
    } finally {
      loads.remove(load);
      if (--time.users === 0) this.#close(time);
    }
  }

  #close(time: LoadTime): void {
    this.#open.get(time)?.();
    this.#open.delete(time);
  }

  #tooLate(hardTimeoutMs: number): LoaderTimeoutError {
    const namespace = this.#deps.keyspace.name;
    const message = `A value in the namespace ${namespace} was not loaded within ${String(hardTimeoutMs)} ms`;
    return new LoaderTimeoutError(message, { namespace, hardTimeoutMs });
  }

  #noteFailure(key: string, error: unknown): void {
    if (!isLoadFailure(error)) return;
    const { bus, counters, keyspace } = this.#deps;
    this.failures.note(key);
    if (this.#told.has(error)) return;
    this.#told.add(error);
    counters.add('loadFailures');
    bus.emit({ type: 'cache.load-failed', keyspace: keyspace.name, reason: reasonOf(error) });
  }
}

function closed(): RedisHaError {
  return new ClosedError('The cache is closed');
}
