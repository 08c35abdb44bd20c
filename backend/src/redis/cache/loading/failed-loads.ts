import { BoundedMap } from '../../base/collections/index.js';
import type { Clock } from '../../base/timing/index.js';

const MAX_KEYS = 10_000;

/** Remembers for a while which keys could not be loaded, so that a failing source is not called each time. */
export class FailedLoads {
  readonly #clock: Clock;
  readonly #failedAt = new BoundedMap<string, number>(MAX_KEYS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Remembers a failure. Beyond ten thousand keys, the oldest is forgotten. */
  note(key: string): void {
    this.#failedAt.set(key, this.#clock.now());
  }

  /** Whether loading the key failed less than `ms` ago. */
  isRecent(key: string, ms: number): boolean {
    const failedAt = this.#failedAt.get(key);
    return failedAt !== undefined && this.#clock.now() - failedAt < ms;
  }

  /** Forgets a failure: the key was loaded, written or deleted since. */
  forget(key: string): void {
    this.#failedAt.delete(key);
  }
}
