export {
  RedisMetricsModule,
  type RedisMetricsAsyncOptions,
  type RedisMetricsRegisterOptions,
} from './metrics.module.js';
export { type RedisMetricsOptions } from './metrics-options.js';
