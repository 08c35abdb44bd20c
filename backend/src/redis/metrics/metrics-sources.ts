import type { CacheStats, WarmUpCounts, WarmUpProgress } from '../cache/index.js';
import type { FailoverRecord, RedisHaEventOf, RedisHaEventType } from '../base/events/index.js';
import type { NodeStatus, RedisStatus } from '../engine/index.js';
import type { NearKeysStats } from '../near-keys/index.js';
import type { HotKeysReport } from '../hot-keys/index.js';
import type { CommandStats, KeyspaceHits } from '../base/stats/index.js';
import type { SessionStats } from '../sessions/index.js';
import type { Stop } from '../base/timing/index.js';

/** What metrics need to know of a node. */
export type MetricsNode = Pick<
  NodeStatus,
  'address' | 'connection' | 'role' | 'isStalled' | 'lagMs'
>;

/** What metrics need to know of a connection: a part of {@link RedisStatus}. */
export type MetricsStatus = Pick<
  RedisStatus,
  | 'mode'
  | 'canRead'
  | 'canWrite'
  | 'masterName'
  | 'quorum'
  | 'epoch'
  | 'certificates'
  | 'clockAheadMs'
  | 'pools'
  | 'waiting'
  | 'pending'
  | 'fallback'
> & {
  readonly primary: MetricsNode | null;
  readonly replicas: readonly MetricsNode[];
  readonly sentinels: readonly Pick<RedisStatus['sentinels'][number], 'isAnswering'>[];
  readonly failovers: Pick<RedisStatus['failovers'], 'last'>;
};

/** The part of `RedisService` that metrics use. */
export interface ConnectionTeller {
  readonly name: string;
  readonly status: MetricsStatus;
  readonly stats: CommandStats;
  readonly failovers: readonly FailoverRecord[];
  hotKeys(): Pick<HotKeysReport, 'hot' | 'sparedReads'>;
  readonly near: {
    readonly stats: Pick<NearKeysStats, 'hits' | 'misses' | 'entries' | 'bytes' | 'isDeaf'>;
  };
  readonly hitRates: readonly KeyspaceHits[];
  on<T extends RedisHaEventType>(type: T, listener: (event: RedisHaEventOf<T>) => void): Stop;
}

/** The part of `RedisCache` that metrics use. */
export interface CacheTeller {
  readonly warmUps: readonly Pick<WarmUpProgress, 'state'>[];
  readonly warmUpTotals: WarmUpCounts;
  readonly totalStats: CacheStats;
}

/** The part of `SessionService` that metrics use. */
export interface SessionsTeller {
  readonly stats: SessionStats;
}
