import type { EventBus } from '../../base/events/index.js';
import type { Clock } from '../../base/timing/index.js';

/** Who holds back writes, and in which step: a failover of the Sentinels, or a switchover of this process. */
export interface PauseReason {
  readonly by: 'sentinel' | 'switchover';
  /** For people: in the log, in events and in errors. */
  readonly step: string;
}

/** Whether writes may go to the primary. */
export type GateState =
  | { readonly kind: 'open' }
  | {
      readonly kind: 'paused';
      readonly reason: PauseReason;
      readonly since: number;
      readonly reasonSince: number;
    };

/**
 * The fence in front of the old primary. Once a replica was selected for promotion, writes that the old
 * primary acknowledges will be lost, so they wait here instead.
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

  /** Lets no further write pass. Returns whether it was open; if not, the earlier reason stays. */
  pause(reason: PauseReason): boolean {
    if (this.#state.kind === 'paused') return false;
    const now = this.#clock.now();
    this.#state = { kind: 'paused', reason, since: now, reasonSince: now };
    this.#bus.emit({ type: 'writes.paused', reason: reason.step });
    return true;
  }

  /** Holds back writes for this reason from now on, also if they were held back for another. */
  takeOver(reason: PauseReason): void {
    if (this.#state.kind === 'open') this.pause(reason);
    else this.#state = { ...this.#state, reason, reasonSince: this.#clock.now() };
  }

  /** Returns whether a failover of the Sentinels holds back writes. */
  get isPausedBySentinel(): boolean {
    return this.#state.kind === 'paused' && this.#state.reason.by === 'sentinel';
  }

  /** Lets writes pass again. Returns whether they were held back. */
  resume(reason: string): boolean {
    if (this.#state.kind === 'open') return false;
    const pausedMs = this.#clock.now() - this.#state.since;
    this.#state = { kind: 'open' };
    this.#bus.emit({ type: 'writes.resumed', reason, pausedMs });
    return true;
  }
}
