import { atDeadline, endsWithin, type Clock } from '../../base/timing/index.js';

/** A value that is looked at, and waited for. */
export class Watched<T> {
  #value: T;
  #wake: () => void = () => undefined;
  #changed: Promise<void> | null = null;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value now. */
  get value(): T {
    return this.#value;
  }

  /** Sets the value, and wakes all who wait. */
  set(value: T): void {
    this.#value = value;
    this.#changed = null;
    this.#wake();
  }

  /** Resolves at the next change. */
  untilChanged(): Promise<void> {
    this.#changed ??= new Promise((resolve) => {
      this.#wake = resolve;
    });
    return this.#changed;
  }

  /** The same, and after `ms` in any case. */
  async changedWithin(clock: Clock, ms: number): Promise<void> {
    await endsWithin(this.untilChanged(), atDeadline(clock, ms));
  }
}
