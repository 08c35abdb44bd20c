import type { NodeAddress } from '../address/index.js';
import type { Problem } from '../errors/index.js';

/** Why the primary moved: it failed, somebody else asked Sentinel for it, or this process switched over. */
export type FailoverReason = 'failure' | 'planned' | 'switchover';

/** The moments of one failover, in calendar milliseconds; `null` where it is not known. */
export interface FailoverTimes {
  /** This process first suspected the old primary. */
  readonly suspectedAt: number | null;
  /** The first Sentinel called it subjectively down. */
  readonly sdownAt: number | null;
  /** Enough Sentinels agreed. */
  readonly odownAt: number | null;
  /** A Sentinel was elected to lead the failover. */
  readonly electedAt: number | null;
  /** The chosen replica turned into a primary. */
  readonly promotedAt: number | null;
  /** This process learned of the new primary. */
  readonly switchedAt: number;
  /** The new primary answered the first write of this process. */
  readonly firstWriteAt: number | null;
}

/** One failover, as this process saw it. */
export interface FailoverRecord extends FailoverTimes {
  readonly from: NodeAddress | null;
  readonly to: NodeAddress;
  readonly reason: FailoverReason;
  /** Sentinel's config-epoch of the new primary. */
  readonly epoch: number;
}

/** Reads and writes have a breaker each: while a primary is being replaced, reads go on. */
export type Direction = 'reads' | 'writes';

/** `healthy`: Redis serves. `degraded`: memory and journal do. `recovering`: the journal is being written to Redis. */
export type ServiceModeName = 'healthy' | 'degraded' | 'recovering';

/** A change of the mode. */
export interface ModeChange {
  readonly from: ServiceModeName;
  readonly to: ServiceModeName;
  readonly reason: string;
  /** Calendar milliseconds. */
  readonly at: number;
  /** How long the mode `from` lasted. */
  readonly afterMs: number;
}

/** The outcome of the writes that were made while Redis was away. */
export interface ReplayReport {
  /** Written to Redis. */
  readonly applied: number;
  /** Not written: Redis had something newer. */
  readonly superseded: number;
  /** Lost: older than a delete is remembered, and nothing was there that they could replace. */
  readonly expired: number;
  /** Lost: Redis refuses them for what they are, and always will. */
  readonly rejected: number;
  readonly durationMs: number;
}

