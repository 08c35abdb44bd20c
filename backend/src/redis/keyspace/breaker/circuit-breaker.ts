import type { Clock, Stop } from '../../base/timing/index.js';

/** When a breaker opens and when it closes again. */
interface CircuitBreakerOptions {
  /** The number of failures in a row that opens it. */
  readonly failures: number;
  /** The window of the failure rate: it also opens when at least half of the calls in it failed, and there were at least 20. */
  readonly windowMs: number;
  /** How long it stays open before the first check. Each failed check makes it longer, up to four times as long. */
  readonly openMs: number;
  /** The number of successful checks in a row that closes it. */
  readonly checksToClose: number;
}

/** Whether calls may pass. */
type BreakerState =
  | { readonly kind: 'closed'; readonly since: number }
  /** No call passes. From `checkAt` on, a check may. */
  | { readonly kind: 'open'; readonly since: number; readonly checkAt: number }
  /** Only checks pass, one at a time. */
  | {
      readonly kind: 'half-open';
      readonly since: number;
      /** Checks that have succeeded. */
      readonly passed: number;
      readonly isChecking: boolean;
    };

/** The name of a state. */
export type BreakerStateName = BreakerState['kind'];

/** A breaker changed its state. */
export interface BreakerMove {
  readonly from: BreakerStateName;
  readonly to: BreakerStateName;
  readonly reason: string;
  /** How long the previous state lasted, in milliseconds. */
  readonly afterMs: number;
}

const MIN_CALLS = 20;
const BUCKETS = 10;
const OPEN_GROWTH = 1.5;
const MAX_OPEN_GROWTH = 4;

/**
 * Keeps calls away from a Redis that fails, and lets them pass again when it works.
 *
 * A caller takes a permit first and reports the outcome of the call with it. A permit is valid for one
 * stay in a state: the outcome of a call that began before the breaker moved says nothing about now and is ignored.
 */
export class CircuitBreaker {
  readonly #settings: CircuitBreakerOptions;
  readonly #clock: Clock;
  readonly #listeners = new Set<(move: BreakerMove) => void>();
  readonly #window: CallWindow;
  #state: BreakerState;
  // Grows with each move and each check.
  #generation = 1;
  #failuresInRow = 0;
  #openMs: number;

  /** @param onMove - called once after each move; it must not throw */
  constructor(settings: CircuitBreakerOptions, clock: Clock, onMove: (move: BreakerMove) => void) {
    this.#settings = settings;
    this.#clock = clock;
    this.#window = new CallWindow(settings.windowMs);
    this.#openMs = settings.openMs;
    this.#state = { kind: 'closed', since: clock.now() };
    this.#listeners.add(onMove);
  }

  /** The current state. */
  get state(): BreakerState {
    return this.#state;
  }

