import type { CacheStats } from '../cache/index.js';
import type { NodeAddress } from '../base/address/index.js';
import type { FailoverRecord, RedisHaEventOf, RedisHaEventType } from '../base/events/index.js';
import type { FallbackStatus } from '../keyspace/index.js';
import type { CommandStats } from '../base/stats/index.js';
import type { SessionStats } from '../sessions/index.js';
import type { Stop } from '../base/timing/index.js';

/** What metrics need to know of a node. */
export interface MetricsNode {
  readonly address: NodeAddress;
  readonly connection: 'connecting' | 'ready' | 'lost' | 'closed';
  readonly role: 'primary' | 'replica' | 'other' | 'unknown';
  readonly isStalled: boolean;
  readonly lagMs: number | null;
}

interface MetricsPool {
  readonly size: number;
  readonly available: number;
}

/** What metrics need to know of a connection. A part of what `RedisService.status` tells. */
export interface MetricsStatus {
  readonly mode: 'sentinel' | 'standalone' | 'memory';
  readonly canRead: boolean;
  readonly canWrite: boolean;
  readonly masterName: string | null;
  readonly primary: MetricsNode | null;
  readonly replicas: readonly MetricsNode[];
  readonly sentinels: readonly { readonly isAnswering: boolean }[];
  readonly quorum: number | null;
  readonly epoch: number;
  readonly failovers: { readonly last: FailoverRecord | null };
  readonly pools: { readonly write: MetricsPool; readonly read: MetricsPool };
  readonly waiting: { readonly reads: number; readonly writes: number };
  readonly pending: number;
  readonly fallback: FallbackStatus;
}

/** A connection: the part of `RedisService` that metrics look at and listen to. */
export interface ConnectionTeller {
  readonly name: string;
  readonly status: MetricsStatus;
  readonly stats: CommandStats;
  readonly failovers: readonly FailoverRecord[];
  on<T extends RedisHaEventType>(type: T, listener: (event: RedisHaEventOf<T>) => void): Stop;
}

/** A cache: the part of `RedisCache` that metrics look at. */
export interface CacheTeller {
  readonly namespaces: readonly { readonly name: string; readonly stats: CacheStats }[];
  readonly totalStats: CacheStats;
}

/** Sessions: the part of `SessionService` that metrics look at. */
export interface SessionsTeller {
  readonly stats: SessionStats;
}
