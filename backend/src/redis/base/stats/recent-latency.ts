const SLICES = 6;
const SLICE_MS = 10_000;
const SMALLEST_MS = 0.01;
// Eight steps per doubling: a reported duration is at most 9 % longer than the real one.
const STEPS_PER_DOUBLING = 8;
// Up to 100 s.
const STEPS = Math.ceil(Math.log2(100_000 / SMALLEST_MS) * STEPS_PER_DOUBLING) + 1;

/** How long the calls of the last minute took. `null` when there were none. */
export interface RecentPercentiles {
  readonly windowMs: number;
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

/** Computes the percentiles of the last minute. Keeps a ring of slices and drops the oldest slice as a whole. */
export class RecentLatency {
  readonly #slices = Array.from({ length: SLICES }, () => new Uint32Array(STEPS));
  readonly #ticks = new Array<number>(SLICES).fill(-1);

  /**
   * Counts one call.
   *
   * @param now - the time, from a clock that never goes back
   */
  add(ms: number, now: number): void {
    const tick = Math.floor(now / SLICE_MS);
    const at = tick % SLICES;
    const slice = this.#slices[at];
    if (slice === undefined) return;
    if (this.#ticks[at] !== tick) {
      this.#ticks[at] = tick;
      slice.fill(0);
    }
    const steps =
      ms <= SMALLEST_MS ? 0 : Math.ceil(Math.log2(ms / SMALLEST_MS) * STEPS_PER_DOUBLING);
    const step = Math.min(steps, STEPS - 1);
    slice[step] = (slice[step] ?? 0) + 1;
  }

  /** Returns the percentiles of the last minute. */
  percentiles(now: number): RecentPercentiles {
    const latest = Math.floor(now / SLICE_MS);
    const young = this.#slices.filter((_, at) => latest - (this.#ticks[at] ?? -1) < SLICES);
    const sums = new Float64Array(STEPS);
    let count = 0;
    for (const slice of young) {
      slice.forEach((calls, step) => {
        sums[step] = (sums[step] ?? 0) + calls;
        count += calls;
      });
    }
    const [p50Ms = null, p95Ms = null, p99Ms = null] = [0.5, 0.95, 0.99].map((share) =>
      count === 0 ? null : boundOfShare(sums, share * count),
    );
    return { windowMs: SLICES * SLICE_MS, count, p50Ms, p95Ms, p99Ms };
  }
}

function boundOfShare(sums: Float64Array, wanted: number): number {
  let sum = 0;
  const step = sums.findIndex((calls) => (sum += calls) >= wanted);
  const ms = SMALLEST_MS * 2 ** (step / STEPS_PER_DOUBLING);
  return Number(ms.toPrecision(3));
}