  /** Calls the listener at each move, in the order of registration. It must not throw. */
  listen(listener: (move: BreakerMove) => void): Stop {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Returns a permit for one call; `null` when no call may be made. */
  permit(): number | null {
    return this.#state.kind === 'closed' ? this.#generation : null;
  }

  /** Returns a permit for one check; `null` when it is too early, or another check is under way. */
  permitCheck(): number | null {
    const now = this.#clock.now();
    if (this.#state.kind === 'open' && now >= this.#state.checkAt) {
      this.#move(
        { kind: 'half-open', since: now, passed: 0, isChecking: false },
        'time for a check',
      );
    }
    if (this.#state.kind !== 'half-open' || this.#state.isChecking) return null;
    this.#state = { ...this.#state, isChecking: true };
    return ++this.#generation;
  }

  /** Redis answered a call or a check. */
  succeed(generation: number): void {
    if (generation !== this.#generation) return;
    if (this.#state.kind === 'closed') {
      this.#failuresInRow = 0;
      this.#window.add(this.#clock.now(), 0);
      this.#judgeWindow();
    } else {
      this.#passCheck();
    }
  }

  /** A call, or a check, failed in a way that means that Redis failed. */
  fail(generation: number): void {
    if (generation !== this.#generation) return;
    if (this.#state.kind === 'closed') {
      this.#failuresInRow++;
      this.#window.add(this.#clock.now(), 1);
      if (this.#failuresInRow < this.#settings.failures) this.#judgeWindow();
      else this.#open(`${this.#failuresInRow} calls in a row failed`);
    } else if (this.#isChecking) {
      const most = this.#settings.openMs * MAX_OPEN_GROWTH;
      this.#openMs = Math.min(this.#openMs * OPEN_GROWTH, most);
      this.#open('a check failed');
    }
  }

  /** Redis answered that it takes nothing from anybody: one such answer is enough. */
  refuse(generation: number, reason: string): void {
    if (generation !== this.#generation) return;
    if (this.#state.kind === 'closed') this.#open(reason);
    else this.fail(generation);
  }

  /** Redis may be back: the next check need not wait. */
  hurry(): void {
    if (this.#state.kind === 'open') this.#state = { ...this.#state, checkAt: this.#clock.now() };
  }

  get #isChecking(): boolean {
    return this.#state.kind === 'half-open' && this.#state.isChecking;
  }

  #passCheck(): void {
    if (this.#state.kind !== 'half-open' || !this.#state.isChecking) return;
    const passed = this.#state.passed + 1;
    if (passed < this.#settings.checksToClose) {
      this.#state = { ...this.#state, passed, isChecking: false };
      return;
    }
    this.#openMs = this.#settings.openMs;
    this.#failuresInRow = 0;
    this.#window.clear();
    this.#move({ kind: 'closed', since: this.#clock.now() }, `${passed} checks in a row succeeded`);
  }

  #judgeWindow(): void {
    const { ended, failed } = this.#window;
    if (ended < MIN_CALLS || failed * 2 < ended) return;
    this.#open(`${failed} of the last ${ended} calls failed`);
  }

  #open(reason: string): void {
    const now = this.#clock.now();
    this.#move({ kind: 'open', since: now, checkAt: now + this.#openMs }, reason);
  }

  #move(to: BreakerState, reason: string): void {
    const from = this.#state;
    this.#state = to;
    this.#generation++;
    const move = { from: from.kind, to: to.kind, reason, afterMs: to.since - from.since };
    for (const listener of this.#listeners) listener(move);
  }
}

/**
 * Counts the calls that ended recently, in a ring of a few buckets. The oldest bucket is dropped as a whole, so
 * what is counted may be up to a tenth shorter than the window.
 */
class CallWindow {
  readonly #bucketMs: number;
  readonly #endedIn = new Uint32Array(BUCKETS);
  readonly #failedIn = new Uint32Array(BUCKETS);
  #tick = 0;
  /** Only the window itself changes these. */
  ended = 0;
  failed = 0;

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / BUCKETS;
  }

  add(now: number, failures: 0 | 1): void {
    const tick = Math.floor(now / this.#bucketMs);
    if (tick !== this.#tick) this.#turnTo(tick);
    const bucket = tick % BUCKETS;
    this.#endedIn[bucket] = (this.#endedIn[bucket] ?? 0) + 1;
    this.#failedIn[bucket] = (this.#failedIn[bucket] ?? 0) + failures;
    this.ended++;
    this.failed += failures;
  }

  clear(): void {
    this.#endedIn.fill(0);
    this.#failedIn.fill(0);
    this.ended = 0;
    this.failed = 0;
  }

  #turnTo(tick: number): void {
    const steps = Math.min(tick - this.#tick, BUCKETS);
    for (let step = 1; step <= steps; step++) {
      const bucket = (this.#tick + step) % BUCKETS;
      this.ended -= this.#endedIn[bucket] ?? 0;
      this.failed -= this.#failedIn[bucket] ?? 0;
      this.#endedIn[bucket] = 0;
      this.#failedIn[bucket] = 0;
    }
    this.#tick = tick;
  }
}
