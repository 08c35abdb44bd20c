import { formatAddress, type NodeAddress } from '../base/address/index.js';
import {
  type KeyspaceHits,
  type RecentHits,
  type RecentPercentiles,
  shownHits,
  sumOfHits,
} from '../base/stats/index.js';
import type { WarmUpProgress } from '../cache/index.js';
import type { HealthSource } from './health-report.js';
import { hotKeysReport, type HotKeysHealth, type HotKeysSource } from './hot-keys-report.js';
import { fallbackMetrics, type JournalReport, type MemoryReport } from './fallback-report.js';
import { reachOf, type ReachSource } from './reach.js';
import { isoTime, rounded } from './written-figures.js';

/** The inputs of the cluster reports. A part of `RedisService.status`. */
export interface ClusterSource extends Omit<HealthSource, 'replicas' | 'sentinels'>, ReachSource {
  readonly replicas: readonly ReplicaSource[];
  readonly sentinels: readonly { readonly address: NodeAddress; readonly isAnswering: boolean }[];
  readonly quorum: number | null;
  readonly clockAheadMs: number | null;
  readonly failovers: HealthSource['failovers'] & { readonly countInLast24h: number };
  readonly pools: { readonly write: PoolSource; readonly read: PoolSource };
}

interface ReplicaSource {
  readonly address: NodeAddress;
  readonly connection: 'connecting' | 'ready' | 'lost' | 'closed';
  readonly role: string;
  readonly isLinked: boolean;
  readonly isStalled: boolean;
  readonly lagMs: number | null;
}

interface PoolSource {
  readonly size: number;
  readonly available: number;
}

/** Measured, or `null` where nothing was measured. Latencies are those of the last minute, hits those of the last five. */
export interface PerformanceReport {
  readonly read_latency_p50_ms: number | null;
  readonly read_latency_p99_ms: number | null;
  readonly write_latency_p50_ms: number | null;
  readonly write_latency_p99_ms: number | null;
  readonly cache_hit_rate_percent: number | null;
}

/** How many reads of a cache, or of sessions, were answered; `null` where there were none. */
export interface HitRateReport {
  readonly namespace: string;
  readonly last_1m_percent: number | null;
  readonly last_5m_percent: number | null;
  readonly last_15m_percent: number | null;
  readonly reads_15m: number;
}

/** A warm-up: what is done for it, here or in the process that leads. */
export interface WarmUpReport {
  readonly plan: string;
  readonly namespace: string;
  readonly state: WarmUpProgress['state'];
  readonly cause: WarmUpProgress['cause'];
  readonly done: number;
  /** `null` where the plan does not say. */
  readonly total: number | null;
  readonly loaded: number;
  readonly skipped: number;
  readonly failed: number;
  readonly started_at: string | null;
  readonly ended_at: string | null;
}

/** The state of Redis in one word. */
export type ClusterVerdict = 'healthy' | 'degraded' | 'down';

/** The body of `GET /api/health/redis`. */
export interface ClusterSummary {
  readonly status: ClusterVerdict;
  readonly mode: ClusterSource['mode'];
  /** How many of each can be used now. */
  readonly cluster: {
    readonly master: string | null;
    readonly replicas: number;
    readonly sentinels: number;
  };
  readonly performance: PerformanceReport;
}

/** One replica of {@link ClusterMetrics}. */
export interface ReplicaReport {
  readonly host: string;
  readonly port: number;
  readonly lag_ms: number | null;
  /** `syncing`: connected, but not in step with the primary; `stalled`: connected, but not answering. */
  readonly status: 'online' | 'syncing' | 'stalled' | 'offline';
}

/** The Sentinels of {@link ClusterMetrics}. */
export interface SentinelsReport {
  readonly count: number;
  readonly answering: number;
  readonly quorum: number | null;
  /** `degraded`: some do not answer; `lost`: too few answer to replace a primary. */
  readonly status: 'healthy' | 'degraded' | 'lost';
}

/** The body of `GET /api/health/redis/metrics`. */
export interface ClusterMetrics {
  readonly status: ClusterVerdict;
  readonly mode: ClusterSource['mode'];
  readonly cluster: {
    readonly master: string | null;
    readonly replicas: readonly ReplicaReport[];
    /** `null` where there are none: not in Sentinel mode. */
    readonly sentinels: SentinelsReport | null;
  };
  readonly performance: PerformanceReport;
  /** By namespace; sessions are one. The first twenty have names here, all others together are `(other)`. */
  readonly hit_rates: readonly HitRateReport[];
  readonly warm_up: readonly WarmUpReport[];
  readonly pool: {
    readonly write_pool_size: number;
    readonly write_pool_available: number;
    readonly read_pool_size: number;
    readonly read_pool_available: number;
  };
  /** How far this host's calendar is ahead of the primary's; `null` while that is not known. */
  readonly clock: { readonly offset_ms: number | null };
  readonly failover: { readonly last_event: string | null; readonly total_count_24h: number };
  /** Only where the source tells of it, as `RedisService.hotKeys()` does. */
  readonly hot_keys?: HotKeysHealth;
  /** Only where the source tells of it, as `RedisService.status` does. */
  readonly memory?: MemoryReport;
  readonly journal?: JournalReport;
}

