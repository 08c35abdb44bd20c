export type { BatchLoadFunction } from './loading/batch-loader.js';
export type { LoadContext, Loader } from './loading/value-loader.js';
export { CacheNamespace, type CacheEntry } from './cache-namespace.js';
export {
  CACHE,
  type CacheLoadOptions,
  type CacheOptions,
  type CacheTags,
  CONNECTION_CACHE,
  type ConnectionCacheOptions,
  type GetOrSetOptions,
  type SetOptions,
} from './values/cache-options.js';
export type { CacheStats } from './values/cache-stats.js';
export {
  bufferSerializer,
  type CacheSerializer,
  jsonSerializer,
  type MessagePackLibrary,
  messagePackSerializer,
  textSerializer,
} from './values/serializers.js';
export type { CacheWarmUp } from './warming/warm-up.js';
export type { WarmUpCause, WarmUpCounts } from './warming/warm-up-mark.js';
export type { WarmUpKeys, WarmUpPlan, WarmUpPosition } from './warming/warm-up-plan.js';
export { drawProgress, type WarmUpProgress, type WarmUpState } from './warming/warm-up-progress.js';
export { RedisCache } from './redis-cache.js';
export { type WrapOptions } from './wrap-function.js';
export { Cached, type CachedOptions } from './cached.decorator.js';
