import type { Clock, Stop } from '../../src/redis/base/timing/index.js';

interface Timer {
  dueAt: number;
  readonly everyMs: number | null;
  readonly run: () => void;
}

/**
 * A clock that jumps, as it does for a busy process: everything that became due meanwhile runs late, at
 * the new time, once. A jump of ten seconds costs as little as one of a millisecond.
 */
export class ModelClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now = 0;

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): Stop {
    return this.#add({ dueAt: this.#now + ms, everyMs: null, run });
  }

  hold(ms: number, run: () => void): Stop {
    return this.after(ms, run);
  }

  every(ms: number, run: () => void): Stop {
    return this.#add({ dueAt: this.#now + ms, everyMs: Math.max(1, ms), run });
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        stop();
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const stop = this.after(ms, finish);
      signal?.addEventListener('abort', finish, { once: true });
    });
  }

  /** Moves on, and runs what became due, in order. */
  jump(ms: number): void {
    this.#now += ms;
    const due = [...this.#timers].filter(({ dueAt }) => dueAt <= this.#now);
    due.sort((a, b) => a.dueAt - b.dueAt);
    for (const timer of due) {
      if (!this.#timers.has(timer)) continue;
      if (timer.everyMs === null) this.#timers.delete(timer);
      else timer.dueAt = this.#now + timer.everyMs;
      timer.run();
    }
  }

  #add(timer: Timer): Stop {
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }
}
