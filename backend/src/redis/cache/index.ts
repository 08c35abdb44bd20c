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
export { RedisCache } from './redis-cache.js';
export { type WrapOptions } from './wrap-function.js';
export { Cached, type CachedOptions } from './cached.decorator.js';
