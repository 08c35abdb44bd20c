import { CommandTimeoutError, ConnectionLostError } from '../../../base/errors/index.js';
import {
  onSignal,
  untilTime,
  waitFor,
  type Answer,
  type Clock,
} from '../../../base/timing/index.js';
import { Wire, type WireListener } from './wire.js';
import type { WireOptions } from './wire-options.js';

/** A lent connection: one caller uses it alone, for `redis.exclusive()` or a blocking command. */
export interface Loan {
  readonly wire: Wire;
  /** Gives the connection back for others to use. Only for a connection in a clean state. */
  release(): void;
  /** Closes the connection. For a connection whose state is unknown. */
  discard(): void;
}

/** What a connection is lent for. Each purpose has a number of connections of its own. */
export type LoanPurpose = 'exclusive' | 'blocking';

/** Opens one connection. */
export type OpenWire = (listener: WireListener) => Wire;

/**
 * The lent connections to one node: at most `size` at a time for each purpose, so that commands which
 * wait for hours keep none from the others. Further callers wait in a queue. Nothing is counted: what
 * is lent or being opened stands in one list until it is given back or lost.
 */
export class WirePool {
  readonly #clock: Clock;
  readonly #size: number;
  readonly #openWire: OpenWire;
  readonly #idle: Wire[] = [];
  readonly #taken = new Map<Wire, LoanPurpose>();
  readonly #waiting: Readonly<Record<LoanPurpose, Answer<Loan>[]>> = {
    exclusive: [],
    blocking: [],
  };

  constructor(
    options: WireOptions,
    size: number,
    clock: Clock,
    openWire: OpenWire = (listener) => new Wire(options, clock, listener),
  ) {
    this.#size = size;
    this.#clock = clock;
    this.#openWire = openWire;
  }

  /** The number of connections that are lent or being opened. */
  get busy(): number {
    return this.#taken.size;
  }

  /** The same for one purpose. */
  busyFor(purpose: LoanPurpose): number {
    return [...this.#taken.values()].filter((each) => each === purpose).length;
  }

  /** Returns whether the next caller has to wait until another gives a connection back. */
  isExhausted(purpose: LoanPurpose): boolean {
    return this.busyFor(purpose) >= this.#size;
  }

  /**
   * Lends a connection. Waits for one up to `timeoutMs` or until the signal fires, also while the
   * connection is being opened; `Infinity` waits without an end.
   */
  acquire(
    timeoutMs: number,
    signal: AbortSignal | null = null,
    purpose: LoanPurpose = 'exclusive',
  ): Promise<Loan> {
    const until = this.#clock.now() + timeoutMs;
    const queue = this.#waiting[purpose];
    let mine: Answer<Loan> | null = null;
    return waitFor<Loan>(
      (answer) => {
        mine = answer;
        queue.push(answer);
        this.#serve(purpose);
        return () => {
          const index = queue.indexOf(answer);
          if (index !== -1) queue.splice(index, 1);
        };
      },
      onSignal(signal, () => new ConnectionLostError('The wait for a connection was aborted')),
      untilTime(this.#clock, until, () =>
        queue.some((answer) => answer === mine)
          ? stillInUse(this.#size, timeoutMs)
          : notOpened(timeoutMs),
      ),
    );
  }

  /** Cuts every connection, lent ones too, and refuses the callers that wait. */
  destroy(reason: string): void {
    // The waiting callers go first: otherwise each cut would open a new connection for one of them.
    for (const queue of Object.values(this.#waiting)) {
      for (const answer of queue.splice(0)) {
        answer.refuse(new ConnectionLostError('The connections to the node were cut', { reason }));
      }
    }
    for (const wire of [...this.#idle, ...this.#taken.keys()]) wire.destroy(reason);
  }

  #serve(purpose: LoanPurpose): void {
    const queue = this.#waiting[purpose];
    while (queue.length > 0 && !this.isExhausted(purpose)) {
      const answer = queue.shift() as Answer<Loan>;
      const idle = this.#idle.pop();
      if (idle === undefined) this.#openFor(answer, purpose);
      else this.#lend(idle, purpose, answer);
    }
  }

  // A caller that gives up leaves the connection to the next one.
  #openFor(answer: Answer<Loan>, purpose: LoanPurpose): void {
    // Let go of once it is answered: the connection lives longer than what the caller brought along.
    let waiting: Answer<Loan> | null = answer;
    const wire: Wire = this.#openWire({
      onReady: () => {
        if (waiting !== null) this.#lend(wire, purpose, waiting);
        waiting = null;
      },
      onClosed: (reason) => {
        this.#forget(wire);
        waiting?.refuse(
          new ConnectionLostError(`No connection could be opened: ${reason}`, { reason }),
        );
      },
    });
    this.#taken.set(wire, purpose);
  }

  #lend(wire: Wire, purpose: LoanPurpose, answer: Answer<Loan>): void {
    this.#taken.set(wire, purpose);
    wire.reserve(true);
    const loan = this.#toLoan(wire);
    if (!answer.give(loan)) loan.release();
  }

  #forget(wire: Wire): void {
    this.#taken.delete(wire);
    const index = this.#idle.indexOf(wire);
    if (index !== -1) this.#idle.splice(index, 1);
    this.#serveAll();
  }

  #serveAll(): void {
    this.#serve('exclusive');
    this.#serve('blocking');
  }

  #toLoan(wire: Wire): Loan {
    let isHeld = true;
    return {
      wire,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#takeBack(wire);
      },
      discard: () => {
        if (!isHeld) return;
        isHeld = false;
        wire.destroy('closed by its holder');
      },
    };
  }

  #takeBack(wire: Wire): void {
    if (!wire.isReady) return;
    this.#taken.delete(wire);
    wire.reserve(false);
    this.#idle.push(wire);
    this.#serveAll();
  }
}

function stillInUse(size: number, waitedMs: number): CommandTimeoutError {
  return new CommandTimeoutError(
    `All ${String(size)} connections of the pool stayed in use for ${String(Math.round(waitedMs))} ms`,
    { poolSize: size, waitedMs },
  );
}

function notOpened(waitedMs: number): ConnectionLostError {
  const reason = `it was not opened within ${String(Math.round(waitedMs))} ms`;
  return new ConnectionLostError(`No connection could be opened: ${reason}`, { reason });
}
