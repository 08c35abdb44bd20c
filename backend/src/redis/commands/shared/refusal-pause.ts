import type { Clock, Stop } from '../../base/timing/index.js';

const PAUSES_MS = [2, 5, 5, 10];

/** The pause before a node that has refused is asked again: longer with each refusal in a row. */
export class RefusalPause {
  readonly #clock: Clock;
  readonly #onOver: () => void;
  #refusals = 0;
  #stop: Stop | null = null;

  constructor(clock: Clock, onOver: () => void) {
    this.#clock = clock;
    this.#onOver = onOver;
  }

  /** Whether nobody should be asked now. */
  get isRunning(): boolean {
    return this.#stop !== null;
  }

  /** Starts a pause, unless one is under way. */
  start(): void {
    if (this.#stop !== null) return;
    const ms = PAUSES_MS[Math.min(this.#refusals++, PAUSES_MS.length - 1)] ?? 0;
    this.#stop = this.#clock.after(ms, () => {
      this.#stop = null;
      this.#onOver();
    });
  }

  /** The next pause is a short one again. */
  reset(): void {
    this.#refusals = 0;
  }

  /** Ends the pause, and calls nobody. */
  stop(): void {
    this.#stop?.();
    this.#stop = null;
  }
}
