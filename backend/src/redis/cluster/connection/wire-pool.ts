import { CommandTimeoutError, ConnectionLostError } from '../../base/errors/index.js';
import type { Clock } from '../../base/timing/index.js';
import { Wire, type WireOptions } from './wire.js';

/** A connection that one caller holds alone, for exclusive work or a blocking command. */
export interface Loan {
  readonly wire: Wire;
  /** Gives the connection back for others to use. Only for one in a clean state. */
  release(): void;
  /** Closes the connection. For one whose state is unknown. */
  discard(): void;
}

interface Waiter {
  /** Answers false when the one who waited has given up meanwhile. */
  readonly grant: (loan: Loan) => boolean;
  readonly refuse: (error: Error) => void;
}

/** The exclusive connections to one node: at most `size` at a time, the rest wait in line. */
export class WirePool {
  readonly #options: WireOptions;
  readonly #clock: Clock;
  readonly #size: number;
  readonly #idle: Wire[] = [];
  readonly #all = new Set<Wire>();
  readonly #waiting: Waiter[] = [];

  constructor(options: WireOptions, size: number, clock: Clock) {
    this.#options = options;
    this.#size = size;
    this.#clock = clock;
  }

  /** Connections that are held by somebody or being opened. */
  get busy(): number {
    return this.#all.size - this.#idle.length;
  }

  /** Hands out a connection of one's own, within `timeoutMs`. The signal ends the wait for one. */
  async acquire(timeoutMs: number, signal: AbortSignal | null = null): Promise<Loan> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return this.#toLoan(idle);
    if (this.#all.size < this.#size) return this.#toLoan(await this.#open());
    return this.#waitForTurn(timeoutMs, signal);
  }

  /** Cuts every connection, held ones too, and refuses those who wait. */
  destroy(reason: string): void {
    // Those who wait go first, or each connection that is cut would open a new one for them.
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
        wire.destroy('given up by its holder');
      },
    };
  }

  #takeBack(wire: Wire): void {
    if (!wire.isReady) return;
    this.#idle.push(wire);
    this.#serveNext();
  }

  #waitForTurn(timeoutMs: number, signal: AbortSignal | null): Promise<Loan> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const end = (): boolean => {
        const isFirst = !isOver;
        isOver = true;
        stop();
        signal?.removeEventListener('abort', onAbort);
        const index = this.#waiting.indexOf(waiter);
        if (index !== -1) this.#waiting.splice(index, 1);
        return isFirst;
      };
      const waiter: Waiter = {
        grant: (loan) => {
          if (!end()) return false;
          resolve(loan);
          return true;
        },
        refuse: (error) => {
          if (end()) reject(error);
        },
      };
      const stop = this.#clock.after(timeoutMs, () => {
        waiter.refuse(stillInUse(this.#size, timeoutMs));
      });
      const onAbort = (): void => {
        waiter.refuse(new ConnectionLostError('Given up while waiting for a connection'));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiter);
    });
  }

  #serveNext(): void {
    const waiter = this.#waiting[0];
    if (waiter === undefined) return;
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      waiter.grant(this.#toLoan(idle));
      return;
    }
    if (this.#all.size >= this.#size) return;
    this.#waiting.shift();
    this.#open().then(
      (wire) => {
        const loan = this.#toLoan(wire);
        if (!waiter.grant(loan)) loan.release();
      },
      (error: unknown) => {
        waiter.refuse(error as Error);
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
