/** The outcome of a record that is no longer pending. `rejected`: Redis refuses this one for good. */
export type Settlement = 'applied' | 'superseded' | 'expired' | 'rejected';

/** Why records were lost: no room, too old, refused by Redis for good. */
export type LossReason = 'full' | 'too-old' | 'rejected';

/** The outcomes of the writes of this process, in numbers. */
export interface WriteCountsStats extends Readonly<Record<Settlement, number>> {
  readonly appended: number;
  /** No longer pending, because a newer record replaced it. */
  readonly replaced: number;
  /** Lost for lack of room. */
  readonly dropped: number;
  /** Not taken for lack of room. Whoever wrote was told. */
  readonly refused: number;
}

type LossListener = (count: number, reason: LossReason) => void;

const COUNTED_AS = { full: 'dropped', 'too-old': 'expired', rejected: 'rejected' } as const;

/** Counts the outcomes of the writes of this process, and tells of those that are lost. */
export class WriteCounts {
  readonly #counts = {
    appended: 0,
    replaced: 0,
    dropped: 0,
    applied: 0,
    superseded: 0,
    expired: 0,
    rejected: 0,
    refused: 0,
  };
  /** What was lost while nobody listened: at a start there may be less room than before. */
  readonly #untold = new Map<LossReason, number>();
  #onLost: LossListener = (count, reason) => {
    this.#untold.set(reason, (this.#untold.get(reason) ?? 0) + count);
  };

  /** All of them up to now. */
  get stats(): WriteCountsStats {
    return { ...this.#counts };
  }

  /** Calls back when records are lost, and at once for those that were lost already. There is one listener. */
  onLost(listener: LossListener): void {
    this.#onLost = listener;
    for (const [reason, count] of this.#untold) listener(count, reason);
    this.#untold.clear();
  }

  /** Counts what is no loss: nothing is gone, or whoever wrote it was told. */
  add(what: 'appended' | 'replaced' | 'applied' | 'superseded' | 'refused', count = 1): void {
    this.#counts[what] += count;
  }

  /** Counts records that are lost, and tells of them. */
  lose(count: number, reason: LossReason): void {
    this.#counts[COUNTED_AS[reason]] += count;
    this.#onLost(count, reason);
  }
}
