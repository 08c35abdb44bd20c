import type { EventBus } from '../events/index.js';
import type { Clock } from '../timing/index.js';

/** Whether writes may go to the primary. */
export type GateState =
  | { readonly kind: 'open' }
  | { readonly kind: 'paused'; readonly reason: string; readonly since: number };

/**
 * The fence in front of the old primary. From the moment a replica was selected for promotion, the
 * old primary still acknowledges writes that nobody will keep: they wait here instead.
 */
export class WriteGate {
  readonly #clock: Clock;
  readonly #bus: EventBus;
  #state: GateState = { kind: 'open' };

  constructor(clock: Clock, bus: EventBus) {
    this.#clock = clock;
    this.#bus = bus;
  }

  /** The present state. */
  get state(): GateState {
    return this.#state;
  }

  /** Lets no further write pass. A later reason takes the place of an earlier one. Answers whether it was open. */
  pause(reason: string): boolean {
    if (this.#state.kind === 'paused') {
      this.#state = { ...this.#state, reason };
      return false;
    }
    this.#state = { kind: 'paused', reason, since: this.#clock.now() };
    this.#bus.emit({ type: 'writes.paused', reason });
    return true;
  }

  /** Lets writes pass again. Answers whether anything changed. */
  resume(reason: string): boolean {
    if (this.#state.kind === 'open') return false;
    const pausedMs = this.#clock.now() - this.#state.since;
    this.#state = { kind: 'open' };
    this.#bus.emit({ type: 'writes.resumed', reason, pausedMs });
    return true;
  }
}
