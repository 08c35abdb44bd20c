/** Short ages: what takes an hour elsewhere happens within a history. */
export const MODEL = {
  maxAgeMs: 10_000,
  reapplyMs: 1_000,
  maxBytes: 200_000,
  nearMs: 2_000,
  /** A replica is never further behind. */
  lagMs: 700,
  leaseMs: 80,
  /** For so long a call waits for Redis: the default of `fallback.timeoutMs`. */
  deadlineMs: 200,
} as const;

/** What one history has in common. */
export interface WorldSettings {
  /** By how much the calendar of each process is wrong. */
  readonly offsetsMs: readonly number[];
  /** Whether a journal has room for all that must not be lost. */
  readonly hasRoom: boolean;
  /** Whether reads go to a replica. */
  readonly hasReplica: boolean;
  /** Whether journals outlive their process. */
  readonly hasFile: boolean;
}
