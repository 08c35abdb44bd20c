import { RedisCache, textSerializer } from 'nestjs-redis-ha';

/** What Keyv asks of a store, on a namespace of the cache: it goes on while Redis is away, and fails no request. */
export function storeOn(cache: RedisCache) {
  const texts = cache.namespace('cache-module', { serializer: textSerializer, ttlMs: null });
  return {
    get: (key: string) => texts.get<string>(key),
    set: (key: string, text: string, ttlMs?: number) =>
      // The tag is for clear(). It costs each write a round trip: leave it out where nobody clears.
      texts.set(key, text, { ttlMs: ttlMs ?? null, tags: ['all'] }),
    delete: async (key: string) => {
      await texts.delete(key);
      return true;
    },
    clear: () => texts.deleteByTag('all'),
  };
}
