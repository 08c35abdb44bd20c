export {
  RedisMetricsModule,
  type RedisMetricsAsyncOptions,
  type RedisMetricsOptions,
  type RedisMetricsRegisterOptions,
} from './metrics.module.js';
