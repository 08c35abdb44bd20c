export type { BatchLoadFunction } from './batch-loader.js';
export { CacheNamespace, type CacheEntry, type WrapOptions } from './cache-namespace.js';
export type {
  CacheLoadOptions,
  CacheOptions,
  CacheTags,
  GetOrSetOptions,
  ResolvedCacheOptions,
  SetOptions,
} from './cache-options.js';
export type { CacheStats } from './cache-stats.js';
export { RedisCache, type OpenNamespace, type RedisCacheParts } from './redis-cache.js';
export { Cached, type CachedDecorator, type CachedOptions } from './redis.cached.js';
export { resolveCacheOptions } from './resolve-options.js';
export {
  bufferSerializer,
  jsonSerializer,
  messagePackSerializer,
  textSerializer,
  type CacheSerializer,
  type MessagePackLibrary,
} from './serializers.js';
export type { LoadContext, Loader } from './value-loader.js';
