/** The primary's replication offset at one moment. */
interface OffsetSample {
  readonly at: number;
  readonly offset: number;
}

const MAX_SAMPLES = 64;

/** Turns replication offsets into time: how old is what a replica holds? */
export class ReplicaLag {
  #samples: OffsetSample[] = [];

  /** Notes the primary's offset. */
  recordPrimary(at: number, offset: number): void {
    const last = this.#samples.at(-1);
    // A smaller offset means another history: nothing before it can be compared.
    if (last !== undefined && offset < last.offset) this.#samples = [];
    this.#samples.push({ at, offset });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }

  /** Starts a new history, after a switch. */
  clear(): void {
    this.#samples = [];
  }

  /**
   * How far behind a replica was when it told its offset: 0 when it had everything the primary had
   * by then; else the time since the primary was where the replica is. `null` if nothing is known.
   */
  lagMs(heardAt: number, offset: number): number | null {
    const newest = this.#samples.at(-1);
    if (newest === undefined) return null;
    const before = this.#samples.filter((sample) => sample.at <= heardAt);
    const target = before.at(-1) ?? newest;
    if (offset >= target.offset) return 0;
    const covered = before.filter((sample) => sample.offset <= offset).at(-1);
    const since = covered?.at ?? this.#samples[0]?.at ?? heardAt;
    return Math.max(0, heardAt - since);
  }

  /**
   * The age that the replica's data has at most, now: the time since the primary was last seen where
   * the replica was. `null` if no bound can be given. Between two heartbeats it grows, also for a
   * replica that is in step, because nobody has looked since.
   */
  stalenessMs(now: number, heardAt: number, offset: number): number | null {
    const covered = this.#samples
      .filter((sample) => sample.at <= heardAt && sample.offset <= offset)
      .at(-1);
    return covered === undefined ? null : now - covered.at;
  }
}
