import type { NodeAddress, Problem } from './event-data.js';

/** Why the primary moved: it failed, somebody asked Sentinel, or our own switchover did it. */
export type FailoverReason = 'failure' | 'planned' | 'switchover';

/** The moments of one failover, in calendar milliseconds; `null` where nobody told us. */
export interface FailoverTimes {
  /** This process first doubted the old primary. */
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

/** Every fact the engine reports. Plain data in the past tense; additions only. */
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
  | { readonly type: 'command.uncertain'; readonly command: string; readonly reason: string }
  | { readonly type: 'subscription.moved'; readonly to: NodeAddress; readonly gapMs: number }
  | { readonly type: 'settings.doubtful'; readonly problem: Problem }
  | { readonly type: 'start.waiting'; readonly waitedMs: number; readonly reason: string }
  | { readonly type: 'listener.failed'; readonly event: string; readonly error: unknown };

/** The name of a fact. */
export type RedisHaEventType = RedisHaEvent['type'];

/** The fact of one name. */
export type RedisHaEventOf<T extends RedisHaEventType> = Extract<RedisHaEvent, { type: T }>;
