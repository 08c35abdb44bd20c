import { performance } from 'node:perf_hooks';
import * as timers from 'node:timers';
import { inBackground } from './background.js';

// Taken from Node while the module is loaded: a test that fakes the clock of its application must not stop
// heartbeats, nor cut connections by moving the time.
const { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } = timers;
const machineNow = performance.now.bind(performance);
const machineDate = Date.now;

/** Ends what it was returned for, such as a timer or a listener. Calling it twice is harmless. */
export type Stop = () => void;

/** Time, as the engine sees it. Injected, so that tests move it by hand. */
export interface Clock {
  /** Milliseconds that never go back: for measuring and for deadlines. */
  now(): number;
  /**
   * The calendar time in milliseconds since 1970: to show to people, and to tell other processes.
   *
   * @param now - what `now` has just said: to look once where that is enough
   */
  wallTime(now?: number): number;
  /** By how much `wallTime` may differ from the calendar of Redis, in ms. Without it: not at all. */
  uncertaintyMs?(): number;
  /** Calls back once after `ms`. Never keeps the process alive. */
  after(ms: number, run: () => void): Stop;
  /** Like `after`, and keeps the process alive until then: for what somebody waits for. */
  hold(ms: number, run: () => void): Stop;
  /** Calls back every `ms`. Never keeps the process alive. */
  every(ms: number, run: () => void): Stop;
  /** Resolves after `ms`, or at once when the signal fires. Never rejects. Keeps the process alive, as `hold` does. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export class SystemClock implements Clock {
  now(): number {
    return machineNow();
  }

  wallTime(): number {
    return machineDate();
  }

  after(ms: number, run: () => void): Stop {
    const timer = inBackground(() => setTimeout(run, ms));
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  }

  hold(ms: number, run: () => void): Stop {
    const timer = inBackground(() => setTimeout(run, ms));
    return () => {
      clearTimeout(timer);
    };
  }

  every(ms: number, run: () => void): Stop {
    const timer = inBackground(() => setInterval(run, ms));
    timer.unref();
    return () => {
      clearInterval(timer);
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const timer = inBackground(() => setTimeout(finish, ms));
      signal?.addEventListener('abort', finish, { once: true });
    });
  }
}

/** Runs after the input that has arrived. Otherwise a busy process would take its own delay for that of its peer. */
export function afterInput(run: () => void): void {
  setImmediate(run);
}

/** Runs after all promise callbacks of this turn of the event loop. */
export const afterPromises: (run: () => void) => void = process.nextTick.bind(process);

/** Returns a random number from 0 up to, not including, 1. Injected, so that tests choose it. */
export type Random = () => number;

/** Random numbers of the machine. Not for secrets. */
export const systemRandom: Random = () => Math.random();
