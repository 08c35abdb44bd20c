export { httpAnswerOf, type HttpAnswer } from './http-answer.js';
export {
  byForRoot,
  connectionsIn,
  InjectRedis,
  InjectRedisCache,
  engineToken,
  noConnection,
  redisCacheToken,
  redisKeyspacesToken,
  redisToken,
  refuseBare,
  registeredToken,
  resolutionToken,
} from './inject.js';
export {
  type RedisAsyncOptions,
  RedisModule,
  refuseSecond,
  type RedisOptionsFactory,
  type RegisterOptions,
} from './redis.module.js';
export { RedisErrorFilter } from './redis-error.filter.js';
export type { RedisLogger } from './redis-logger.js';
export { RedisService } from './redis.service.js';
