// The one place that imports them: from here they are found in this folder's node_modules.
export { createCache } from 'cache-manager';
export { Keyv } from 'keyv';
export { default as KeyvRedis } from '@keyv/redis';
export { Cacheable, CacheableMemory, createKeyv as createMemoryKeyv } from 'cacheable';
export { BentoCache, bentostore } from 'bentocache';
export { memoryDriver } from 'bentocache/drivers/memory';
export { redisDriver } from 'bentocache/drivers/redis';
export { Redis } from 'ioredis';
