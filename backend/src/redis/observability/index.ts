export {
  RedisMetricsModule,
  type RedisMetricsAsyncOptions,
  type RedisMetricsOptions,
  type RedisMetricsRegisterOptions,
} from './redis.metrics-module.js';
