/** What an operation does. */
export const KINDS = ['set', 'incr', 'get'] as const;

/** What an operation does. */
export type OperationKind = (typeof KINDS)[number];

/** Every operation of one client, as columns: cheap to write, cheap to send. */
export interface Ledger {
  readonly count: number;
  /** Index in {@link KINDS}. */
  readonly kind: Uint8Array;
  readonly issuedAt: Float64Array;
  /** `NaN` while it is not settled. */
  readonly settledAt: Float64Array;
  /** 0: answered; n: failed with `codes[n - 1]`. Meaningless while it is not settled. */
  readonly failure: Uint16Array;
  readonly codes: readonly string[];
}

/** Keeps the {@link Ledger} of this process. */
export class LedgerBook {
  private count = 0;
  private open = 0;
  private kind = new Uint8Array(1 << 16);
  private issuedAt = new Float64Array(1 << 16);
  private settledAt = new Float64Array(1 << 16);
  private failure = new Uint16Array(1 << 16);
  private readonly codes: string[] = [];

  /** Operations that are not settled. */
  get pending(): number {
    return this.open;
  }

  /** Notes a new operation; answers its number. */
  begin(kind: OperationKind, at: number): number {
    if (this.count === this.kind.length) this.grow();
    const index = this.count++;
    this.open += 1;
    this.kind[index] = KINDS.indexOf(kind);
    this.issuedAt[index] = at;
    this.settledAt[index] = NaN;
    return index;
  }

  /** Notes its outcome. */
  settle(index: number, at: number, code: string | null): void {
    this.open -= 1;
    this.settledAt[index] = at;
    this.failure[index] = code === null ? 0 : this.numberOf(code);
  }

  /** Everything so far. */
  read(): Ledger {
    const { count, kind, issuedAt, settledAt, failure, codes } = this;
    return {
      count,
      kind: kind.slice(0, count),
      issuedAt: issuedAt.slice(0, count),
      settledAt: settledAt.slice(0, count),
      failure: failure.slice(0, count),
      codes: [...codes],
    };
  }

  private numberOf(code: string): number {
    const known = this.codes.indexOf(code);
    return known === -1 ? this.codes.push(code) : known + 1;
  }

  private grow(): void {
    const size = this.kind.length * 2;
    this.kind = copyInto(new Uint8Array(size), this.kind);
    this.issuedAt = copyInto(new Float64Array(size), this.issuedAt);
    this.settledAt = copyInto(new Float64Array(size), this.settledAt);
    this.failure = copyInto(new Uint16Array(size), this.failure);
  }
}

function copyInto<T extends Uint8Array | Uint16Array | Float64Array>(target: T, source: T): T {
  target.set(source);
  return target;
}
