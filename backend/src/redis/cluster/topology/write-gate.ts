import type { EventBus } from '../../base/events/index.js';
import type { Clock } from '../../base/timing/index.js';

/** Whether writes may go to the primary. */
export type GateState =
  | { readonly kind: 'open' }
  | {
      readonly kind: 'paused';
      readonly reason: string;
      readonly since: number;
      readonly reasonSince: number;
    };

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

  /** Lets no further write pass. The first reason stays. Answers whether it was open. */
  pause(reason: string): boolean {
    if (this.#state.kind === 'paused') return false;
    const now = this.#clock.now();
    this.#state = { kind: 'paused', reason, since: now, reasonSince: now };
    this.#bus.emit({ type: 'writes.paused', reason });
    return true;
  }

  /** Goes on holding writes back for another reason, from now on. */
  takeOver(reason: string): void {
    if (this.#state.kind === 'open') this.pause(reason);
    else this.#state = { ...this.#state, reason, reasonSince: this.#clock.now() };
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
