import type { Clock, Stop } from '../../base/timing/index.js';
import { Wire, type WireListener, type WireOptions } from './wire.js';

/** What a {@link ReopeningWire} tells its owner. */
export interface ReopeningWireListener extends Omit<WireListener, 'onReady'> {
  readonly onReady: (wire: Wire) => void;
}

const DELAYS_MS = [0, 20, 50, 100, 200, 500];

/** A connection that is opened again whenever it closes, at once first and then ever more calmly. */
export class ReopeningWire {
  readonly #optionsFor: () => WireOptions;
  readonly #clock: Clock;
  readonly #listener: ReopeningWireListener;
  #wire: Wire | null = null;
  #attempt = 0;
  #isClosed = true;
  #stopRetry: Stop | null = null;

  constructor(optionsFor: () => WireOptions, clock: Clock, listener: ReopeningWireListener) {
    this.#optionsFor = optionsFor;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** The connection, while it can be written to. */
  get ready(): Wire | null {
    return this.#wire?.isReady === true ? this.#wire : null;
  }

  /** Starts; does nothing if it has been started. */
  open(): void {
    if (!this.#isClosed) return;
    this.#isClosed = false;
    this.#connect();
  }

  /** Tries at once if it is waiting for its next attempt. */
  nudge(): void {
    if (this.#stopRetry !== null) this.#connect();
  }

  /** Gives up the present connection for a new one. */
  reopen(reason: string): void {
    if (this.#wire !== null) this.#wire.destroy(reason);
    else this.nudge();
  }

  /** Ends for good. */
  close(reason: string): void {
    this.#isClosed = true;
    this.#stopRetry?.();
    this.#stopRetry = null;
    const wire = this.#wire;
    this.#wire = null;
    wire?.destroy(reason);
  }

  #connect(): void {
    this.#stopRetry?.();
    this.#stopRetry = null;
    const wire: Wire = new Wire(this.#optionsFor(), this.#clock, {
      ...this.#listener,
      onReady: () => {
        this.#attempt = 0;
        this.#listener.onReady(wire);
      },
      onClosed: (reason) => {
        if (this.#wire !== wire) return;
        this.#wire = null;
        this.#scheduleRetry();
        this.#listener.onClosed(reason);
      },
    });
    this.#wire = wire;
  }

  #scheduleRetry(): void {
    const delay = DELAYS_MS[Math.min(this.#attempt, DELAYS_MS.length - 1)] ?? 0;
    this.#attempt++;
    this.#stopRetry = this.#clock.after(delay, () => {
      this.#connect();
    });
  }
}
