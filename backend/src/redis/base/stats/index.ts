export {
  COMMAND_KINDS,
  COMMAND_OUTCOMES,
  CommandRecorder,
  DEADLINE_PASSED,
  type CommandKind,
  type CommandStats,
  type CommandOutcome,
  type KindStats,
  type RecentLatencies,
  type RetryReason,
} from './command-stats.js';
export { LATENCY_BOUNDS_MS, type LatencyStats } from './latency-histogram.js';
export { type RecentPercentiles } from './recent-latency.js';
export {
  HitCounter,
  shownHits,
  sumOfHits,
  type HitRates,
  type HitTotals,
  type KeyspaceHits,
  type RecentHits,
} from './hit-counter.js';