/** Every event the engine reports. Plain data, named in the past tense; events only gain fields. */
export type RedisHaEvent =
  | { readonly type: 'connection.opened'; readonly node: NodeAddress; readonly role: string }
  | { readonly type: 'connection.lost'; readonly node: NodeAddress; readonly reason: string }
  | { readonly type: 'connection.stalled'; readonly node: NodeAddress }
  | { readonly type: 'connection.recovered'; readonly node: NodeAddress }
  | { readonly type: 'sentinel.connected'; readonly sentinel: NodeAddress }
  | { readonly type: 'sentinel.lost'; readonly sentinel: NodeAddress; readonly reason: string }
  | {
      readonly type: 'topology.changed';
      readonly primary: NodeAddress | null;
      readonly replicas: readonly NodeAddress[];
      readonly epoch: number;
    }
  | {
      readonly type: 'primary.switched';
      readonly from: NodeAddress | null;
      readonly to: NodeAddress;
      readonly epoch: number;
    }
  | { readonly type: 'primary.suspected'; readonly node: NodeAddress; readonly reason: string }
  | { readonly type: 'primary.ready'; readonly node: NodeAddress }
  | { readonly type: 'primary.reset'; readonly node: NodeAddress }
  | { readonly type: 'failover.observed'; readonly step: string; readonly detail: string }
  | { readonly type: 'failover.completed'; readonly failover: FailoverRecord }
  | { readonly type: 'failover.first-write'; readonly failover: FailoverRecord }
  | { readonly type: 'writes.paused'; readonly reason: string }
  | { readonly type: 'writes.resumed'; readonly reason: string; readonly pausedMs: number }
  | { readonly type: 'writes.refused'; readonly reason: string }
  | { readonly type: 'writes.accepted'; readonly reason: string; readonly refusedMs: number }
  /** `aheadMs`: of this host's calendar before that of the primary; negative when it is behind. */
  | { readonly type: 'clock.skewed'; readonly aheadMs: number }
  | { readonly type: 'clock.agreed'; readonly aheadMs: number; readonly skewedMs: number }
  | { readonly type: 'command.uncertain'; readonly command: string; readonly reason: string }
  | { readonly type: 'subscription.moved'; readonly to: NodeAddress; readonly gapMs: number }
  | {
      readonly type: 'pool.exhausted';
      /** What the connections of the pool are lent for. */
      readonly purpose: 'exclusive' | 'blocking';
      readonly size: number;
    }
  | { readonly type: 'settings.doubtful'; readonly problem: Problem }
  | { readonly type: 'start.waiting'; readonly waitedMs: number; readonly reason: string }
  | { readonly type: 'breaker.opened'; readonly direction: Direction; readonly reason: string }
  | { readonly type: 'breaker.half-opened'; readonly direction: Direction; readonly openMs: number }
  | { readonly type: 'breaker.closed'; readonly direction: Direction; readonly openMs: number }
  | { readonly type: 'mode.changed'; readonly change: ModeChange }
  | {
      readonly type: 'journal.dropped';
      readonly count: number;
      readonly reason: 'full' | 'too-old' | 'rejected' | 'closed';
    }
  | { readonly type: 'journal.replayed'; readonly report: ReplayReport }
  | { readonly type: 'journal.recovered'; readonly count: number; readonly damagedBytes: number }
  | { readonly type: 'journal.file-failed'; readonly reason: string }
  | { readonly type: 'journal.file-recovered'; readonly failedMs: number }
  | {
      readonly type: 'notices.refused';
      readonly count: number;
      /** What the ACL user needs, as the rules of `ACL SETUSER`: `+publish &*~changed`. */
      readonly rights: string;
    }
  | {
      readonly type: 'listening.refused';
      readonly count: number;
      /** What the ACL user needs, as the rules of `ACL SETUSER`: `+subscribe &*~changed`. */
      readonly rights: string;
    }
  | {
      readonly type: 'invalidations.refused';
      readonly reason: string;
      /** What the ACL user needs, as the rules of `ACL SETUSER`. */
      readonly rights: string;
    }
  | {
      readonly type: 'value.rejected';
      readonly keyspace: string;
      readonly fault: string;
      /** Of the fault `no-key`: the id of the key that is missing. It tells nothing of the key. */
      readonly keyId?: string;
    }
  | { readonly type: 'value.write-failed'; readonly keyspace: string; readonly reason: string }
  | {
      readonly type: 'journal.file-skipped';
      /** The name of the file in the folder. */
      readonly file: string;
      readonly reason: 'other-redis' | 'unknown-key' | 'unreadable';
    }
  | {
      readonly type: 'warm-up.started';
      readonly plan: string;
      readonly keyspace: string;
      readonly cause: 'boot' | 'loss' | 'return' | 'demand';
      /** Keys that were done before it was interrupted. */
      readonly done: number;
    }
  | {
      readonly type: 'warm-up.finished';
      readonly plan: string;
      readonly keyspace: string;
      readonly cause: 'boot' | 'loss' | 'return' | 'demand';
      readonly outcome: 'finished' | 'stopped';
      /** Of an error of what gives the keys. */
      readonly reason: string | null;
      readonly done: number;
      readonly loaded: number;
      readonly skipped: number;
      readonly failed: number;
      readonly durationMs: number;
    }
  | { readonly type: 'cache.load-failed'; readonly keyspace: string; readonly reason: string }
  | {
      readonly type: 'hot-key.rose';
      /** `null` for plain commands. */
      readonly keyspace: string | null;
      /** As `hotKeys.showKeys` says: a hash, its first letters, or whole. */
      readonly key: string;
      readonly direction: Direction;
      readonly perMinute: number;
      /** Whether its reads are spared from now on. */
      readonly isSpared: boolean;
    }
  | {
      readonly type: 'hot-key.fell';
      readonly keyspace: string | null;
      readonly key: string;
      readonly direction: Direction;
      readonly perMinute: number;
      readonly hotMs: number;
    }
  | ({ readonly type: 'counts.lost' } & LostCounts)
  | { readonly type: 'listener.failed'; readonly event: string; readonly error: unknown };

/** What was added to a counter of `redis.counter()` and is not in Redis, or may not be. */
export interface LostCounts {
  /** As `hotKeys.showKeys` says. */
  readonly key: string;
  readonly by: number;
  /**
   * `uncertain`: the connection broke after it was sent; Redis may have counted it. `refused`: the key holds no number.
   * `closed`: Redis could not be told before the application ended.
   */
  readonly reason: 'uncertain' | 'refused' | 'closed';
}

/** The type of an event, such as `primary.switched`. */
export type RedisHaEventType = RedisHaEvent['type'];

/** The event of one type. */
export type RedisHaEventOf<T extends RedisHaEventType> = Extract<RedisHaEvent, { type: T }>;
