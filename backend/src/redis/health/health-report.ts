import type { NodeAddress } from '../config/index.js';
import type { FailoverRecord } from '../events/index.js';

/** What a report needs to know. A part of what `RedisService.status` tells. */
export interface HealthSource {
  readonly mode: 'sentinel' | 'standalone' | 'memory';
  readonly status: 'up' | 'degraded' | 'down';
  readonly message: string;
  readonly canWrite: boolean;
  readonly masterName: string | null;
  readonly primary: { readonly address: NodeAddress } | null;
  readonly sentinels: readonly { readonly address: NodeAddress }[];
  readonly failovers: { readonly count: number; readonly last: FailoverRecord | null };
}

/** The last failover, for people: calendar times in ISO 8601. */
export interface LastFailover {
  readonly at: string;
  readonly from: NodeAddress | null;
  readonly to: NodeAddress;
  readonly reason: string;
  readonly epoch: number;
  /** From the first doubt to the first write on the new primary; `null` until there was one. */
  readonly writeGapMs: number | null;
}

/** The `redis` member of `GET /health`. */
export interface RedisHealth {
  readonly status: 'up' | 'degraded' | 'down';
  readonly connected: boolean;
  readonly message: string;
  readonly mode: 'sentinel' | 'standalone' | 'memory';
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
export function healthReport(source: HealthSource): RedisHealth {
  const base = {
    status: source.status,
    connected: source.canWrite,
    message: source.message,
    mode: source.mode,
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
