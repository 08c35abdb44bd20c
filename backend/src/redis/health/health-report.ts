import type { RedisMode } from '../config/index.js';
import type { NodeAddress } from '../base/address/index.js';
import { type HitRates, type KeyspaceHits, sumOfHits } from '../base/stats/index.js';
import type { FailoverRecord } from '../base/events/index.js';
import { fallbackReport, type JournalHealth, type MemoryHealth } from './fallback-report.js';
import { reachOf, type Reach, type ReachSource } from './reach.js';
import { rounded } from './written-figures.js';

/** The inputs of a report. A part of `RedisService.status`. */
export interface HealthSource extends ReachSource {
  readonly masterName: string | null;
  readonly primary: { readonly address: NodeAddress } | null;
  readonly sentinels: readonly { readonly address: NodeAddress }[];
  readonly failovers: { readonly count: number; readonly last: FailoverRecord | null };
}

/** The stats of a cache that are reported. A part of `RedisCache.totalStats`. */
export interface CacheTotals {
  readonly hits: number;
  readonly staleHits: number;
  readonly misses: number;
  readonly sets: number;
  readonly deletes: number;
  readonly errors: number;
}

/** Stats of the cache since the process began; reads of sessions count as reads of it. */
export interface CacheMetrics {
  /** Answered from the cache, including expired values. */
  readonly hits: number;
  readonly misses: number;
  /** From 0 to 1, with four decimal places. */
  readonly hitRate: number;
  readonly sets: number;
  readonly deletes: number;
  readonly errors: number;
  /** The same of the last minutes; `null` where nothing was read. Only where the source tells of it. */
  readonly hitRates?: Readonly<Record<keyof HitRates, number | null>>;
}

/** The last failover, for people: calendar times in ISO 8601. */
export interface LastFailover {
  readonly at: string;
  readonly from: NodeAddress | null;
  readonly to: NodeAddress;
  readonly reason: string;
  readonly epoch: number;
  /** From the first suspicion to the first write on the new primary; `null` before that write. */
  readonly writeGapMs: number | null;
}

/** The `redis` member of `GET /health`. */
export interface RedisHealth {
  readonly status: 'up' | 'degraded' | 'down';
  readonly connected: boolean;
  readonly message: string;
  readonly mode: RedisMode;
  /** Only where a cache was given. */
  readonly metrics?: CacheMetrics;
  /** Only where the source tells of it, as `RedisService.status` does. */
  readonly memory?: MemoryHealth;
  readonly journal?: JournalHealth;
  /** Only in Sentinel mode. */
  readonly sentinel?: {
    readonly enabled: true;
    readonly masterName: string | null;
    readonly sentinels: readonly NodeAddress[];
    readonly currentMaster: NodeAddress | null;
    readonly failoverCount: number;
    readonly lastFailover: LastFailover | null;
  };
}

/** Makes the report. Pure: it looks at nothing but what it is given. */
export function healthReport(
  source: HealthSource,
  cache?: CacheTotals,
  { status, message }: Reach = reachOf(source),
  reads?: readonly KeyspaceHits[],
): RedisHealth {
  const base = {
    status,
    connected: source.canWrite,
    message,
    mode: source.mode,
    ...(cache !== undefined && { metrics: cacheMetrics(cache, reads) }),
    ...fallbackReport(source.fallback),
  };
  if (source.mode !== 'sentinel') return base;
  return {
    ...base,
    sentinel: {
      enabled: true,
      masterName: source.masterName,
      sentinels: source.sentinels.map(({ address }) => address),
      currentMaster: source.primary?.address ?? null,
      failoverCount: source.failovers.count,
      lastFailover: source.failovers.last === null ? null : lastFailover(source.failovers.last),
    },
  };
}

function cacheMetrics(cache: CacheTotals, reads?: readonly KeyspaceHits[]): CacheMetrics {
  const { sets, deletes, errors } = cache;
  const { rates, hits, staleHits, misses } = { rates: null, ...(reads ? sumOfHits(reads) : cache) };
  const answered = hits + staleHits;
  const asked = answered + misses;
  const hitRate = asked === 0 ? 0 : rounded(answered / asked, 4);
  const own = { hits: answered, misses, hitRate, sets, deletes, errors };
  return rates === null ? own : { ...own, hitRates: roundedRates(rates) };
}

function roundedRates(rates: HitRates): NonNullable<CacheMetrics['hitRates']> {
  const of = (window: keyof HitRates): number | null => {
    const { hitRate } = rates[window];
    return hitRate === null ? null : rounded(hitRate, 4);
  };
  return {
    lastMinute: of('lastMinute'),
    last5Minutes: of('last5Minutes'),
    last15Minutes: of('last15Minutes'),
  };
}

function lastFailover(record: FailoverRecord): LastFailover {
  const { switchedAt, suspectedAt, promotedAt, firstWriteAt } = record;
  const begunAt = suspectedAt ?? promotedAt ?? switchedAt;
  return {
    at: new Date(switchedAt).toISOString(),
    from: record.from,
    to: record.to,
    reason: record.reason,
    epoch: record.epoch,
    writeGapMs: firstWriteAt === null ? null : firstWriteAt - begunAt,
  };
}
