import type { Clock } from '../../base/timing/index.js';

const SECOND_MS = 1_000;
// Timers are late. What they miss may be made up for, but only a little of it; so the pace is a little slower.
const MAKE_UP_MS = 20;
const PACE = 1.03;
// Longer than what two may make up for.
const PAUSE_MS = 100;
/** So much of the source may live loads take before a warm-up goes on. */
const MAX_DEBT_MS = 1_000;

/**
 * How often a warm-up may call the source: loads begin evenly spread, and never more of them in any second than it is
 * allowed. What live traffic loads meanwhile is taken off.
 */
export class LoadBudget {
  readonly #clock: Clock;
  readonly #spacingMs: number;
  /** When the last loads began: a ring with room for those of one second. */
  readonly #begun: Float64Array;
  #count = 0;
  #nextAt: number;
  readonly #preparing = new WaitingLine();
  readonly #beginning = new WaitingLine();

  constructor(perSecond: number, clock: Clock) {
    this.#clock = clock;
    this.#spacingMs = (SECOND_MS / perSecond) * PACE;
    this.#begun = new Float64Array(perSecond).fill(-Infinity);
    this.#nextAt = clock.now() + this.#spacingMs;
  }

  /** Live traffic has begun so many loads. They never wait. */
  charge(loads: number): void {
    const now = this.#clock.now();
    const at = Math.max(this.#nextAt, now) + loads * this.#spacingMs;
    this.#nextAt = Math.min(at, Math.max(this.#nextAt, now + MAX_DEBT_MS));
  }

  /** Somebody else has called the source up to now: the next load begins after a pause. */
  pause(): void {
    this.#nextAt = Math.max(this.#nextAt, this.#clock.now() + PAUSE_MS + this.#spacingMs);
  }

  /** Waits for its turn to prepare a load. Returns false when the signal fires first. */
  reserve(signal: AbortSignal): Promise<boolean> {
    return this.#preparing.take(async () => {
      if (!(await this.#until(() => this.#nextAt, signal))) return false;
      this.#nextAt = Math.max(this.#nextAt, this.#clock.now() - MAKE_UP_MS) + this.#spacingMs;
      return true;
    });
  }

  /** Waits until the source may be called: not at all, or for a moment. Returns false when the signal fires first. */
  begin(signal: AbortSignal): Promise<boolean> {
    const { length } = this.#begun;
    const at = (): number => (this.#begun[this.#count % length] ?? 0) + SECOND_MS;
    return this.#beginning.take(async () => {
      if (!(await this.#until(at, signal))) return false;
      this.#begun[this.#count++ % length] = this.#clock.now();
      return true;
    });
  }

  // Live traffic may put the moment off while it is waited for.
  async #until(at: () => number, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      if (signal.aborted) return false;
      const leftMs = at() - this.#clock.now();
      if (leftMs <= 0) return true;
      await this.#clock.sleep(leftMs, signal);
    }
  }
}

/** One after the other: two that wake at the same moment would take one turn. */
class WaitingLine {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(turn: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(turn);
    this.#last = mine;
    return mine;
  }
}
