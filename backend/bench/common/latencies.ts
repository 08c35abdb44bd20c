const STEP_MS = 0.01;
const STEPS = 100_000;

/** Counts latencies in steps of 10 µs up to one second: cheap enough for every operation. */
export class Latencies {
  private readonly counts = new Uint32Array(STEPS);
  private total = 0;

  get count(): number {
    return this.total;
  }

  add(ms: number): void {
    const step = Math.min(STEPS - 1, Math.floor(ms / STEP_MS));
    this.counts[step] = (this.counts[step] ?? 0) + 1;
    this.total += 1;
  }

  /** The latency that the share `p` of the operations did not exceed, in ms. */
  percentile(p: number): number {
    const wanted = Math.ceil(this.total * p);
    let seen = 0;
    for (let step = 0; step < STEPS; step++) {
      seen += this.counts[step] ?? 0;
      if (seen >= wanted) return (step + 1) * STEP_MS;
    }
    return NaN;
  }
}
