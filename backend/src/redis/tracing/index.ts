export { traceRedis } from './trace-redis.js';
export { RedisTracingModule } from './tracing.module.js';
export type { RedisTracingOptions } from './tracing-options.js';
