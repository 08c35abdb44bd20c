/** The outcome of a call that was answered well. */
export const OK = 'ok';

/** The outcome of a call that is not settled. */
export const PENDING = 'pending';

/** What becomes of the outcomes that there is no room for. */
const OTHERS = 'others';
const MAX_OUTCOMES = 255;
const FIRST_CAPACITY = 1 << 16;

/** All calls of a run in columns: cheap to write, cheap to send to another process. */
export interface Calls<K extends string> {
  readonly count: number;
  readonly kinds: readonly K[];
  /** Index in `kinds`. */
  readonly kind: Uint8Array;
  /** {@link PENDING}, {@link OK}, and then what else there was. */
  readonly outcomes: readonly string[];
  /** Index in `outcomes`. */
  readonly outcome: Uint8Array;
  readonly dueAt: Float64Array;
  readonly issuedAt: Float64Array;
  readonly settledAt: Float64Array;
  readonly excludedMs: Float32Array;
}

/** One call. */
export interface Call<K extends string> {
  readonly index: number;
  readonly kind: K;
  /** {@link OK}, {@link PENDING}, or what went wrong. */
  readonly outcome: string;
  /** When it should have been issued. */
  readonly dueAt: number;
  /** When it was. The difference is how late the process was that issues the load. */
  readonly issuedAt: number;
  /** `NaN` while it is pending. */
  readonly settledAt: number;
  /** How much of its time was not that of what is measured. */
  readonly excludedMs: number;
}

/** The calls one by one, in the order in which they were issued. */
export function* eachCall<K extends string>(calls: Calls<K>): Generator<Call<K>> {
  for (let index = 0; index < calls.count; index++) {
    yield {
      index,
      kind: calls.kinds[calls.kind[index]!]!,
      outcome: calls.outcomes[calls.outcome[index]!]!,
      dueAt: calls.dueAt[index]!,
      issuedAt: calls.issuedAt[index]!,
      settledAt: calls.settledAt[index]!,
      excludedMs: calls.excludedMs[index]!,
    };
  }
}

/** The stable code of an error, or the beginning of what it says, without numbers and addresses. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, 60);
  const { code } = error as { readonly code?: unknown };
  if (typeof code === 'string') return code;
  return `${error.name}: ${error.message.replace(/\d+/g, '#').slice(0, 60)}`;
}

/** Takes down every call of this process. */
export class Ledger<K extends string> {
  private count = 0;
  private open = 0;
  private readonly outcomes = [PENDING, OK];
  private kind: Uint8Array;
  private outcome: Uint8Array;
  private dueAt: Float64Array;
  private issuedAt: Float64Array;
  private settledAt: Float64Array;
  private excludedMs: Float32Array;

  /** `capacity`: for how many calls there is room from the beginning. With enough of it no memory is taken later. */
  constructor(
    private readonly kinds: readonly K[],
    capacity = FIRST_CAPACITY,
  ) {
    this.kind = new Uint8Array(capacity);
    this.outcome = new Uint8Array(capacity);
    this.dueAt = new Float64Array(capacity);
    this.issuedAt = new Float64Array(capacity);
    this.settledAt = new Float64Array(capacity);
    this.excludedMs = new Float32Array(capacity);
  }

  /** Calls that are not settled. */
  get pending(): number {
    return this.open;
  }

  /** Notes a new call; returns its number. */
  begin(kind: K, dueAt: number, issuedAt: number): number {
    if (this.count === this.kind.length) this.grow();
    const index = this.count++;
    this.open += 1;
    this.kind[index] = this.kinds.indexOf(kind);
    this.dueAt[index] = dueAt;
    this.issuedAt[index] = issuedAt;
    this.settledAt[index] = NaN;
    return index;
  }

  /** Notes what became of it: {@link OK}, or what went wrong. */
  settle(index: number, at: number, outcome: string = OK): void {
    this.open -= 1;
    this.settledAt[index] = at;
    this.outcome[index] = this.numberOf(outcome);
  }

  /** Notes that so much of the time of a call was not that of what is measured. */
  exclude(index: number, ms: number): void {
    this.excludedMs[index] = ms;
  }

  /** Everything so far, as a copy that can be sent to another process. */
  copy(): Calls<K> {
    const { count, kinds, outcomes } = this;
    return {
      count,
      kinds,
      outcomes: [...outcomes],
      kind: this.kind.slice(0, count),
      outcome: this.outcome.slice(0, count),
      dueAt: this.dueAt.slice(0, count),
      issuedAt: this.issuedAt.slice(0, count),
      settledAt: this.settledAt.slice(0, count),
      excludedMs: this.excludedMs.slice(0, count),
    };
  }

  private numberOf(outcome: string): number {
    const known = this.outcomes.indexOf(outcome);
    if (known !== -1) return known;
    if (this.outcomes.length < MAX_OUTCOMES) return this.outcomes.push(outcome) - 1;
    if (this.outcomes.length === MAX_OUTCOMES) this.outcomes.push(OTHERS);
    return MAX_OUTCOMES;
  }

  private grow(): void {
    const size = Math.max(FIRST_CAPACITY, this.kind.length * 2);
    this.kind = copyInto(new Uint8Array(size), this.kind);
    this.outcome = copyInto(new Uint8Array(size), this.outcome);
    this.dueAt = copyInto(new Float64Array(size), this.dueAt);
    this.issuedAt = copyInto(new Float64Array(size), this.issuedAt);
    this.settledAt = copyInto(new Float64Array(size), this.settledAt);
    this.excludedMs = copyInto(new Float32Array(size), this.excludedMs);
  }
}

function copyInto<T extends Uint8Array | Float64Array | Float32Array>(target: T, source: T): T {
  target.set(source);
  return target;
}
