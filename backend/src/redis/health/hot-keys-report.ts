import type { HotKeysReport } from '../hot-keys/index.js';
import { isoTime } from './written-figures.js';

/** What is looked at: a part of `RedisService.hotKeys()`. */
export type HotKeysSource = Pick<HotKeysReport, 'level' | 'perMinute' | 'hot' | 'top'>;

/** The keys that this process accesses most often. */
export interface HotKeysHealth {
  readonly level: HotKeysReport['level'];
  readonly threshold_per_minute: number;
  /** How many keys are hot. */
  readonly hot_reads: number;
  readonly hot_writes: number;
  /** Ten at most, hot or not; none is named otherwise than `hotKeys.showKeys` says. */
  readonly top: readonly HotKeyHealth[];
}

interface HotKeyHealth {
  readonly key: string;
  /** `null` for plain commands. */
  readonly namespace: string | null;
  readonly reads_per_minute: number;
  readonly writes_per_minute: number;
  /** Since when it is hot, as an ISO 8601 time; `null` where it is not. */
  readonly hot_since: string | null;
  readonly is_spared: boolean;
}

/** Makes the member `hot_keys` of {@link ClusterMetrics}. */
export function hotKeysReport({ level, perMinute, hot, top }: HotKeysSource): HotKeysHealth {
  return {
    level,
    threshold_per_minute: perMinute,
    hot_reads: hot.reads,
    hot_writes: hot.writes,
    top: top.map(({ shown, keyspace, readsPerMinute, writesPerMinute, hotSince, isSpared }) => ({
      key: shown,
      namespace: keyspace,
      reads_per_minute: readsPerMinute,
      writes_per_minute: writesPerMinute,
      hot_since: isoTime(earlierOf(hotSince.reads, hotSince.writes)),
      is_spared: isSpared,
    })),
  };
}

function earlierOf(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}
