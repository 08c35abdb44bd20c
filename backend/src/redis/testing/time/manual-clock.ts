import type { Clock, Stop } from '../../base/timing/index.js';
import { TestClusterError } from '../../base/errors/index.js';

interface Timer {
  dueAt: number;
  readonly everyMs: number | null;
  readonly holds: boolean;
  readonly run: () => void;
}

// Taken when the module loads: a test may replace the global with a fake that never calls back.
const soon = setImmediate;

// As with setTimeout. Without it the time of `every(0)` would never move on.
const MIN_PERIOD_MS = 1;

/** A {@link Clock} that stands still until a test moves it. */
export class ManualClock implements Clock {
  private elapsedMs = 0;
  private readonly timers = new Set<Timer>();

  /** @param startWallTime - the calendar time to begin with, in ms since 1970. */
  constructor(private readonly startWallTime: number = Date.UTC(2026, 0, 1)) {}

  /** How many timers and sleeps are waiting. None should be left when what you test has been closed. */
  get pending(): number {
    return this.timers.size;
  }

  /** How many of those would keep the process alive. */
  get held(): number {
    return [...this.timers].filter(({ holds }) => holds).length;
  }

  now(): number {
    return this.elapsedMs;
  }

  wallTime(): number {
    return this.startWallTime + this.elapsedMs;
  }

  after(ms: number, run: () => void): Stop {
    return this.once(ms, run, false);
  }

  hold(ms: number, run: () => void): Stop {
    return this.once(ms, run, true);
  }

  every(ms: number, run: () => void): Stop {
    const everyMs = Math.max(MIN_PERIOD_MS, ms);
    return this.schedule({ dueAt: this.elapsedMs + everyMs, everyMs, holds: false, run });
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        stop();
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const stop = this.hold(ms, finish);
      signal?.addEventListener('abort', finish, { once: true });
    });
  }

  /**
   * Moves the time on and runs what becomes due, in order. Before, between and after the timers all promise callbacks
   * run, so what a timer starts may set new timers that become due in the same call.
   * @throws TestClusterError when `ms` is negative.
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0))
      throw new TestClusterError(`Time cannot move by ${String(ms)} ms: only forwards.`);
    const target = this.elapsedMs + ms;
    await settle();
    for (let next = this.nextDue(target); next !== undefined; next = this.nextDue(target)) {
      this.elapsedMs = Math.max(this.elapsedMs, next.dueAt);
      if (next.everyMs === null) this.timers.delete(next);
      else next.dueAt += next.everyMs;
      next.run();
      await settle();
    }
    this.elapsedMs = Math.max(this.elapsedMs, target);
  }

  private once(ms: number, run: () => void, holds: boolean): Stop {
    return this.schedule({ dueAt: this.elapsedMs + Math.max(0, ms), everyMs: null, holds, run });
  }

  private schedule(timer: Timer): Stop {
    this.timers.add(timer);
    return () => {
      this.timers.delete(timer);
    };
  }

  private nextDue(until: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.timers) {
      // Strictly earlier: of those due at the same time, the one that was set first goes first.
      if (timer.dueAt <= until && (next === undefined || timer.dueAt < next.dueAt)) next = timer;
    }
    return next;
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => {
    soon(resolve);
  });
}
