import type { CacheStats } from '../cache/index.js';
import type { NodeAddress } from '../base/address/index.js';
import type { FailoverRecord, RedisHaEventOf, RedisHaEventType } from '../base/events/index.js';
import type { FallbackStatus } from '../keyspace/index.js';
import type { CommandStats } from '../base/stats/index.js';
import type { SessionStats } from '../sessions/index.js';
import type { Stop } from '../base/timing/index.js';

/** The part of a node's status that metrics use. */
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

/** The part of `RedisService.status` that metrics use. */
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

/** The part of `RedisService` that metrics use. */
export interface ConnectionTeller {
  readonly name: string;
  readonly status: MetricsStatus;
  readonly stats: CommandStats;
  readonly failovers: readonly FailoverRecord[];
  on<T extends RedisHaEventType>(type: T, listener: (event: RedisHaEventOf<T>) => void): Stop;
}

/** The part of `RedisCache` that metrics use. */
export interface CacheTeller {
  readonly namespaces: readonly { readonly name: string; readonly stats: CacheStats }[];
  readonly totalStats: CacheStats;
}

/** The part of `SessionService` that metrics use. */
export interface SessionsTeller {
  readonly stats: SessionStats;
}
