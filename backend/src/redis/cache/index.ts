export type { BatchLoadFunction, LoadContext, Loader } from './loading/index.js';
export { CacheNamespace, type CacheEntry } from './cache-namespace.js';
export {
  bufferSerializer,
  CACHE,
  type CacheLoadOptions,
  type CacheOptions,
  type CacheSerializer,
  type CacheStats,
  type CacheTags,
  type GetOrSetOptions,
  jsonSerializer,
  type MessagePackLibrary,
  messagePackSerializer,
  resolveCacheOptions,
  type ResolvedCacheOptions,
  type SetOptions,
  textSerializer,
} from './values/index.js';
export { RedisCache, type OpenKeyspace, type RedisCacheDeps } from './redis-cache.js';
export { type WrapOptions } from './wrap-function.js';
export { Cached, type CachedDecorator, type CachedOptions } from './cached.decorator.js';
