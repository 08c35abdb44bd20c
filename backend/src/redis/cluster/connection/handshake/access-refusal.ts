import type { Clock } from '../../../base/timing/index.js';
import { refusesCredentials } from './explain-failure.js';

// Longer than a rotation needs that has reached one of the two sides, and shorter than a failover.
const COUNTS_AFTER_MS = 1000;

// Credentials that may change are asked for at each attempt, so they were renewed once at least.
const COUNTS_FROM = 2;

/** Something that is connected to, and may refuse the credentials. */
interface Refusing {
  readonly accessRefusedAt: number | null;
}

/**
 * Returns a moment since which every one of them has refused an attempt that began then or later; `null` while one of
 * them has not, or there is none.
 */
export function refusedByAll(others: readonly (Refusing | undefined)[]): number | null {
  let earliest: number | null = null;
  for (const other of others) {
    const refusedAt = other?.accessRefusedAt ?? null;
    if (refusedAt === null) return null;
    earliest = Math.min(earliest ?? refusedAt, refusedAt);
  }
  return earliest;
}

/**
 * Knows whether the other side refuses our credentials: at each attempt to connect, for a second or more.
 * What passes sooner is a rotation, or a server that is given its users after its start.
 */
export class AccessRefusal {
  readonly #clock: Clock;
  #since = 0;
  #attempts = 0;
  #lastBegunAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * When the last attempt that was refused began, if it has lasted: trying again will not help until somebody
   * changes something. Whoever came after that waits for the next attempt. Otherwise `null`.
   */
  get refusedAt(): number | null {
    const lasts =
      this.#attempts >= COUNTS_FROM && this.#clock.now() - this.#since >= COUNTS_AFTER_MS;
    return lasts ? this.#lastBegunAt : null;
  }

  /** Notes why an attempt to connect failed that began then. */
  note(reason: string, begunAt: number): void {
    if (!refusesCredentials(reason)) {
      this.end();
      return;
    }
    if (this.#attempts === 0) this.#since = this.#clock.now();
    this.#attempts++;
    this.#lastBegunAt = begunAt;
  }

  /** An attempt ended in another way: whatever the other side is, it does not refuse the credentials. */
  end(): void {
    this.#attempts = 0;
  }
}
