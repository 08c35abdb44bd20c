import { BoundedMap } from '../../base/collections/index.js';
import type { Clock } from '../../base/timing/index.js';

const MAX_KEYS = 10_000;

/** Remembers for a while what happened to keys: that loading one failed, or that another process loads it. */
export class RecentKeys {
  readonly #clock: Clock;
  readonly #notedAt = new BoundedMap<string, number>(MAX_KEYS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Remembers a key. Beyond ten thousand keys, the oldest is forgotten. */
  note(key: string): void {
    this.#notedAt.set(key, this.#clock.now());
  }

  /** Whether the key was noted less than `ms` ago. */
  isRecent(key: string, ms: number): boolean {
    const notedAt = this.#notedAt.get(key);
    return notedAt !== undefined && this.#clock.now() - notedAt < ms;
  }

  /** Forgets a key: it was loaded, written or deleted since. */
  forget(key: string): void {
    this.#notedAt.delete(key);
  }
}
