import type { Clock } from '../base/timing/index.js';

/** The result of a check under one key. */
export interface CheckVerdict {
  readonly status: 'up' | 'degraded' | 'down';
  readonly [name: string]: unknown;
}

/** The result of one check: a verdict under each of its keys. */
export type CheckResult = Readonly<Record<string, CheckVerdict>>;

/** A check of the application: a function, or a thenable. */
export type AnyCheck = (() => unknown) | PromiseLike<unknown>;

// In deadlines. A run that takes this long is not coming back: it is given up, and a new one begun.
const GIVEN_UP_AFTER = 10;
// Runs that are given up cannot be ended, so where each of them hangs a new one is begun this seldom.
const NEXT_AFTER = 100;

/** A call of the check that has not ended. */
interface Run {
  readonly startedAt: number;
  readonly result: Promise<CheckResult>;
}

/**
 * A check that many callers may run at once. It runs once for all of them, and each gets a result
 * within the deadline, whatever the check does: probes never pile up behind it. One that hangs is down,
 * and is tried again after ten deadlines.
 */
export class SharedCheck {
  readonly #name: string | null;
  readonly #check: AnyCheck;
  readonly #deadlineMs: number;
  readonly #clock: Clock;
  #run: Run | null = null;
  // The last one that was given up, while it hangs.
  #givenUp: Run | null = null;
  #key: string;

  /** @param name - the key of a check whose result has none; `null`: the key of its last result */
  constructor(
    name: string | null,
    place: number,
    check: AnyCheck,
    options: { readonly deadlineMs: number; readonly clock: Clock },
  ) {
    this.#name = name;
    this.#key = name ?? (functionName(check) || `check-${place}`);
    this.#check = check;
    this.#deadlineMs = options.deadlineMs;
    this.#clock = options.clock;
  }

  /** Runs the check, or joins the current run. Never rejects, never takes longer than the deadline. */
  run(): Promise<CheckResult> {
    if (this.#run !== null && this.#isLost(this.#run)) {
      this.#givenUp = this.#run;
      this.#run = null;
    }
    this.#run ??= this.#start();
    return this.#run.result;
  }

  #isLost(run: Run): boolean {
    if (this.#isOlder(run, GIVEN_UP_AFTER)) {
      return this.#givenUp === null || this.#isOlder(this.#givenUp, NEXT_AFTER);
    }
    return false;
  }

  #isOlder({ startedAt }: Run, deadlines: number): boolean {
    return this.#clock.now() - startedAt >= deadlines * this.#deadlineMs;
  }

  #start(): Run {
    const result = new Promise<CheckResult>((answer) => {
      const stop = this.#clock.after(this.#deadlineMs, () => {
        answer(this.#down(`did not answer within ${this.#deadlineMs} ms`));
      });
      void this.#verdict().then((verdict) => {
        if (this.#run === run) this.#run = null;
        if (this.#givenUp === run) this.#givenUp = null;
        stop();
        answer(verdict);
      });
    });
    const run: Run = { startedAt: this.#clock.now(), result };
    return run;
  }

  async #verdict(): Promise<CheckResult> {
    const result = await this.#outcome();
    this.#key = this.#name ?? Object.keys(result)[0] ?? this.#key;
    return result;
  }

  async #outcome(): Promise<CheckResult> {
    try {
      // A function that runs synchronously and throws must not reach the probe.
      const check = this.#check;
      const result = await (typeof check === 'function' ? check() : check);
      return isResult(result) ? result : this.#down('answered what is no result of a health check');
    } catch (error) {
      return resultInside(error) ?? this.#down(`failed with ${nameOf(error)}`);
    }
  }

  #down(message: string): CheckResult {
    return { [this.#key]: { status: 'down', message } };
  }
}

const STATUSES: readonly unknown[] = ['up', 'degraded', 'down'];

function isResult(value: unknown): value is CheckResult {
  if (typeof value !== 'object' || value === null) return false;
  const verdicts: unknown[] = Object.values(value);
  return verdicts.length > 0 && verdicts.every(isVerdict);
}

function isVerdict(value: unknown): value is CheckVerdict {
  if (typeof value !== 'object' || value === null || !('status' in value)) return false;
  return STATUSES.includes(value.status);
}

// Indicators of the old kind throw an error that contains their result.
function resultInside(error: unknown): CheckResult | null {
  if (typeof error !== 'object' || error === null || !('causes' in error)) return null;
  return isResult(error.causes) ? error.causes : null;
}

// The name, not the message: drivers quote addresses and passwords, and anybody may read health responses.
function nameOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'no error';
  if ('code' in error && typeof error.code === 'string' && /^\w{1,64}$/.test(error.code)) {
    return error.code;
  }
  return error instanceof Error ? error.constructor.name : 'no error';
}

function functionName(check: AnyCheck): string {
  return typeof check === 'function' ? check.name : '';
}
