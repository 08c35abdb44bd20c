export { CacheCodec } from './cache-codec.js';
export { type CacheDeps } from './cache-deps.js';
export {
  checkCount,
  checkHolder,
  checkKey,
  checkKeys,
  checkLife,
  checkTag,
  checkValue,
  refusal,
} from './cache-keys.js';
export {
  baseLoadOptions,
  CACHE,
  CALL_ROWS,
  type CacheLoadOptions,
  type CacheOptions,
  type CacheTags,
  differenceOf,
  type GetOrSetOptions,
  type ResolvedLoadOptions,
  resolveCacheOptions,
  type ResolvedCacheOptions,
  resolveLoadOptions,
  type SetOptions,
} from './cache-options.js';
export { CacheCounters, type CacheStats } from './cache-stats.js';
export { EntryReader, type Known, type KnownValue } from './entry-reader.js';
export { EntryWriter } from './entry-writer.js';
export { inPortions } from './in-portions.js';
export { isLoadFailure, reasonOf } from './load-failure.js';
export { OpenTasks } from './open-tasks.js';
export { findJsonFault } from './plain-json.js';
export {
  type CacheSerializer,
  type MessagePackLibrary,
  bufferSerializer,
  jsonSerializer,
  messagePackSerializer,
  textSerializer,
} from './serializers.js';
