import { CommandTimeoutError, ConnectionLostError } from '../../base/errors/index.js';
import { atDeadline, onSignal, waitFor, type Answer, type Clock } from '../../base/timing/index.js';
import { Wire, type WireOptions } from './wire.js';

/** A lent connection: one caller uses it alone, for `redis.exclusive()` or a blocking command. */
export interface Loan {
  readonly wire: Wire;
  /** Gives the connection back for others to use. Only for a connection in a clean state. */
  release(): void;
  /** Closes the connection. For a connection whose state is unknown. */
  discard(): void;
}

/** The exclusive connections to one node: at most `size` at a time. Further callers wait in a queue. */
export class WirePool {
  readonly #options: WireOptions;
  readonly #clock: Clock;
  readonly #size: number;
  readonly #idle: Wire[] = [];
  readonly #all = new Set<Wire>();
  readonly #waiting: Answer<Loan>[] = [];

  constructor(options: WireOptions, size: number, clock: Clock) {
    this.#options = options;
    this.#size = size;
    this.#clock = clock;
  }

  /** The number of connections that are lent or being opened. */
  get busy(): number {
    return this.#all.size - this.#idle.length;
  }

  /** Lends a connection. When all are in use, waits up to `timeoutMs` or until the signal fires. */
  async acquire(timeoutMs: number, signal: AbortSignal | null = null): Promise<Loan> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return this.#toLoan(idle);
    if (this.#all.size < this.#size) return this.#toLoan(await this.#open());
    return this.#waitForTurn(timeoutMs, signal);
  }

  /** Cuts every connection, lent ones too, and refuses the callers that wait. */
  destroy(reason: string): void {
    // The waiting callers go first: otherwise each cut would open a new connection for one of them.
    for (const waiter of this.#waiting.splice(0)) {
      waiter.refuse(new ConnectionLostError('The connections to the node were cut', { reason }));
    }
    for (const wire of [...this.#all]) wire.destroy(reason);
  }

  #open(): Promise<Wire> {
    return new Promise<Wire>((resolve, reject) => {
      const wire: Wire = new Wire(this.#options, this.#clock, {
        onReady: () => {
          resolve(wire);
        },
        onClosed: (reason) => {
          this.#forget(wire);
          reject(new ConnectionLostError(`No connection could be opened: ${reason}`, { reason }));
        },
      });
      this.#all.add(wire);
    });
  }

  #forget(wire: Wire): void {
    this.#all.delete(wire);
    const index = this.#idle.indexOf(wire);
    if (index !== -1) this.#idle.splice(index, 1);
    this.#serveNext();
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
    this.#idle.push(wire);
    this.#serveNext();
  }

  #waitForTurn(timeoutMs: number, signal: AbortSignal | null): Promise<Loan> {
    return waitFor<Loan>(
      (waiter) => {
        this.#waiting.push(waiter);
        return () => {
          const index = this.#waiting.indexOf(waiter);
          if (index !== -1) this.#waiting.splice(index, 1);
        };
      },
      atDeadline(this.#clock, timeoutMs, () => stillInUse(this.#size, timeoutMs)),
      onSignal(signal, () => new ConnectionLostError('The wait for a connection was aborted')),
    );
  }

  #serveNext(): void {
    const waiter = this.#waiting[0];
    if (waiter === undefined) return;
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      waiter.give(this.#toLoan(idle));
      return;
    }
    if (this.#all.size >= this.#size) return;
    this.#waiting.shift();
    this.#open().then(
      (wire) => {
        const loan = this.#toLoan(wire);
        if (!waiter.give(loan)) loan.release();
      },
      (error: unknown) => {
        waiter.refuse(error);
      },
    );
  }
}

function stillInUse(size: number, waitedMs: number): CommandTimeoutError {
  return new CommandTimeoutError(
    `All ${String(size)} connections of the pool stayed in use for ${String(waitedMs)} ms`,
    { poolSize: size, waitedMs },
  );
}
