export {
  healthReport,
  type HealthSource,
  type LastFailover,
  type RedisHealth,
} from './health-report.js';
export {
  RedisHealthIndicator,
  type RedisHealthCheckOptions,
  type StatusTeller,
} from './redis.health-indicator.js';
