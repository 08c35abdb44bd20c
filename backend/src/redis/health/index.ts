export type {
  ClusterMetrics,
  ClusterSource,
  ClusterSummary,
  ClusterVerdict,
  HitRateReport,
  PerformanceReport,
  ReplicaReport,
  SentinelsReport,
  WarmUpReport,
} from './cluster-report.js';
export type {
  FallbackSource,
  JournalHealth,
  JournalReport,
  MemoryHealth,
  MemoryReport,
} from './fallback-report.js';
export type { HotKeysHealth, HotKeysSource } from './hot-keys-report.js';
export type { HealthOptions } from './health-options.js';
export {
  healthReport,
  type CacheTotals,
  type CacheMetrics,
  type HealthSource,
  type LastFailover,
  type RedisHealth,
} from './health-report.js';
export type { ProbeAnswer } from './probe-state.js';
export {
  RedisHealthIndicator,
  type RedisHealthCheckOptions,
  type StatsTeller,
  type StatusTeller,
} from './health.indicator.js';
export {
  RedisHealthModule,
  type RedisHealthAsyncOptions,
  type RedisHealthCheck,
  type RedisHealthChecks,
  type RedisHealthModuleOptions,
  type RedisHealthRegisterOptions,
} from './health.module.js';
export {
  RedisHealthProbes,
  type FullHealth,
  type HealthAnswer,
  type LiveAnswer,
} from './health-probes.service.js';
