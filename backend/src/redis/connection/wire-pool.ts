import { ClosedError, CommandTimeoutError, ConnectionLostError } from '../errors/index.js';
import type { Clock } from '../timing/index.js';
import { Wire, type WireListener, type WireOptions } from './wire.js';

/** A connection that one caller holds alone, for a session, a blocking command or a subscription. */
export interface Lease {
  readonly wire: Wire;
  /** Resolves with the reason when the connection is gone. */
  readonly lost: Promise<string>;
  /** Gives the connection back for others to use. Only for one in a clean state. */
  release(): void;
  /** Closes the connection. For one whose state is unknown. */
  discard(): void;
}

interface Waiter {
  readonly grant: (lease: Lease) => void;
  readonly refuse: (error: Error) => void;
}

interface Slot {
  wire: Wire;
  lost: Promise<string>;
}

/** The exclusive connections to one node: at most `size` at a time, the rest wait in line. */
export class WirePool {
  readonly #options: WireOptions;
  readonly #clock: Clock;
  readonly #size: number;
  readonly #idle: Slot[] = [];
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

  /** Hands out a connection of one's own, within `timeoutMs`. */
  async acquire(timeoutMs: number, listener: Partial<WireListener> = {}): Promise<Lease> {
    // A listener belongs to one holder, so such a connection is never shared with the next.
    const idle = listener.onMessage === undefined ? this.#idle.pop() : undefined;
    if (idle !== undefined) return this.#toLease(idle);
    if (this.#all.size < this.#size) return this.#toLease(await this.#open(listener));
    return this.#waitInLine(timeoutMs);
  }

  /** Cuts every connection, held ones too, and refuses those who wait. */
  destroy(reason: string): void {
    for (const wire of [...this.#all]) wire.destroy(reason);
    for (const waiter of this.#waiting.splice(0)) {
      waiter.refuse(new ClosedError('The connection pool was closed', { reason }));
    }
  }

  async #open(listener: Partial<WireListener>): Promise<Slot> {
    let onLost!: (reason: string) => void;
    const lost = new Promise<string>((resolve) => (onLost = resolve));
    const wire = await new Promise<Wire>((resolve, reject) => {
      const opened: Wire = new Wire(this.#options, this.#clock, {
        ...listener,
        onReady: () => {
          resolve(opened);
        },
        onClosed: (reason) => {
          this.#forget(opened);
          onLost(reason);
          reject(new ConnectionLostError(`No connection could be opened: ${reason}`, { reason }));
        },
      });
      this.#all.add(opened);
    });
    return { wire, lost };
  }

  #forget(wire: Wire): void {
    this.#all.delete(wire);
    const index = this.#idle.findIndex((slot) => slot.wire === wire);
    if (index !== -1) this.#idle.splice(index, 1);
    this.#serveNext();
  }

  #toLease(slot: Slot): Lease {
    let held = true;
    return {
      wire: slot.wire,
      lost: slot.lost,
      release: () => {
        if (!held) return;
        held = false;
        if (!slot.wire.isReady) return;
        this.#idle.push(slot);
        this.#serveNext();
      },
      discard: () => {
        held = false;
        slot.wire.destroy('given up by its holder');
      },
    };
  }

  #waitInLine(timeoutMs: number): Promise<Lease> {
    return new Promise((resolve, reject) => {
      const stop = this.#clock.after(timeoutMs, () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        waiter.refuse(
          new CommandTimeoutError(`All ${String(this.#size)} connections stayed in use`, {
            poolSize: this.#size,
            waitedMs: timeoutMs,
          }),
        );
      });
      const waiter: Waiter = {
        grant: (lease) => {
          stop();
          resolve(lease);
        },
        refuse: (error) => {
          stop();
          reject(error);
        },
      };
      this.#waiting.push(waiter);
    });
  }

  #serveNext(): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) return;
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      waiter.grant(this.#toLease(idle));
      return;
    }
    this.#open({}).then(
      (slot) => {
        waiter.grant(this.#toLease(slot));
      },
      (error: unknown) => {
        waiter.refuse(error as Error);
      },
    );
  }
}
