import { afterInput, type Clock, type Stop } from './clock.js';

// A socket delivers 64 kB per turn of the event loop, and more may have arrived while the process was busy.
const LATE_PER_TURN_MS = 20;
const MAX_TURNS = 20;

function turnsToCatchUp(lateMs: number): number {
  return Math.min(MAX_TURNS, Math.floor(lateMs / LATE_PER_TURN_MS));
}

/**
 * Calls `beat` at a steady interval while there is something to watch, and not otherwise. Each call
 * comes after the input that has already arrived: a process that was busy for a second must not take
 * its own pause for a silence of the other side.
 */
export class Pulse {
  readonly #clock: Clock;
  readonly #untilNextMs: () => number;
  readonly #beat: () => boolean;
  readonly #holds: boolean;
  #beating = false;
  #stopTimer: Stop | null = null;
  #round = 0;

  /**
   * @param everyMs - or how long it is to the next beat, if something is due before
   * @param beat - returns whether there is still something to watch
   * @param holds - whether the process is kept alive while there is
   */
  constructor(
    clock: Clock,
    everyMs: number | (() => number),
    beat: () => boolean,
    { holds = false }: { readonly holds?: boolean } = {},
  ) {
    this.#clock = clock;
    this.#holds = holds;
    this.#untilNextMs = typeof everyMs === 'number' ? () => everyMs : everyMs;
    this.#beat = beat;
  }

  /** Starts, unless it runs already. */
  readonly wake = (): void => {
    if (this.#beating) return;
    this.#beating = true;
    this.#schedule();
  };

  /** Stops at once, whatever there is to watch. It may be started again. */
  stop(): void {
    this.#round++;
    this.#beating = false;
    this.#stopTimer?.();
    this.#stopTimer = null;
  }

  #schedule(): void {
    const round = this.#round;
    const ms = this.#untilNextMs();
    const dueAt = this.#clock.now() + ms;
    const beat = (): void => {
      this.#beatAfterInput(1 + turnsToCatchUp(this.#clock.now() - dueAt), round);
    };
    const clock = this.#clock;
    this.#stopTimer = this.#holds ? clock.hold(ms, beat) : clock.after(ms, beat);
  }

  #beatAfterInput(turns: number, round: number): void {
    afterInput(() => {
      if (round !== this.#round) return;
      if (turns > 1) {
        this.#beatAfterInput(turns - 1, round);
        return;
      }
      this.#beating = this.#beat();
      if (this.#beating && round === this.#round) this.#schedule();
    });
  }
}
