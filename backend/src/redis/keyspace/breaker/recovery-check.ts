import { afterInput, type Clock, type Stop } from '../../base/timing/index.js';
import type { CircuitBreaker } from './circuit-breaker.js';

/** How often a probe looks whether it is time. */
export interface BreakerProbeSettings {
  readonly everyMs: number;
  /**
   * A probe that has not ended after so long counts as failed.
   *
   * @defaultValue ten times `everyMs`
   */
  readonly timeoutMs?: number;
}

type ProbeState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'waiting'; readonly stop: Stop }
  /** `isHurried`: there was news meanwhile, which a failure of this probe does not contradict. */
  | { readonly kind: 'probing'; readonly stop: Stop; readonly isHurried: boolean }
  | { readonly kind: 'closed' };

const IDLE: ProbeState = { kind: 'idle' };
const TIMEOUT_FACTOR = 10;

/**
 * Finds out for a breaker whether Redis is back, for as long as the breaker is not closed: nobody's
 * call has to be the one that tries. Starts by itself when the breaker opens.
 */
export class BreakerProbe {
  readonly #breaker: CircuitBreaker;
  readonly #probe: () => Promise<unknown>;
  readonly #settings: BreakerProbeSettings;
  readonly #clock: Clock;
  readonly #stopListening: Stop;
  #state: ProbeState = IDLE;
  // Tells the probe of now from those that were given up.
  #round = 0;

  /** @param probe - asks Redis; counts as failed when it rejects, throws or takes too long */
  constructor(
    breaker: CircuitBreaker,
    probe: () => Promise<unknown>,
    settings: BreakerProbeSettings,
    clock: Clock,
  ) {
    this.#breaker = breaker;
    this.#probe = probe;
    this.#settings = settings;
    this.#clock = clock;
    this.#stopListening = breaker.listen(() => {
      this.#follow();
    });
    this.#follow();
  }

  /** Redis may be back: probes at once, or right after the probe that is under way if that fails. */
  hurry(): void {
    if (this.#state.kind === 'probing') this.#state = { ...this.#state, isHurried: true };
    if (this.#state.kind !== 'waiting') return;
    this.#breaker.hurry();
    this.#look();
  }

  /** Stops for good. What a probe under way finds out is ignored. */
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
    const generation = this.#breaker.permitProbe();
    if (generation === null) this.#wait();
    else this.#begin(generation);
  }

  #begin(generation: number): void {
    const round = ++this.#round;
    const end = (isBack: boolean): void => {
      if (this.#state.kind === 'probing' && round === this.#round) this.#settle(generation, isBack);
    };
    const timeoutMs = this.#settings.timeoutMs ?? this.#settings.everyMs * TIMEOUT_FACTOR;
    const stop = this.#clock.after(timeoutMs, () => {
      afterInput(() => {
        end(false);
      });
    });
    this.#become({ kind: 'probing', stop, isHurried: false });
    void succeeds(this.#probe).then(end);
  }

  #settle(generation: number, isBack: boolean): void {
    const wasHurried = this.#state.kind === 'probing' && this.#state.isHurried;
    this.#become(IDLE);
    if (isBack) this.#breaker.succeed(generation);
    else this.#breaker.fail(generation);
    this.#follow();
    if (wasHurried) this.hurry();
  }

  #become(state: ProbeState): void {
    if (this.#state.kind === 'waiting' || this.#state.kind === 'probing') this.#state.stop();
    this.#state = state;
  }
}

async function succeeds(probe: () => Promise<unknown>): Promise<boolean> {
  try {
    await probe();
    return true;
  } catch {
    return false;
  }
}
