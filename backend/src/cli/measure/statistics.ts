/** The value that the share `p` (0 to 1) of the values does not exceed; `NaN` when there are none. */
export function percentile(values: readonly number[], p: number): number {
  return ofSorted(Float64Array.from(values).sort(), p);
}

/** What a list of times comes to; each is `NaN` when there are none. */
export interface Summary {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Three percentiles and the largest value. */
export function summaryOf(values: readonly number[]): Summary {
  const sorted = Float64Array.from(values).sort();
  return {
    p50: ofSorted(sorted, 0.5),
    p95: ofSorted(sorted, 0.95),
    p99: ofSorted(sorted, 0.99),
    max: ofSorted(sorted, 1),
  };
}

function ofSorted(sorted: Float64Array, p: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * p) - 1)] ?? NaN;
}

/** The middle value; the mean of the two middle ones when their number is even. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** The mean; `NaN` when there are none. */
export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

/** All of them together. */
export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The largest value; `NaN` when there are none. */
export function worst(values: readonly number[]): number {
  return values.length === 0 ? NaN : Math.max(...values);
}

/** A stretch of time in which nothing happened. */
export interface Gap {
  readonly from: number;
  readonly ms: number;
}

/** The longest stretch between two neighbours of `times`, with `from` and `to` as the outermost. */
export function longestGap(times: readonly number[], from: number, to: number): Gap {
  const inside = times.filter((at) => at > from && at < to).sort((a, b) => a - b);
  let last = from;
  let longest: Gap = { from, ms: 0 };
  for (const at of [...inside, to]) {
    if (at - last > longest.ms) longest = { from: last, ms: at - last };
    last = at;
  }
  return longest;
}
