import {
  ClosedError,
  CommandRejectedError,
  CommandUncertainError,
  InvalidArgumentError,
  replyPrefix,
} from '../base/errors/index.js';
import type { EventBus, LostCounts } from '../base/events/index.js';
import { milliseconds, option, OptionSet, type RowsOf, showSafely } from '../base/options/index.js';
import { inBackground, type Clock, type Stop } from '../base/timing/index.js';

/** How a counter gathers. */
export interface CounterOptions {
  /** How long it gathers before it tells Redis, in milliseconds. @defaultValue 1000 */
  readonly flushMs?: number;
}

const ROWS = { flushMs: option(milliseconds, 1_000) } satisfies RowsOf<CounterOptions>;

const COUNTER = new OptionSet(ROWS, {
  path: '',
  example: "redis.counter('views', { flushMs: 1000 })",
});

/** What Redis says of a key that holds no number, or would not hold the sum. */
const ABOUT_THE_KEY: ReadonlySet<string> = new Set(['WRONGTYPE', 'ERR']);

/** What counters are given. */
interface CounterDeps {
  readonly clock: Clock;
  readonly bus: EventBus;
  /** Adds to the number in Redis. */
  readonly addInRedis: (key: string, by: number) => Promise<unknown>;
  /** Returns a key as it may leave the process. */
  readonly show: (key: string) => string;
}

/**
 * A number in Redis to which this process adds now and then: what callers add is gathered, and sent as one `INCRBY`.
 * What has not been sent yet is lost where the process is killed; everything else that is lost is told of.
 */
export class GatheredCounter {
  readonly key: string;
  readonly #flushMs: number;
  readonly #deps: CounterDeps;
  readonly #open: Set<GatheredCounter>;
  #waiting = 0;
  #sent = 0;
  #sending: Promise<void> | null = null;
  #stopTimer: Stop | null = null;
  #isClosed = false;

  /** Made by `redis.counter()`. */
  constructor(key: string, flushMs: number, deps: CounterDeps, open: Set<GatheredCounter>) {
    this.key = key;
    this.#flushMs = flushMs;
    this.#deps = deps;
    this.#open = open;
  }

  /** What was added in this process, and Redis has not confirmed yet. */
  get waiting(): number {
    return this.#waiting + this.#sent;
  }

  /** Adds to it. Redis is told within `flushMs`; while it is away, as soon as it is back. */
  add(by = 1): void {
    if (!Number.isSafeInteger(by) || !Number.isSafeInteger(this.#waiting + by)) throw notWhole(by);
    if (this.#isClosed) throw new ClosedError('Redis is shutting down');
    this.#waiting += by;
    this.#schedule();
  }

  /** Tells Redis of all that was added until now. Fails as `INCRBY` does; unless it may have been counted, it is sent again. */
  async flush(): Promise<void> {
    // What was added since it was sent is not in it.
    while (this.#sending !== null) await this.#sending.catch(() => undefined);
    if (this.#waiting === 0) return;
    this.#stopTimer?.();
    this.#stopTimer = null;
    this.#sending = this.#send();
    try {
      await this.#sending;
    } finally {
      this.#sending = null;
      if (this.#waiting === 0) this.#open.delete(this);
      else this.#schedule();
    }
  }

  /** Sends what is left, once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush().catch(() => undefined);
    this.#stopTimer?.();
    this.#stopTimer = null;
    this.#lose(this.#waiting, 'closed');
    this.#waiting = 0;
  }

  #schedule(): void {
    this.#open.add(this);
    if (this.#isClosed) return;
    this.#stopTimer ??= this.#deps.clock.after(this.#flushMs, () => {
      this.#stopTimer = null;
      void inBackground(() => this.flush().catch(() => undefined));
    });
  }

  async #send(): Promise<void> {
    const by = this.#waiting;
    this.#waiting = 0;
    this.#sent = by;
    try {
      await this.#deps.addInRedis(this.key, by);
    } catch (error) {
      const reason = reasonToLose(error);
      if (reason === null) this.#waiting += by;
      else this.#lose(by, reason);
      throw error;
    } finally {
      this.#sent = 0;
    }
  }

  #lose(by: number, reason: LostCounts['reason']): void {
    if (by === 0) return;
    const key = this.#deps.show(this.key);
    this.#deps.bus.emit({ type: 'counts.lost', key, by, reason });
  }
}

/** The counters of one connection. */
export class GatheredCounters {
  readonly #deps: CounterDeps;
  // Those that have something to send. Others cost nothing.
  readonly #open = new Set<GatheredCounter>();

  constructor(deps: CounterDeps) {
    this.#deps = deps;
  }

  /** Returns a counter of this key. */
  open(key: string, options: CounterOptions): GatheredCounter {
    const { flushMs } = COUNTER.over(options, COUNTER.defaults);
    return new GatheredCounter(key, flushMs, this.#deps, this.#open);
  }

  /** Sends what is left of all of them. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map((counter) => counter.close()));
  }
}

// What may have been counted is not sent again: it would count twice. What Redis refuses because of the key, it will refuse
// again.
function reasonToLose(error: unknown): LostCounts['reason'] | null {
  if (error instanceof CommandUncertainError) return 'uncertain';
  const isRefused = error instanceof CommandRejectedError;
  return isRefused && ABOUT_THE_KEY.has(replyPrefix(error)) ? 'refused' : null;
}

function notWhole(by: number): InvalidArgumentError {
  return new InvalidArgumentError({
    field: 'by',
    value: showSafely(by),
    message: 'is no whole number that can be added exactly',
    remedy: 'Add a whole number, such as 1 or -1',
  });
}
