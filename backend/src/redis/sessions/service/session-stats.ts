import { SessionInvalidError } from '../../base/errors/index.js';

/** Stats of a session service since the process began. */
export interface SessionStats {
  readonly created: number;
  /** Reads that found their session. */
  readonly validated: number;
  /** Reads with a token that belongs to no session. */
  readonly invalid: number;
  /** Reads that nobody could answer. */
  readonly unavailable: number;
  /** Sessions ended one by one; ending all of a user counts once. */
  readonly ended: number;
}

/** Counts for {@link SessionStats}. */
export class SessionCounters {
  readonly #counts = { created: 0, validated: 0, invalid: 0, unavailable: 0, ended: 0 };

  /** Adds one. */
  add(counter: keyof SessionStats): void {
    this.#counts[counter]++;
  }

  /** Counts a read that failed, and fails like it. */
  readonly failed = (error: unknown): never => {
    this.add(error instanceof SessionInvalidError ? 'invalid' : 'unavailable');
    throw error;
  };

  /** The counters now. */
  get stats(): SessionStats {
    return { ...this.#counts };
  }
}
