import type { BenchClient, ClientKind, ClusterPlace } from './bench-client.js';

/** Makes a client. Loads only its own driver, so that no process carries the others. */
export async function makeClient(kind: ClientKind, place: ClusterPlace): Promise<BenchClient> {
  switch (kind) {
    case 'ours':
      return new (await import('./ours.js')).OursClient(place);
    case 'ioredis':
      return new (await import('./ioredis-plain.js')).PlainIoredisClient(place);
    case 'tuned':
      return new (await import('./ioredis-tuned.js')).TunedIoredisClient(place);
    case 'node-redis':
      return new (await import('./node-redis.js')).NodeRedisClient(place);
  }
}