type Percentiles = Pick<RecentPercentiles, 'p50Ms' | 'p99Ms'>;

/** The measured values. */
interface Measures {
  readonly latency: { readonly read: Percentiles; readonly write: Percentiles };
  readonly hits: readonly KeyspaceHits[];
  readonly warmUps: readonly WarmUpProgress[];
  readonly hotKeys?: HotKeysSource;
}

/** Makes the summary. */
export function clusterSummary(source: ClusterSource, measures: Measures): ClusterSummary {
  const { replicas, sentinels } = source;
  return {
    status: verdictOf(source),
    mode: source.mode,
    cluster: {
      master: masterOf(source),
      replicas: replicas.filter((one) => replicaStatus(one) === 'online').length,
      sentinels: sentinels.filter(({ isAnswering }) => isAnswering).length,
    },
    performance: performanceOf(measures),
  };
}

// They are opened in an order that depends on the application.
function byName(a: HitRateReport, b: HitRateReport): number {
  return a.namespace < b.namespace ? -1 : 1;
}

/** Makes the whole report. */
export function clusterMetrics(source: ClusterSource, measures: Measures): ClusterMetrics {
  const { pools, failovers, clockAheadMs } = source;
  const { last } = failovers;
  return {
    status: verdictOf(source),
    mode: source.mode,
    cluster: {
      master: masterOf(source),
      replicas: source.replicas.map(replicaReport),
      sentinels: source.mode === 'sentinel' ? sentinelsReport(source) : null,
    },
    performance: performanceOf(measures),
    hit_rates: shownHits(measures.hits).map(hitRateReport).sort(byName),
    warm_up: measures.warmUps.map(warmUpReport),
    pool: {
      write_pool_size: pools.write.size,
      write_pool_available: pools.write.available,
      read_pool_size: pools.read.size,
      read_pool_available: pools.read.available,
    },
    clock: { offset_ms: clockAheadMs },
    failover: {
      last_event: isoTime(last?.switchedAt ?? null),
      total_count_24h: failovers.countInLast24h,
    },
    ...(measures.hotKeys !== undefined && { hot_keys: hotKeysReport(measures.hotKeys) }),
    ...fallbackMetrics(source.fallback),
  };
}

function verdictOf(source: ClusterSource): ClusterVerdict {
  const { status } = reachOf(source);
  return status === 'up' ? 'healthy' : status;
}

function masterOf({ primary }: ClusterSource): string | null {
  return primary === null ? null : formatAddress(primary.address);
}

function replicaReport(replica: ReplicaSource): ReplicaReport {
  const { address, lagMs } = replica;
  const status = replicaStatus(replica);
  return { ...address, lag_ms: lagMs === null ? null : rounded(lagMs, 1), status };
}

function replicaStatus(replica: ReplicaSource): ReplicaReport['status'] {
  if (replica.connection !== 'ready') return 'offline';
  if (replica.isStalled) return 'stalled';
  return replica.role === 'replica' && replica.isLinked ? 'online' : 'syncing';
}

function sentinelsReport({ sentinels, quorum }: ClusterSource): SentinelsReport {
  const count = sentinels.length;
  const answering = sentinels.filter(({ isAnswering }) => isAnswering).length;
  const majority = Math.floor(count / 2) + 1;
  const isLost = quorum === null || answering < Math.max(quorum, majority);
  const status = isLost ? 'lost' : answering < count ? 'degraded' : 'healthy';
  return { count, answering, quorum, status };
}

function hitRateReport({ name, rates }: KeyspaceHits): HitRateReport {
  const { lastMinute, last5Minutes, last15Minutes } = rates;
  return {
    namespace: name,
    last_1m_percent: percentOf(lastMinute),
    last_5m_percent: percentOf(last5Minutes),
    last_15m_percent: percentOf(last15Minutes),
    reads_15m: last15Minutes.hits + last15Minutes.misses,
  };
}

function warmUpReport({ startedAt, endedAt, ...progress }: WarmUpProgress): WarmUpReport {
  return { ...progress, started_at: isoTime(startedAt), ended_at: isoTime(endedAt) };
}

function percentOf({ hitRate }: RecentHits): number | null {
  return hitRate === null ? null : rounded(hitRate * 100, 1);
}

function performanceOf({ latency, hits }: Measures): PerformanceReport {
  const { read, write } = latency;
  return {
    read_latency_p50_ms: read.p50Ms,
    read_latency_p99_ms: read.p99Ms,
    write_latency_p50_ms: write.p50Ms,
    write_latency_p99_ms: write.p99Ms,
    cache_hit_rate_percent: percentOf(sumOfHits(hits).rates.last5Minutes),
  };
}
