import {
  ClosedError,
  LoaderFailedError,
  LoaderTimeoutError,
  type RedisHaError,
} from '../../base/errors/index.js';
import {
  answerWithin,
  atDeadline,
  endsWithin,
  onSignal,
  type Stop,
} from '../../base/timing/index.js';
import type { CacheDeps } from '../values/cache-deps.js';
import { isLoadFailure, reasonOf } from '../values/load-failure.js';
import { LoadFrame } from './load-frame.js';
import { RecentKeys } from './recent-keys.js';

/** How to wait for a write. */
interface KeepOptions {
  /** Redis had not answered an earlier step. */
  readonly isAway: boolean;
  readonly signal: AbortSignal;
}

// Enough for memory and the journal, and too short to wait for a timeout of Redis.
const PATIENCE_WHILE_AWAY_MS = 20;

interface OpenLoad {
  readonly controller: AbortController;
  readonly stopTimer: Stop;
}

/** Calls loaders, within their timeout and until the cache is closed. */
export class LoadRunner {
  /** Keys that could not be loaded a moment ago, so that a failing source is not called each time. */
  readonly failures: RecentKeys;
  readonly #deps: CacheDeps;
  readonly #open = new Set<OpenLoad>();
  #isClosed = false;

  constructor(deps: CacheDeps) {
    this.#deps = deps;
    this.failures = new RecentKeys(deps.clock);
  }

  /**
   * Runs everything that belongs to one load. The signal fires on timeout, or when the cache is
   * closed; its reason is the error to end with. A failure is counted, reported and remembered.
   */
  async run<A>(
    keys: readonly string[],
    timeoutMs: number,
    work: (signal: AbortSignal) => Promise<A>,
  ): Promise<A> {
    this.assertOpen();
    const load = this.#begin(timeoutMs);
    try {
      const answer = await work(load.controller.signal);
      for (const key of keys) this.failures.forget(key);
      return answer;
    } catch (error) {
      this.#noteFailure(keys, error);
      throw error;
    } finally {
      this.#end(load);
    }
  }

  /**
   * The same for several keys that are loaded together, each of which has its own end. Returns their answers by
   * their keys.
   */
  runEach<A>(
    keys: readonly string[],
    timeoutMs: number,
    work: (key: string, signal: AbortSignal) => Promise<A>,
  ): Map<string, Promise<A>> {
    this.assertOpen();
    const load = this.#begin(timeoutMs);
    const told = new WeakSet();
    const running = keys.map((key): [string, Promise<A>] => {
      const answer = work(key, load.controller.signal).then(
        (value) => {
          this.failures.forget(key);
          return value;
        },
        (error: unknown) => {
          // One failure of the loader is the failure of many keys.
          this.#noteFailure([key], error, told);
          throw error;
        },
      );
      return [key, answer];
    });
    const end = (): void => {
      this.#end(load);
    };
    this.#deps.tasks.add(Promise.allSettled(running.map(([, answer]) => answer)), end);
    return new Map(running);
  }

  /** Calls the loader of these keys. What it throws becomes the cause of a `LOADER_FAILED`. */
  async call<T>(
    keys: readonly string[],
    loader: () => T | Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    this.#deps.counters.add('loads');
    const frame = new LoadFrame(this, keys);
    try {
      return await answerWithin(frame.run(loader), onSignal(signal));
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      const namespace = this.#deps.keyspace.name;
      const message = `The loader of a value in the namespace ${namespace} failed`;
      throw new LoaderFailedError(message, { namespace }, { cause });
    } finally {
      frame.end();
    }
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
   */
  async keep(filling: Promise<unknown>, options: KeepOptions): Promise<void> {
    const { clock, tasks } = this.#deps;
    tasks.add(filling);
    const limit = options.isAway
      ? atDeadline(clock, PATIENCE_WHILE_AWAY_MS)
      : onSignal(options.signal);
    if (await endsWithin(filling, limit)) await filling;
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
    for (const { controller } of this.#open) controller.abort(closed());
  }

  #begin(timeoutMs: number): OpenLoad {
    const controller = new AbortController();
    const stopTimer = this.#deps.clock.after(timeoutMs, () => {
      controller.abort(this.#tooLate(timeoutMs));
    });
    const load = { controller, stopTimer };
    this.#open.add(load);
    return load;
  }

  #end(load: OpenLoad): void {
    load.stopTimer();
    this.#open.delete(load);
  }

  #tooLate(hardTimeoutMs: number): LoaderTimeoutError {
    const namespace = this.#deps.keyspace.name;
    const message = `A value in the namespace ${namespace} was not loaded within ${String(hardTimeoutMs)} ms`;
    return new LoaderTimeoutError(message, { namespace, hardTimeoutMs });
  }

  #noteFailure(keys: readonly string[], error: unknown, told = new WeakSet()): void {
    if (!isLoadFailure(error)) return;
    const { bus, counters, keyspace } = this.#deps;
    for (const key of keys) this.failures.note(key);
    if (told.has(error)) return;
    told.add(error);
    counters.add('loadFailures');
    bus.emit({ type: 'cache.load-failed', keyspace: keyspace.name, reason: reasonOf(error) });
  }
}

function closed(): RedisHaError {
  return new ClosedError('The cache is closed');
}
