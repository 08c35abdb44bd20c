import { loadPeers } from '../peers/load.js';
import type { BentoCache, Keyv, Peers, PlainRedis } from '../peers/peer-types.js';
import type { Contestant } from './contestants.js';
import { TTL_MS, type NoteBook, type OutageClient } from './outage-client.js';

/** A client of another library, for the Redis on this port. */
export async function openPeer(
  contestant: Contestant,
  port: number,
  book: NoteBook,
): Promise<OutageClient> {
  const peers = await loadPeers();
  const isTuned = contestant.endsWith('-tuned');
  const heard = hearing(book);
  if (contestant.startsWith('bentocache')) return openBentoCache(peers, port, isTuned, heard);
  const redis = heard(redisStore(peers, port, isTuned));
  if (contestant.startsWith('cacheable')) return openCacheable(peers, redis, isTuned, heard);
  // As in its readme.
  const memory = heard(new peers.Keyv({ store: new peers.CacheableMemory() }));
  const stores = contestant === 'cache-manager-redis' ? [redis] : [memory, redis];
  return openCacheManager(peers, stores, isTuned);
}

type Heard = <T extends Keyv>(source: T) => T;

/** Listens to its errors, as it asks everybody to, and counts them. */
function hearing(book: NoteBook): Heard {
  return (source) => {
    source.on('error', () => {
      book.reported += 1;
    });
    return source;
  };
}

function redisStore({ Keyv, KeyvRedis }: Peers, port: number, isTuned: boolean): Keyv {
  const url = `redis://127.0.0.1:${String(port)}`;
  const tuned = {
    url,
    disableOfflineQueue: true,
    commandOptions: { timeout: 250 },
    socket: { connectTimeout: 1000, socketTimeout: 1000 },
  };
  return new Keyv({ store: new KeyvRedis(isTuned ? tuned : url) });
}

function openCacheManager(
  { createCache }: Peers,
  stores: readonly Keyv[],
  isTuned: boolean,
): OutageClient {
  const cache = createCache(isTuned ? { stores, nonBlocking: true } : { stores });
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, TTL_MS),
    getOrSet: (key, loader) => cache.wrap(key, loader, TTL_MS),
    close: () => cache.disconnect(),
  };
}

function openCacheable(
  { Cacheable }: Peers,
  secondary: Keyv,
  isTuned: boolean,
  heard: Heard,
): OutageClient {
  const cache = heard(new Cacheable(isTuned ? { secondary, nonBlocking: true } : { secondary }));
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, TTL_MS),
    getOrSet: (key, loader) => cache.getOrSet(key, loader, { ttl: TTL_MS }),
    close: () => cache.disconnect(),
  };
}

function openBentoCache(peers: Peers, port: number, isTuned: boolean, heard: Heard): OutageClient {
  const connection = heard<PlainRedis>(
    new peers.Redis({
      host: '127.0.0.1',
      port,
      ...(isTuned && {
        commandTimeout: 200,
        connectTimeout: 1000,
        maxRetriesPerRequest: 1,
        enableOfflineQueue: false,
      }),
    }),
  );
  const store = peers
    .bentostore()
    .useL1Layer(peers.memoryDriver(isTuned ? { maxItems: 20_000 } : {}))
    .useL2Layer(peers.redisDriver({ connection }));
  const cache: BentoCache = new peers.BentoCache({
    default: 'both',
    stores: { both: store },
    ...(isTuned && { grace: '1h', timeout: 200, l2CircuitBreakerDuration: '2s' }),
  });
  return {
    get: (key) => cache.get({ key }),
    set: (key, value) => cache.set({ key, value, ttl: TTL_MS }),
    getOrSet: (key, loader) => cache.getOrSet({ key, factory: loader, ttl: TTL_MS }),
    close: () => cache.disconnectAll(),
  };
}
