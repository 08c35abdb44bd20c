import { BoundedMap } from '../../base/collections/index.js';
import type { Clock } from '../../base/timing/index.js';

/** Remembers a limited number of answers for a short while. The oldest are dropped first. */
export class Remembered<V> {
  readonly #clock: Clock;
  readonly #forMs: number;
  readonly #answers: BoundedMap<string, { readonly answer: V; readonly until: number }>;

  constructor(clock: Clock, forMs: number, maxEntries: number) {
    this.#clock = clock;
    this.#forMs = forMs;
    this.#answers = new BoundedMap(maxEntries);
  }

  /** How many there are, including expired ones. */
  get size(): number {
    return this.#answers.size;
  }

  /** Returns the result for a key, while it is remembered. */
  get(key: string): V | undefined {
    const found = this.#answers.get(key);
    if (found === undefined || found.until > this.#clock.now()) return found?.answer;
    this.#answers.delete(key);
    return undefined;
  }

  /** Remembers a result from now on. */
  set(key: string, answer: V): void {
    if (this.#forMs === 0) return;
    this.#answers.set(key, { answer, until: this.#clock.now() + this.#forMs });
  }

  /** Forgets it at once. */
  delete(key: string): void {
    this.#answers.delete(key);
  }
}
