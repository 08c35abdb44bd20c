import type { Clock } from '../base/timing/index.js';

/** How long Redis may be away, and how long it must be back. */
interface AwayGateOptions {
  /** Away for longer than this counts as away. */
  readonly graceMs: number;
  /** Well for this long counts as back. */
  readonly recoverMs: number;
}

/** The present judgement of Redis. `since` is a time of `clock.now()`. */
export type AwayState =
  /** Redis was never well yet. There is no grace for a Redis that was never there. */
  | { readonly kind: 'never'; readonly since: number }
  | { readonly kind: 'well'; readonly since: number }
  /** Away, within the grace. */
  | { readonly kind: 'grace'; readonly since: number }
  /** Away for too long; `since` is when the absence began. */
  | { readonly kind: 'away'; readonly since: number }
  /** Well again, but not for long enough yet. */
  | { readonly kind: 'returning'; readonly since: number; readonly awaySince: number };

/**
 * Turns observations of Redis into a verdict that does not flutter: it gets worse only after a grace, and
 * better only after Redis was well for a while. A failover of seconds does not change it.
 */
export class AwayGate {
  readonly #settings: AwayGateOptions;
  readonly #clock: Clock;
  #state: AwayState;

  constructor(settings: AwayGateOptions, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#state = { kind: 'never', since: clock.now() };
  }

  /** The present judgement. */
  get state(): AwayState {
    return this.#state;
  }

  /** Whether Redis counts as away. */
  get isAway(): boolean {
    const { kind } = this.#state;
    return kind !== 'well' && kind !== 'grace';
  }

  /** Adds an observation. Call it often: what it does not see has not happened. */
  observe(isWell: boolean): void {
    const now = this.#clock.now();
    const state = this.#state;
    this.#state = isWell ? this.#better(state, now) : this.#worse(state, now);
  }

  #better(state: AwayState, now: number): AwayState {
    if (state.kind === 'well') return state;
    if (state.kind === 'never' || state.kind === 'grace') return { kind: 'well', since: now };
    const returning: AwayState =
      state.kind === 'returning'
        ? state
        : { kind: 'returning', since: now, awaySince: state.since };
    const isBack = now - returning.since >= this.#settings.recoverMs;
    return isBack ? { kind: 'well', since: now } : returning;
  }

  #worse(state: AwayState, now: number): AwayState {
    switch (state.kind) {
      case 'never':
      case 'away':
        return state;
      case 'returning':
        return { kind: 'away', since: state.awaySince };
      case 'well':
        return this.#stayAway(now, now);
      case 'grace':
        return this.#stayAway(state.since, now);
    }
  }

  #stayAway(since: number, now: number): AwayState {
    const isOver = now - since >= this.#settings.graceMs;
    return { kind: isOver ? 'away' : 'grace', since };
  }
}
