import type { ClusterPlace } from '../clients/bench-client.js';

/** What is read: values of a namespace of the cache, or plain keys through `redis.near`. */
export const NEAR_KINDS = ['namespace', 'plain'] as const;

/** One of them. */
export type NearKind = (typeof NEAR_KINDS)[number];

/** How a process is started. */
export interface NearPlan {
  readonly name: string;
  readonly role: 'reader' | 'writer';
  readonly kind: NearKind;
  readonly place: ClusterPlace;
  /** A user that may do everything but `PUBLISH`; `null` for the usual one. */
  readonly username: string | null;
  /** A writer alone writes its keys, so that their versions have an order. */
  readonly keys: readonly string[];
  /** Versions are later than this: another process may have written the keys before. */
  readonly firstVersion: number;
  readonly seed: number;
}

/** How long nobody may notice that the connection on which changes are told is dead: the heartbeat of the processes here. */
export const HEARTBEAT = { heartbeatIntervalMs: 250, heartbeatTimeoutMs: 750 } as const;

/** A write that Redis acknowledged, and that all replicas have. Times are those of the machine's monotonic clock. */
export interface NearWrite {
  readonly key: string;
  readonly version: number;
  readonly ackedAt: number;
  /** When all replicas surely had it. */
  readonly confirmedAt: number;
}

/** That a reader got a version, and when for the last time. */
export interface Sighting {
  readonly key: string;
  readonly version: number;
  /** The last time from a near copy, and otherwise; 0 for never. */
  readonly nearAt: number;
  readonly farAt: number;
}

/** What a process has done since it was asked before. */
export interface NearReport {
  readonly writes: readonly NearWrite[];
  readonly sightings: readonly Sighting[];
  readonly counts: NearCounts;
}

/** How often what was done. */
export interface NearCounts {
  readonly writes: number;
  readonly near: number;
  readonly far: number;
  readonly failed: number;
}
