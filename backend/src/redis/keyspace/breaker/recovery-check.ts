import { afterInput, type Clock, type Stop } from '../../base/timing/index.js';
import type { CircuitBreaker } from './circuit-breaker.js';

/** How often it looks whether a check is due. */
interface RecoveryCheckOptions {
  readonly everyMs: number;
  /** A check that takes longer than this counts as failed. */
  readonly timeoutMs: number;
}

type CheckState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'waiting'; readonly stop: Stop }
  /** `isHurried`: Redis may have come back during this check, so a failure of it is not the last word. */
  | { readonly kind: 'checking'; readonly stop: Stop; readonly isHurried: boolean }
  | { readonly kind: 'closed' };

const IDLE: CheckState = { kind: 'idle' };

/**
 * Finds out whether Redis is back while a breaker is not closed, so that no user's
 * call has to try. Starts by itself when the breaker opens.
 */
export class RecoveryCheck {
  readonly #breaker: CircuitBreaker;
  readonly #check: () => Promise<unknown>;
  readonly #settings: RecoveryCheckOptions;
  readonly #clock: Clock;
  readonly #stopListening: Stop;
  #state: CheckState = IDLE;
  // Tells the present check from earlier ones that timed out.
  #round = 0;

  /** @param check - asks Redis; counts as failed when it rejects, throws or takes too long */
  constructor(
    breaker: CircuitBreaker,
    check: () => Promise<unknown>,
    settings: RecoveryCheckOptions,
    clock: Clock,
  ) {
    this.#breaker = breaker;
    this.#check = check;
    this.#settings = settings;
    this.#clock = clock;
    this.#stopListening = breaker.listen(() => {
      this.#follow();
    });
    this.#follow();
  }

  /** Redis may be back: checks at once, or right after the current check if that one fails. */
  hurry(): void {
    if (this.#state.kind === 'checking') this.#state = { ...this.#state, isHurried: true };
    if (this.#state.kind !== 'waiting') return;
    this.#breaker.hurry();
    this.#look();
  }

  /** Stops for good. The outcome of a check that is under way is ignored. */
  close(): void {
    this.#stopListening();
    this.#become({ kind: 'closed' });
  }

  #follow(): void {
    const isNeeded = this.#breaker.state.kind !== 'closed';
    if (isNeeded && this.#state.kind === 'idle') this.#wait();
    if (!isNeeded && this.#state.kind === 'waiting') this.#become(IDLE);
  }

  #wait(): void {
    const stop = this.#clock.after(this.#settings.everyMs, () => {
      this.#look();
    });
    this.#become({ kind: 'waiting', stop });
  }

  #look(): void {
    const generation = this.#breaker.permitCheck();
    if (generation === null) this.#wait();
    else this.#begin(generation);
  }

  #begin(generation: number): void {
    const round = ++this.#round;
    const end = (isBack: boolean): void => {
      if (this.#state.kind === 'checking' && round === this.#round)
        this.#settle(generation, isBack);
    };
    const stop = this.#clock.after(this.#settings.timeoutMs, () => {
      afterInput(() => {
        end(false);
      });
    });
    this.#become({ kind: 'checking', stop, isHurried: false });
    void succeeds(this.#check).then(end);
  }

  #settle(generation: number, isBack: boolean): void {
    const wasHurried = this.#state.kind === 'checking' && this.#state.isHurried;
    this.#become(IDLE);
    if (isBack) this.#breaker.succeed(generation);
    else this.#breaker.fail(generation);
    this.#follow();
    if (wasHurried) this.hurry();
  }

  #become(state: CheckState): void {
    if (this.#state.kind === 'waiting' || this.#state.kind === 'checking') this.#state.stop();
    this.#state = state;
  }
}

async function succeeds(check: () => Promise<unknown>): Promise<boolean> {
  try {
    await check();
    return true;
  } catch {
    return false;
  }
}
