/** Upper bounds in milliseconds. Most are small, because Redis usually answers within a millisecond. */
export const LATENCY_BOUNDS_MS: readonly number[] = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 50, 100, 500, 1_000, 2_500, 5_000, 10_000,
];

/** Durations since the process began, by size. */
export interface LatencyStats {
  readonly count: number;
  readonly sumMs: number;
  /** How many took at most this long, one number for each of {@link LATENCY_BOUNDS_MS}. */
  readonly upTo: readonly number[];
}

/** Counts durations in fixed steps. A call costs a short search and no memory. */
export class LatencyHistogram {
  readonly #steps = new Float64Array(LATENCY_BOUNDS_MS.length + 1);
  #sumMs = 0;

  /** Counts one duration. */
  add(ms: number): void {
    let step = 0;
    while (step < LATENCY_BOUNDS_MS.length && ms > (LATENCY_BOUNDS_MS[step] ?? Infinity)) step++;
    this.#steps[step] = (this.#steps[step] ?? 0) + 1;
    this.#sumMs += ms;
  }

  /** The durations counted up to now. */
  get stats(): LatencyStats {
    let sum = 0;
    const upTo = LATENCY_BOUNDS_MS.map((_, step) => (sum += this.#steps[step] ?? 0));
    return {
      count: sum + (this.#steps[LATENCY_BOUNDS_MS.length] ?? 0),
      sumMs: this.#sumMs,
      upTo,
    };
  }
}
