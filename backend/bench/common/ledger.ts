/** What is asked for. */
export const OPERATIONS = ['get', 'get miss', 'set', 'getOrSet', 'validate'] as const;

/** One of them. */
export type Operation = (typeof OPERATIONS)[number];

/**
 * What became of a call. `missing`: no error, but nothing came back for a key that exists. `wrong`:
 * something else came back than what was stored.
 */
export const OUTCOMES = ['pending', 'ok', 'missing', 'wrong', 'failed'] as const;

/** One of them. */
export type Outcome = (typeof OUTCOMES)[number];

/** All calls of a run in columns: little memory, so that the heap that is measured is the contestant's. */
export interface Calls {
  readonly count: number;
  readonly operation: Uint8Array;
  readonly outcome: Uint8Array;
  /** Why it failed, as an index of `codes`. */
  readonly code: Uint8Array;
  readonly codes: readonly string[];
  /** When it should have been issued. Latencies count from here. */
  readonly intendedAt: Float64Array;
  /** When it was. The difference is the lag of the process that issues the load. */
  readonly issuedAt: Float64Array;
  /** 0 while it is pending. */
  readonly settledAt: Float64Array;
  /** How long the loader of this very call ran. */
  readonly loaderMs: Float32Array;
}

const MAX_CODES = 255;

/** Takes down every call. */
export class Ledger implements Calls {
  count = 0;
  readonly operation: Uint8Array;
  readonly outcome: Uint8Array;
  readonly code: Uint8Array;
  readonly codes: string[] = [];
  readonly intendedAt: Float64Array;
  readonly issuedAt: Float64Array;
  readonly settledAt: Float64Array;
  readonly loaderMs: Float32Array;

  constructor(readonly capacity: number) {
    this.operation = new Uint8Array(capacity);
    this.outcome = new Uint8Array(capacity);
    this.code = new Uint8Array(capacity);
    this.intendedAt = new Float64Array(capacity);
    this.issuedAt = new Float64Array(capacity);
    this.settledAt = new Float64Array(capacity);
    this.loaderMs = new Float32Array(capacity);
  }

  /** A call is about to be made. */
  issue(index: number, operation: Operation, intendedAt: number, issuedAt: number): void {
    this.count = index + 1;
    this.operation[index] = OPERATIONS.indexOf(operation);
    this.intendedAt[index] = intendedAt;
    this.issuedAt[index] = issuedAt;
  }

  /** A call was answered or failed. */
  settle(index: number, outcome: Outcome, at: number, code = ''): void {
    this.outcome[index] = OUTCOMES.indexOf(outcome);
    this.settledAt[index] = at;
    if (code !== '') this.code[index] = this.numberOf(code);
  }

  /** A copy that can be sent to another process. */
  copy(): Calls {
    const { count, codes } = this;
    return {
      count,
      codes: [...codes],
      operation: this.operation.slice(0, count),
      outcome: this.outcome.slice(0, count),
      code: this.code.slice(0, count),
      intendedAt: this.intendedAt.slice(0, count),
      issuedAt: this.issuedAt.slice(0, count),
      settledAt: this.settledAt.slice(0, count),
      loaderMs: this.loaderMs.slice(0, count),
    };
  }

  private numberOf(code: string): number {
    const known = this.codes.indexOf(code);
    if (known !== -1) return known;
    if (this.codes.length >= MAX_CODES) return MAX_CODES - 1;
    return this.codes.push(code) - 1;
  }
}
