import type { Clock } from './clock.js';

/**
 * Beats at a steady pace for as long as there is something to watch, and not at all otherwise.
 * Each beat comes after the input that has already arrived: a process that was busy for a second
 * must not take its own pause for a silence of the other side.
 */
export class Pulse {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #beat: () => boolean;
  #beating = false;

  /** @param beat - called on each beat; answers whether there is still something to watch */
  constructor(clock: Clock, everyMs: number, beat: () => boolean) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#beat = beat;
  }

  /** Starts beating, unless it does already. */
  wake(): void {
    if (this.#beating) return;
    this.#beating = true;
    this.#schedule();
  }

  #schedule(): void {
    this.#clock.after(this.#everyMs, () => {
      setImmediate(() => {
        this.#beating = this.#beat();
        if (this.#beating) this.#schedule();
      });
    });
  }
}
