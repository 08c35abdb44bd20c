import type { LoanPurpose, RedisNode } from '../../cluster/connection/index.js';
import { ClosedError, ConnectionLostError, NoPrimaryError } from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import {
  atDeadline,
  endsWithin,
  onAbort,
  onSignal,
  untilTime,
  waitFor,
  type Clock,
} from '../../base/timing/index.js';
import type { TopologyTracker } from '../../cluster/topology/index.js';
import { neverWritable } from '../shared/outcome-errors.js';
import { LoanCalls } from './loan-calls.js';
import type { PrimaryLoan } from './wait-ender.js';

const RETRY_MS = 10;

/** Lends connections to the present primary, and knows which are lent. */
export class PrimaryLoans {
  /** Runs calls on what is lent. */
  readonly calls: LoanCalls;
  readonly #tracker: TopologyTracker;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #closing = new AbortController();
  readonly #lent = new Set<PrimaryLoan>();
  readonly #exhausted = new Set<LoanPurpose>();
  #onAllBack: (() => void) | null = null;

  constructor(tracker: TopologyTracker, clock: Clock, bus: EventBus) {
    this.#tracker = tracker;
    this.#clock = clock;
    this.#bus = bus;
    this.calls = new LoanCalls(tracker, clock, bus);
  }

  /** The number of connections that are lent. */
  get lent(): number {
    return this.#lent.size;
  }

  /** Whether the application is shutting down. */
  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Whether the primary moved and the new one has not answered a write yet. */
  get isFirstWriteAwaited(): boolean {
    return this.#tracker.history.isFirstWriteAwaited;
  }

  /** Whether a write may be sent on this connection now. */
  mayWrite({ node }: PrimaryLoan): boolean {
    return this.#tracker.isWritable && this.#tracker.primary === node;
  }

  /**
   * Waits for a primary that takes writes, then for a free connection to it, and lends that. Begins
   * anew when the primary moves or the connection cannot be opened. `Infinity` waits without an end.
   */
  async acquire(
    timeoutMs: number,
    signal: AbortSignal | null = null,
    purpose: LoanPurpose = 'exclusive',
  ): Promise<PrimaryLoan> {
    const until = this.#clock.now() + timeoutMs;
    const givenUp = new AbortController();
    const giveUp = (): void => {
      givenUp.abort();
    };
    const stops = [onAbort(signal, giveUp), onAbort(this.#closing.signal, giveUp)];
    try {
      for (;;) {
        if (this.#clock.now() >= until) throw neverWritable(this.#tracker, timeoutMs);
        await this.whenWritable(until - this.#clock.now(), signal);
        const loan = await this.#tryPrimary(until, givenUp.signal, purpose);
        if (loan !== null) return loan;
        await this.#clock.sleep(RETRY_MS, givenUp.signal);
      }
    } finally {
      for (const stop of stops) stop();
    }
  }

  /** Resolves when writes may be sent. Rejects at the deadline, when the signal fires, and at shutdown. */
  whenWritable(timeoutMs: number, signal: AbortSignal | null = null): Promise<void> {
    const until = this.#clock.now() + timeoutMs;
    return waitFor(
      ({ give }) => {
        const check = (): void => {
          if (this.#tracker.isWritable) give();
        };
        check();
        return this.#tracker.onChange(check);
      },
      onSignal(this.#closing.signal, closed),
      onSignal(signal, aborted),
      untilTime(this.#clock, until, () => neverWritable(this.#tracker, timeoutMs)),
    );
  }

  /** The same for who has a connection already: what was lent may be used to the end while it is closing. */
  async whenWritableFor({ wire }: PrimaryLoan, timeoutMs: number): Promise<void> {
    if (!this.#tracker.isWritable && wire.isReady) await this.whenWritable(timeoutMs);
  }

  /**
   * Refuses new callers and those that wait, ends what waits in the server, and gives the rest up to
   * `timeoutMs` to give its connections back. Then it cuts them.
   */
  async close(timeoutMs = 0): Promise<void> {
    this.#closing.abort();
    this.calls.close();
    const allBack = new Promise<void>((resolve) => {
      this.#onAllBack = resolve;
      if (this.#lent.size === 0) resolve();
    });
    await endsWithin(allBack, atDeadline(this.#clock, timeoutMs));
    for (const loan of [...this.#lent]) loan.discard();
  }

  /** Returns `null` when there is no such connection now, and another attempt may find one. */
  async #tryPrimary(
    until: number,
    signal: AbortSignal,
    purpose: LoanPurpose,
  ): Promise<PrimaryLoan | null> {
    const node = this.#tracker.primary;
    if (node === null) return null;
    this.#noteExhaustion(node, purpose);
    try {
      const loan = await node.pool.acquire(until - this.#clock.now(), signal, purpose);
      const lent = this.#lend(loan, node);
      // The primary may have moved, or the fence gone up, while the socket was being opened.
      if (this.#tracker.primary === node && this.#tracker.isWritable && !signal.aborted)
        return lent;
      lent.discard();
      return null;
    } catch (error) {
      if (error instanceof ConnectionLostError) return null;
      throw error;
    }
  }

  #lend(loan: Omit<PrimaryLoan, 'node'>, node: RedisNode): PrimaryLoan {
    const back = (giveBack: () => void): void => {
      giveBack();
      this.#lent.delete(lent);
      if (this.#lent.size === 0) this.#onAllBack?.();
    };
    const lent: PrimaryLoan = {
      wire: loan.wire,
      node,
      release: () => {
        back(loan.release);
      },
      discard: () => {
        back(loan.discard);
      },
    };
    this.#lent.add(lent);
    return lent;
  }

  // Once for each stretch in which callers have to wait.
  #noteExhaustion({ pool }: RedisNode, purpose: LoanPurpose): void {
    if (!pool.isExhausted(purpose)) {
      this.#exhausted.delete(purpose);
      return;
    }
    if (this.#exhausted.has(purpose)) return;
    this.#exhausted.add(purpose);
    this.#bus.emit({ type: 'pool.exhausted', purpose, size: pool.busyFor(purpose) });
  }
}

function aborted(): NoPrimaryError {
  return new NoPrimaryError('The wait for the primary was aborted');
}

function closed(): ClosedError {
  return new ClosedError('Redis is shutting down');
}
