import type { Loan, SharedConnection } from '../../cluster/connection/index.js';
import { ClosedError, isRoleRefusal, NoPrimaryError } from '../../base/errors/index.js';
import { atDeadline, onSignal, waitFor, type Clock } from '../../base/timing/index.js';
import type { TopologyTracker } from '../../cluster/topology/index.js';

const FIRST_WRITE_KEY = 'nestjs-redis-ha:first-write';
const REFUSAL_PAUSE_MS = 10;

/** A lent connection to the primary. */
export interface PrimaryLoan extends Loan {
  readonly node: SharedConnection;
}

/** Lends connections to the present primary. */
export class PrimaryLoans {
  readonly #tracker: TopologyTracker;
  readonly #clock: Clock;
  readonly #closing = new AbortController();

  constructor(tracker: TopologyTracker, clock: Clock) {
    this.#tracker = tracker;
    this.#clock = clock;
  }

  /** Waits for a primary that takes writes, then for a free connection to it, and lends that. */
  async acquire(timeoutMs: number, signal: AbortSignal | null = null): Promise<PrimaryLoan> {
    const until = this.#clock.now() + timeoutMs;
    await this.whenWritable(timeoutMs, signal);
    const primary = this.#tracker.primary;
    if (primary === null)
      throw new NoPrimaryError('The primary was lost before it could be used', { timeoutMs });
    const loan = await primary.pool.acquire(Math.max(1, until - this.#clock.now()), signal);
    if (this.#tracker.primary === primary) return { ...loan, node: primary };
    loan.discard();
    throw new NoPrimaryError('Another node became the primary meanwhile', { timeoutMs });
  }

  /**
   * Like {@link PrimaryLoans.acquire}. Right after a switch it also waits until the new primary takes a
   * write: until its first replica is linked it may refuse writes, and with a refused `EXEC` Redis
   * forgets the watched keys.
   */
  async acquireTakingWrites(timeoutMs: number): Promise<PrimaryLoan> {
    const until = this.#clock.now() + timeoutMs;
    const loan = await this.acquire(timeoutMs);
    while (this.#tracker.history.isFirstWriteAwaited && this.#clock.now() < until) {
      // The first write: it deletes a key that does not exist, so it changes nothing.
      const isRefused = await loan.wire.call('unlink', [FIRST_WRITE_KEY]).then(
        () => false,
        (error: unknown) => isRoleRefusal(error),
      );
      if (!isRefused) break;
      await this.#clock.sleep(REFUSAL_PAUSE_MS);
    }
    return loan;
  }

  /** Resolves when writes may be sent. Rejects at the deadline, when the signal fires, and at shutdown. */
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

  /** Refuses new callers and those that wait. */
  close(): void {
    this.#closing.abort();
  }
}

function neverWritable(timeoutMs: number): NoPrimaryError {
  return new NoPrimaryError(`No primary took writes within ${String(timeoutMs)} ms`, { timeoutMs });
}

function givenUp(): NoPrimaryError {
  return new NoPrimaryError('The wait for the primary was aborted');
}

function closed(): ClosedError {
  return new ClosedError('Redis is shutting down');
}
