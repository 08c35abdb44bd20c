import { afterInput, type Clock } from './clock.js';

// In one turn of the event loop a socket gives 64 kB. What came in while the process was busy may be more.
const LATE_PER_TURN_MS = 20;
const MAX_TURNS = 20;

function turnsToCatchUp(lateMs: number): number {
  return Math.min(MAX_TURNS, Math.floor(lateMs / LATE_PER_TURN_MS));
}

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
    const dueAt = this.#clock.now() + this.#everyMs;
    this.#clock.after(this.#everyMs, () => {
      this.#beatAfterInput(1 + turnsToCatchUp(this.#clock.now() - dueAt));
    });
  }

  #beatAfterInput(turns: number): void {
    afterInput(() => {
      if (turns > 1) {
        this.#beatAfterInput(turns - 1);
        return;
      }
      this.#beating = this.#beat();
      if (this.#beating) this.#schedule();
    });
  }
}
