import type { Loan, SharedConnection } from '../../cluster/connection/index.js';
import { ClosedError, isRoleRefusal, NoPrimaryError } from '../../base/errors/index.js';
import { atDeadline, onSignal, waitFor, type Clock } from '../../base/timing/index.js';
import type { TopologyTracker } from '../../cluster/topology/index.js';

const FIRST_WRITE_KEY = 'nestjs-redis-ha:first-write';
const REFUSAL_PAUSE_MS = 10;

/** A connection of one's own to the primary. */
export interface PrimaryLoan extends Loan {
  readonly node: SharedConnection;
}

/** Connections of one's own to whichever node is the primary. */
export class PrimaryLoans {
  readonly #tracker: TopologyTracker;
  readonly #clock: Clock;
  readonly #closing = new AbortController();

  constructor(tracker: TopologyTracker, clock: Clock) {
    this.#tracker = tracker;
    this.#clock = clock;
  }

  /** Waits for a primary that takes writes, then for a free connection to it. */
  async acquire(timeoutMs: number, signal: AbortSignal | null = null): Promise<PrimaryLoan> {
    const until = this.#clock.now() + timeoutMs;
    await this.whenWritable(timeoutMs, signal);
    const primary = this.#tracker.primary;
    if (primary === null) throw new NoPrimaryError('The primary went away again', { timeoutMs });
    const loan = await primary.pool.acquire(Math.max(1, until - this.#clock.now()), signal);
    if (this.#tracker.primary === primary) return { ...loan, node: primary };
    loan.discard();
    throw new NoPrimaryError('Another node became the primary meanwhile', { timeoutMs });
  }

  /**
   * As {@link PrimaryLoans.acquire}, and right after a switch not before the new primary takes
   * writes: until its first replica is linked it may refuse them, and a refused `EXEC` has forgotten
   * what was watched.
   */
  async acquireTakingWrites(timeoutMs: number): Promise<PrimaryLoan> {
    const until = this.#clock.now() + timeoutMs;
    const loan = await this.acquire(timeoutMs);
    while (this.#tracker.history.isFirstWriteAwaited && this.#clock.now() < until) {
      // Deletes a key that nobody has: a write, and the most harmless there is.
      const isRefused = await loan.wire.call('unlink', [FIRST_WRITE_KEY]).then(
        () => false,
        (error: unknown) => isRoleRefusal(error),
      );
      if (!isRefused) break;
      await this.#clock.sleep(REFUSAL_PAUSE_MS);
    }
    return loan;
  }

  /** Resolves when writes may be sent; rejects at the deadline, the signal or the end. */
  whenWritable(timeoutMs: number, signal: AbortSignal | null = null): Promise<void> {
    return waitFor(
      ({ give }) => {
        const check = (): void => {
          if (this.#tracker.isWritable) give();
        };
        check();
        return this.#tracker.onChange(check);
      },
      onSignal(this.#closing.signal, closed),
      onSignal(signal, givenUp),
      atDeadline(this.#clock, timeoutMs, () => neverWritable(timeoutMs)),
    );
  }

  /** Refuses from now on, and ends those who wait. */
  close(): void {
    this.#closing.abort();
  }
}

function neverWritable(timeoutMs: number): NoPrimaryError {
  return new NoPrimaryError(`No primary took writes within ${String(timeoutMs)} ms`, { timeoutMs });
}

function givenUp(): NoPrimaryError {
  return new NoPrimaryError('Given up while waiting for the primary');
}

function closed(): ClosedError {
  return new ClosedError('Redis is shutting down');
}
