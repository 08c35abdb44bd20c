import type { Clock, Stop } from './clock.js';
import type { Limit } from './wait.js';

// A longer delay makes a timer of Node.js fire at once.
const MAX_TIMER_MS = 2_147_483_647;

/**
 * Calls back once at a moment of the clock, however far away; never at `Infinity`. Keeps the process
 * alive until then, or until it is stopped.
 */
export function holdUntil(clock: Clock, at: number, run: () => void): Stop {
  let stop: Stop = () => undefined;
  const wait = (): void => {
    const leftMs = Math.max(0, at - clock.now());
    stop = clock.hold(Math.min(leftMs, MAX_TIMER_MS), leftMs > MAX_TIMER_MS ? wait : run);
  };
  wait();
  return () => {
    stop();
  };
}

/** The limit of a moment of the clock; `Infinity` sets none. It keeps the process alive. */
export function untilTime(clock: Clock, at: number, error?: () => unknown): Limit {
  return (end) =>
    holdUntil(clock, at, () => {
      end(error?.());
    });
}
