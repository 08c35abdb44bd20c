import { loadPeers } from '../peers/load.js';
import type { Keyv, Peers } from '../peers/peer-types.js';
import { TTL_MS, type CacheClient } from './cache-client.js';
import type { Contestant, Layer } from './contestants.js';

/** A cache of another library, with the Redis on this port behind it. */
export async function openPeer(
  layer: Layer,
  contestant: Contestant,
  port: number,
): Promise<CacheClient> {
  const peers = await loadPeers();
  const isPlain = contestant.endsWith('-plain');
  if (contestant.startsWith('bentocache')) return openBentoCache(peers, layer, port, isPlain);
  const url = `redis://127.0.0.1:${String(port)}`;
  const redis = new peers.Keyv({ store: new peers.KeyvRedis(url) });
  if (contestant.startsWith('cacheable')) return openCacheable(peers, layer, redis, isPlain);
  return openCacheManager(
    peers,
    layer === 'memory' ? [memoryStore(peers, isPlain), redis] : [redis],
  );
}

function memoryStore({ Keyv, CacheableMemory }: Peers, isPlain: boolean): Keyv {
  // As createCache makes it when it is given no stores.
  if (isPlain) return new Keyv({ serialize: undefined, deserialize: undefined });
  return new Keyv({ store: new CacheableMemory() });
}

function openCacheManager({ createCache }: Peers, stores: readonly Keyv[]): CacheClient {
  const cache = createCache({ stores });
  return {
    getOrSet: (key, loader) => cache.wrap(key, loader, TTL_MS),
    close: () => cache.disconnect(),
  };
}

function openCacheable(peers: Peers, layer: Layer, redis: Keyv, isPlain: boolean): CacheClient {
  const inMemory = isPlain
    ? { primary: peers.createMemoryKeyv({ useClone: false }), secondary: redis }
    : { secondary: redis };
  const cache = new peers.Cacheable(layer === 'memory' ? inMemory : { primary: redis });
  const options = { ttl: TTL_MS };
  return {
    getOrSet: (key, loader) => cache.getOrSet(key, loader, options),
    close: () => cache.disconnect(),
  };
}

function openBentoCache(peers: Peers, layer: Layer, port: number, isPlain: boolean): CacheClient {
  const remote = peers.redisDriver({ connection: { host: '127.0.0.1', port } });
  const store = peers.bentostore();
  if (layer === 'memory') {
    store.useL1Layer(peers.memoryDriver(isPlain ? { serialize: false } : {}));
  }
  const cache = new peers.BentoCache({
    default: 'bench',
    stores: { bench: store.useL2Layer(remote) },
  });
  return {
    getOrSet: (key, factory) => cache.getOrSet({ key, factory, ttl: TTL_MS }),
    close: () => cache.disconnectAll(),
  };
}
