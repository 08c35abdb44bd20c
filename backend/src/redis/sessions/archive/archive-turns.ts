import { SessionUnavailableError } from '../../base/errors/index.js';

/** Limits how many lookups run at a time. Others wait in line, up to `maxWaiting` of them. */
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
    await new Promise<void>((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#line.delete(go);
        reject(new SessionUnavailableError('The archive is too busy to look the session up'));
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#line.add(go);
    });
  }

  // The turn goes directly to the next one, so that no new caller gets ahead of the line.
  #leaver(signal: AbortSignal): () => void {
    let hasLeft = false;
    const leave = (): void => {
      if (hasLeft) return;
      hasLeft = true;
      signal.removeEventListener('abort', leave);
      const [next] = this.#line;
      if (next === undefined) this.#going--;
      else {
        this.#line.delete(next);
        next();
      }
    };
    signal.addEventListener('abort', leave, { once: true });
    return leave;
  }
}
