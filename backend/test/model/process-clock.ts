import type { Clock, Stop } from '../../src/redis/base/timing/index.js';
import type { ModelClock } from './model-clock.js';

/** The calendar of Redis when a history begins. */
export const BASE_MS = Date.UTC(2026, 0, 1);

/** The clock of one process: time passes alike for all, and its calendar may be wrong. */
export class ProcessClock implements Clock {
  readonly #shared: ModelClock;
  readonly #mostMs: number;
  #offsetMs: number;

  /** @param offsetMs - by how much its calendar is wrong */
  constructor(shared: ModelClock, offsetMs: number) {
    this.#shared = shared;
    this.#mostMs = Math.abs(offsetMs);
    this.#offsetMs = offsetMs;
  }

  /** Sets the calendar, at most as wrong as it was at first: 0 for right, 1 and -1 for as wrong as that. */
  set(share: number): void {
    this.#offsetMs = Math.round(share * this.#mostMs);
  }

  now(): number {
    return this.#shared.now();
  }

  wallTime(): number {
    return BASE_MS + this.#shared.now() + this.#offsetMs;
  }

  uncertaintyMs(): number {
    return this.#mostMs;
  }

  after(ms: number, run: () => void): Stop {
    return this.#shared.after(ms, run);
  }

  hold(ms: number, run: () => void): Stop {
    return this.#shared.hold(ms, run);
  }

  every(ms: number, run: () => void): Stop {
    return this.#shared.every(ms, run);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#shared.sleep(ms, signal);
  }
}
