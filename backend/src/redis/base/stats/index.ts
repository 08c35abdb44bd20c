export {
  COMMAND_KINDS,
  COMMAND_OUTCOMES,
  CommandMeter,
  DEADLINE_PASSED,
  RETRY_REASONS,
  type CommandKind,
  type CommandMeters,
  type CommandOutcome,
  type KindMeters,
  type RetryReason,
} from './command-stats.js';
export { LATENCY_BOUNDS_MS, LatencyHistogram, type LatencyCounts } from './latency-histogram.js';
export { RecentLatency, type RecentPercentiles } from './recent-latency.js';
