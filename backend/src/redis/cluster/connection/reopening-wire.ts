import type { Clock, Stop } from '../../base/timing/index.js';
import { Wire, type WireListener, type WireOptions } from './wire.js';

/** The callbacks of a {@link ReopeningWire}. */
export interface ReopeningWireListener extends Omit<WireListener, 'onReady'> {
  readonly onReady: (wire: Wire) => void;
}

const DELAYS_MS = [0, 20, 50, 100, 200, 500];

/** A connection that is opened again whenever it closes: at once at first, then after longer and longer pauses. */
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

  /** The connection, or `null` while it cannot be written to. */
  get ready(): Wire | null {
    return this.#wire?.isReady === true ? this.#wire : null;
  }

  /** Starts to connect. Does nothing if it was started before. */
  open(): void {
    if (!this.#isClosed) return;
    this.#isClosed = false;
    this.#connect();
  }

  /** Tries at once if it waits for its next attempt. */
  nudge(): void {
    if (this.#stopRetry !== null) this.#connect();
  }

  /** Closes the present connection and opens a new one. */
  reopen(reason: string): void {
    if (this.#wire !== null) this.#wire.destroy(reason);
    else this.nudge();
  }

  /** Closes the connection and does not open it again. */
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
    // What was opened lives until it is closed, as an open socket does.
    this.#stopRetry = this.#clock.hold(delay, () => {
      this.#connect();
    });
  }
}
