import { SessionUnavailableError } from '../../base/errors/index.js';
import { onSignal, waitFor } from '../../base/timing/index.js';

/** Lets a limited number of look-ups run at a time. Up to `maxWaiting` others wait. */
export class ArchiveTurns {
  readonly #atATime: number;
  readonly #maxWaiting: number;
  readonly #line = new Set<() => void>();
  #going = 0;

  constructor(atATime: number, maxWaiting: number) {
    this.#atATime = atATime;
    this.#maxWaiting = maxWaiting;
  }

  /** How many run, and how many wait. */
  get load(): { readonly going: number; readonly waiting: number } {
    return { going: this.#going, waiting: this.#line.size };
  }

  /**
   * Runs `work` when it is its turn. When the signal fires, the next one gets the turn, whether or not the work
   * has stopped: an archive that never answers blocks nobody.
   */
  async run<R>(signal: AbortSignal, work: () => Promise<R>): Promise<R> {
    await this.#enter(signal);
    const leave = this.#leaver(signal);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    if (this.#going < this.#atATime) {
      this.#going++;
      return;
    }
    if (this.#line.size >= this.#maxWaiting) {
      throw new SessionUnavailableError('Too many sessions are being looked up in the archive');
    }
    return waitFor(
      ({ give }) => {
        const go = (): void => {
          give();
        };
        this.#line.add(go);
        return () => {
          this.#line.delete(go);
        };
      },
      onSignal(signal, tooBusy),
    );
  }

  // The turn is passed on and not released, so that no newcomer overtakes those who wait.
  #leaver(signal: AbortSignal): () => void {
    let hasLeft = false;
    const leave = (): void => {
      if (hasLeft) return;
      hasLeft = true;
      const [next] = this.#line;
      if (next === undefined) this.#going--;
      else next();
    };
    const stopListening = onSignal(signal)(leave);
    return () => {
      stopListening();
      leave();
    };
  }
}

function tooBusy(): SessionUnavailableError {
  return new SessionUnavailableError('The archive is too busy to look the session up');
}
