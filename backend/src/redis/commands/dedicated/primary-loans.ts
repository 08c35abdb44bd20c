import { AccessRefusal, type LoanPurpose, type RedisNode } from '../../cluster/connection/index.js';
import { ClosedError, ConnectionLostError, NoPrimaryError } from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import type { CommandPlace } from '../../base/operations/index.js';
import type { CommandRecorder } from '../../base/stats/index.js';
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
import { CommandOperations } from '../operations/command-operations.js';
import { neverLent, neverWritable } from '../shared/outcome-errors.js';
import { LoanCalls } from './loan-calls.js';
import type { PrimaryLoan } from './wait-ender.js';

const RETRY_MS = 10;

/** Lends connections to the present primary, and knows which are lent. */
export class PrimaryLoans {
  /** Runs calls on what is lent. */
  readonly calls: LoanCalls;
  /** Shows what is run on exclusive connections to those who watch. */
  readonly operations: CommandOperations;
  /** Counts that a call of those that are counted is sent again: not one on an exclusive connection. */
  readonly countAgain: (reason: 'lost' | 'refused') => void;
  readonly #tracker: TopologyTracker;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #closing = new AbortController();
  readonly #lent = new Set<PrimaryLoan>();
  readonly #exhausted = new Set<LoanPurpose>();
  #onAllBack: (() => void) | null = null;

  constructor(
    tracker: TopologyTracker,
    clock: Clock,
    bus: EventBus,
    shared?: { readonly place: CommandPlace; readonly recorder: CommandRecorder },
  ) {
    this.#tracker = tracker;
    this.#clock = clock;
    this.#bus = bus;
    this.calls = new LoanCalls(tracker, clock, bus);
    this.operations = new CommandOperations(shared?.place);
    this.countAgain = (reason) => shared?.recorder.retried(reason);
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
    // Those that live need not log in anew: only a new connection finds out that it is not let in.
    const access = new AccessRefusal(this.#clock);
    let failure: string | null = null;
    try {
      for (;;) {
        const isHopeless = access.refusedAt !== null && this.#tracker.isWritable;
        if (isHopeless || this.#clock.now() >= until)
          throw neverLent(this.#tracker, timeoutMs, failure);
        await this.whenWritable(until - this.#clock.now(), signal);
        const begunAt = this.#clock.now();
        const answer = await this.#tryPrimary(until, givenUp.signal, purpose);
        if ('loan' in answer) return answer.loan;
        failure = answer.reason;
        access.note(failure ?? '', begunAt);
        await this.#clock.sleep(RETRY_MS, givenUp.signal);
      }
    } finally {
      for (const stop of stops) stop();
    }
  }

  /**
   * Resolves when writes may be sent. Rejects at the deadline, when every node has refused the credentials once more,
   * when the signal fires, and at shutdown.
   */
  whenWritable(timeoutMs: number, signal: AbortSignal | null = null): Promise<void> {
    const since = this.#clock.now();
    const until = since + timeoutMs;
    const tracker = this.#tracker;
    return waitFor(
      ({ give, refuse }) => {
        if (tracker.isWritable) give();
        return tracker.onChange(() => {
          if (tracker.isWritable) give();
          else if ((tracker.accessRefusedAt ?? -1) >= since)
            refuse(neverWritable(tracker, timeoutMs));
        });
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

  /** Returns why not when there is no such connection now, and another attempt may find one. */
  async #tryPrimary(
    until: number,
    signal: AbortSignal,
    purpose: LoanPurpose,
  ): Promise<{ readonly loan: PrimaryLoan } | { readonly reason: string | null }> {
    const node = this.#tracker.primary;
    if (node === null) return { reason: null };
    this.#noteExhaustion(node, purpose);
    try {
      const loan = await node.pool.acquire(until - this.#clock.now(), signal, purpose);
      const lent = this.#lend(loan, node);
      // The primary may have moved, or the fence gone up, while the socket was being opened.
      if (this.#tracker.primary === node && this.#tracker.isWritable && !signal.aborted)
        return { loan: lent };
      lent.discard();
      return { reason: null };
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error;
      const { reason } = error.details;
      return { reason: typeof reason === 'string' ? reason : null };
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
