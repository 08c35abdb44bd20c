/** The primary's replication offset at one moment. */
interface OffsetSample {
  readonly at: number;
  readonly offset: number;
}

const MAX_SAMPLES = 64;

/** Computes from replication offsets how old the data of a replica is. */
export class ReplicaLag {
  #samples: OffsetSample[] = [];

  /** Records the primary's offset. */
  recordPrimary(at: number, offset: number): void {
    const last = this.#samples.at(-1);
    // A smaller offset belongs to another replication history: the samples before it cannot be compared.
    if (last !== undefined && offset < last.offset) this.#samples = [];
    this.#samples.push({ at, offset });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }

  /** Starts a new history, after a switch. */
  clear(): void {
    this.#samples = [];
  }

  /**
   * Returns how far behind the replica was when its offset was received: 0 if it had everything the
   * primary had then, otherwise the time since the primary had that offset. `null` if it is not known.
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
   * Returns how old the replica's data is now at most: the time since the primary last had the offset
   * of the replica. `null` if no bound is known. Between two heartbeats it grows, also for a replica
   * that has everything, because nothing newer is known.
   */
  stalenessMs(now: number, heardAt: number, offset: number): number | null {
    const covered = this.#samples
      .filter((sample) => sample.at <= heardAt && sample.offset <= offset)
      .at(-1);
    return covered === undefined ? null : now - covered.at;
  }
}
