import { type InflightItem, InflightList } from '../../base/collections/index.js';
import {
  ClosedError,
  CommandRejectedError,
  InvalidArgumentError,
} from '../../base/errors/index.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import { FULL, refusalOfAllWrites } from './refused-writes.js';

/** Redis did not do it: it was not asked, or it failed, or it did not answer in time. */
export class Away {
  /** The error; `null` when nothing was tried, or the answer was not waited for. */
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/** A caller that waits for an answer. */
interface Waiter extends InflightItem {
  /** Gives it the outcome. */
  readonly settle: (outcome: Away) => void;
}

/** Asks something of Redis. Calls one of the two, once. */
export type Ask<T> = (give: (value: T) => void, fail: (error: unknown) => void) => void;

/** Why Redis takes no writes, and the answer that said so. */
interface Refusal {
  readonly reason: string;
  readonly error: unknown;
}

const ANSWERS = [CommandRejectedError, InvalidArgumentError, ClosedError];
const NOT_TRIED = new Away(null);

/** The outcomes of what keyspaces asked of Redis. */
export interface GuardStats {
  /** Redis did it, or answered with a refusal. */
  readonly answered: number;
  /** Redis failed, or did not answer in time, and memory or the journal was used instead. */
  readonly failed: number;
  /** Redis was not asked because the breaker was open, or the wait ended because the breaker opened. */
  readonly away: number;
}

/** The way to Redis for one direction, reads or writes: a breaker that learns from each outcome, and counts. */
export class Guard {
  readonly breaker: CircuitBreaker;
  readonly #waiting = new InflightList<Waiter>();
  readonly #counts = { answered: 0, failed: 0, away: 0 };
  readonly #refusalIn: (error: unknown) => string | null;
  #refusal: Refusal | null = null;

  /** @param refusalIn - returns the reason when an error says that Redis does this for nobody */
  constructor(breaker: CircuitBreaker, refusalIn: (error: unknown) => string | null = () => null) {
    this.breaker = breaker;
    this.#refusalIn = refusalIn;
    breaker.listen(({ to }) => {
      if (to === 'open') this.#letGo();
      if (to === 'closed') this.#refusal = null;
    });
  }

  /** A guard of writes: a Redis that takes none from anybody is away for them. */
  static ofWrites(breaker: CircuitBreaker): Guard {
    return new Guard(breaker, refusalOfAllWrites);
  }

  /** Why Redis refuses, as the first word of its answer; `null` while it does not. */
  get refusal(): string | null {
    return this.#refusal?.reason ?? null;
  }

  /** The outcomes since the process started. */
  get stats(): GuardStats {
    return { ...this.#counts };
  }

  /** Whether Redis is asked. */
  get isOpen(): boolean {
    return this.breaker.state.kind === 'closed';
  }

  /**
   * Runs the work on Redis if Redis is there. When the breaker opens meanwhile, it stops waiting for the
   * answer: use it only for work that may be done twice, or not at all. Throws an error that Redis answered.
   */
  run<T>(work: () => Promise<T>): Promise<T | Away> {
    return this.askThen<T, T | Away>((give, fail) => {
      work().then(give, fail);
    }, asIs);
  }

  /**
   * The same, and answers with what is made of the outcome. It is made in the turn in which the outcome comes, and
   * Redis is asked without a promise: nearly every read comes this way, and pays for each promise.
   *
   * @param ask - calls one of the two, once
   */
  askThen<T, R>(ask: Ask<T>, make: (outcome: T | Away) => R | Promise<R>): Promise<R> {
    const generation = this.breaker.permit();
    return new Promise((resolve, reject) => {
      const fail: (error: unknown) => void = reject;
      const settle = (outcome: T | Away): void => {
        try {
          resolve(make(outcome));
        } catch (error) {
          fail(error);
        }
      };
      if (generation === null) {
        settle(this.#notTried());
        return;
      }
      const waiter: Waiter = {
        settle,
        nextInflight: null,
        previousInflight: null,
        inflightIn: null,
      };
      this.#waiting.add(waiter);
      const onFailure = (error: unknown): void => {
        const isWaiting = this.#waiting.remove(waiter);
        const hasFailed = this.#blame(error, generation, isWaiting);
        if (!isWaiting) return;
        if (hasFailed) settle(new Away(error));
        else fail(error);
      };
      try {
        ask((value) => {
          const isWaiting = this.#waiting.remove(waiter);
          this.breaker.succeed(generation);
          if (!isWaiting) return;
          this.#counts.answered++;
          settle(value);
        }, onFailure);
      } catch (error) {
        // An error that is thrown synchronously counts like any other.
        onFailure(error);
      }
    });
  }

  /** The same for what must not stay uncertain: it waits for the outcome, even when the breaker opens meanwhile. */
  async runToItsEnd<T>(work: () => Promise<T>): Promise<T | Away> {
    const generation = this.breaker.permit();
    if (generation === null) return this.#notTried();
    try {
      const value = await work();
      this.#counts.answered++;
      this.breaker.succeed(generation);
      return value;
    } catch (error) {
      if (this.#blame(error, generation, true)) return new Away(error);
      throw error;
    }
  }

  /**
   * The same for what frees memory: a Redis that is full still does it, and others would have to wait for it.
   */
  async runAlsoWhenFull<T>(
    work: () => Promise<T>,
    { isToEnd = false }: { readonly isToEnd?: boolean } = {},
  ): Promise<T | Away> {
    if (this.isOpen || this.refusal !== FULL) {
      return isToEnd ? this.runToItsEnd(work) : this.run(work);
    }
    try {
      const value = await work();
      this.#counts.answered++;
      return value;
    } catch (error) {
      this.#counts.failed++;
      return new Away(error);
    }
  }

  /** Takes the answer to a recovery check that failed: Redis may refuse now what it did not answer before. */
  hear(error: unknown): void {
    const reason = this.#refusalIn(error);
    this.#refusal = reason === null ? null : { reason, error };
  }

  /** Takes the outcome of a call that was made with a permit of the breaker. Returns whether Redis failed. */
  learn(error: unknown, generation: number): boolean {
    const reason = this.#refusalIn(error);
    if (reason !== null) {
      this.#refusal = { reason, error };
      this.breaker.refuse(generation, `Redis refuses all writes: ${reason}`);
      // It was the answer to a call of before, and says nothing about now.
      if (this.breaker.state.kind === 'closed') this.#refusal = null;
      return true;
    }
    if (isAnswer(error)) {
      this.breaker.succeed(generation);
      return false;
    }
    this.breaker.fail(generation);
    return true;
  }

  #blame(error: unknown, generation: number, isCounted: boolean): boolean {
    const hasFailed = this.learn(error, generation);
    if (isCounted) this.#counts[hasFailed ? 'failed' : 'answered']++;
    return hasFailed;
  }

  #notTried(): Away {
    this.#counts.away++;
    return this.#refusal === null ? NOT_TRIED : new Away(this.#refusal.error);
  }

  #letGo(): void {
    const waiting = this.#waiting.drain();
    this.#counts.away += waiting.length;
    for (const { settle } of waiting) settle(NOT_TRIED);
  }
}

function asIs<T>(outcome: T): T {
  return outcome;
}

/** Whether an error does not mean that Redis failed: it was an answer of Redis, the call was wrong, or the connection is closing. */
export function isAnswer(error: unknown): boolean {
  return ANSWERS.some((kind) => error instanceof kind);
}
