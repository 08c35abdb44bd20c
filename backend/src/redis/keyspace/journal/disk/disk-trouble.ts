import type { Clock } from '../../../base/timing/index.js';

/** Who hears of it. */
export interface TroubleListener {
  /** Called once each time the disk starts to refuse writes, or does not answer. */
  readonly onFailure?: (reason: string) => void;
  /** Called when the disk has taken again what it refused, or did not answer for. */
  readonly onRecovery?: (failedMs: number) => void;
}

/** Remembers since when, and why, the disk takes no writes. */
export class DiskTrouble {
  readonly #clock: Clock;
  readonly #listener: TroubleListener;
  #failures = 0;
  #present: { readonly reason: string; readonly begunAt: number; readonly since: number } | null =
    null;

  constructor(clock: Clock, listener: TroubleListener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  /** How often it was told. */
  get failures(): number {
    return this.#failures;
  }

  /** The latest reason, and since when in calendar milliseconds; `null` while there is no trouble. */
  get present(): { readonly reason: string; readonly since: number } | null {
    return this.#present;
  }

  /** The disk refuses, or goes on to refuse. */
  note(reason: string): void {
    const { begunAt = this.#clock.now(), since = this.#clock.wallTime() } = this.#present ?? {};
    this.#present = { reason, begunAt, since };
  }

  /** Tells of a failure, whether or not it has a consequence. */
  tell(reason: string): void {
    this.#failures++;
    this.#listener.onFailure?.(reason);
  }

  /** The disk has taken something. */
  end(): void {
    if (this.#present === null) return;
    const { begunAt } = this.#present;
    this.#present = null;
    this.#listener.onRecovery?.(this.#clock.now() - begunAt);
  }
}
