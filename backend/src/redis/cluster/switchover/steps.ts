import { type ErrorDetails, SwitchoverFailedError } from '../../base/errors/index.js';
import type { Clock } from '../../base/timing/index.js';

const LOOK_EVERY_MS = 5;

/** What was waited for at the deadline, and what is known of it. */
export interface Waiting {
  /** For people. */
  readonly what: string;
  readonly details: ErrorDetails;
}

/** What is waited for; a function where that is known only at the deadline. */
type What = string | (() => Waiting);

/** Waits for one condition after another, all within one deadline. */
export class Steps {
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | null;

  constructor(clock: Clock, timeoutMs: number, signal: AbortSignal | null = null) {
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
  }

  /** Time since the first step began. */
  get elapsedMs(): number {
    return this.#clock.now() - this.#startedAt;
  }

  /** Time left before the deadline. */
  get leftMs(): number {
    return Math.max(1, this.#timeoutMs - this.elapsedMs);
  }

  /** Returns new steps with a deadline of their own, counted from now. */
  anew(timeoutMs: number): Steps {
    return new Steps(this.#clock, timeoutMs);
  }

  /** Waits until `isSo` returns true. Calls `nudge` after each check that fails. Rejects at the deadline. */
  async until(what: What, isSo: () => boolean, nudge?: () => void): Promise<void> {
    while (!isSo()) {
      this.#requireTime(what);
      nudge?.();
      await this.#clock.sleep(LOOK_EVERY_MS);
    }
  }

  /** Waits a moment before something is tried again. Rejects at the deadline. */
  async pause(what: What): Promise<void> {
    this.#requireTime(what);
    await this.#clock.sleep(LOOK_EVERY_MS);
  }

  #requireTime(what: What): void {
    if (this.#signal?.aborted === true) {
      throw new SwitchoverFailedError('the application is shutting down');
    }
    if (this.elapsedMs >= this.#timeoutMs) {
      const waiting = typeof what === 'string' ? { what, details: {} } : what();
      throw new SwitchoverFailedError(
        `waited ${String(this.#timeoutMs)} ms in all, last for ${waiting.what}`,
        { waitingFor: waiting.what, timeoutMs: this.#timeoutMs, ...waiting.details },
      );
    }
  }
}
