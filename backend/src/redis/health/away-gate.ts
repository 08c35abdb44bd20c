import type { Clock } from '../base/timing/index.js';

/** How much absence is tolerated, and how much presence is asked for. */
export interface AwayGateOptions {
  /** Away for longer than this counts as away. */
  readonly graceMs: number;
  /** Well for this long counts as back. */
  readonly recoverMs: number;
}

/** What is thought of Redis. `since` is on the clock of measuring. */
export type AwayState =
  /** Never seen well. There is no grace for what has never been there. */
  | { readonly kind: 'never'; readonly since: number }
  | { readonly kind: 'well'; readonly since: number }
  /** Away, and still tolerated. */
  | { readonly kind: 'grace'; readonly since: number }
  /** Away for too long; `since` is when it went. */
  | { readonly kind: 'away'; readonly since: number }
  /** Well again, and not for long enough yet. */
  | { readonly kind: 'returning'; readonly since: number; readonly awaySince: number };

/**
 * Turns what is seen of Redis into a verdict that does not flutter: it turns bad after a grace, and
 * good after a while of being well. A failover of seconds does not turn it.
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

  /** What is thought of Redis now. */
  get state(): AwayState {
    return this.#state;
  }

  /** Whether Redis counts as away. */
  get isAway(): boolean {
    const { kind } = this.#state;
    return kind !== 'well' && kind !== 'grace';
  }

  /** Takes in whether Redis is well now. Must be called often: what it does not see has not happened. */
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
