import { createSentinel } from 'redis';
import {
  connectionName,
  newNotes,
  toAddress,
  type BenchClient,
  type ClusterPlace,
} from './bench-client.js';

/** node-redis with a pool to the primary, one connection to each replica, and its safety scan on. */
export class NodeRedisClient implements BenchClient {
  readonly notes = newNotes();
  private readonly redis: ReturnType<typeof createSentinel>;

  constructor(place: ClusterPlace) {
    this.redis = createSentinel({
      name: place.masterName,
      sentinelRootNodes: [...place.sentinels],
      masterPoolSize: 10,
      replicaPoolSize: 1,
      scanInterval: 1000,
      passthroughClientErrorEvents: true,
      nodeClientOptions: {
        name: connectionName('node-redis'),
        socket: { connectTimeout: 1000 },
      },
      sentinelClientOptions: { socket: { connectTimeout: 1000 } },
      nodeAddressMap: Object.fromEntries(
        Object.entries(place.natMap).map(([announced, reached]) => [announced, toAddress(reached)]),
      ),
    });
    this.redis.on('error', () => {});
    this.redis.on('client-error', () => {
      this.notes.connectionsLost += 1;
    });
  }

  async connect(): Promise<void> {
    await this.redis.connect();
  }

  set(key: string, value: string): Promise<unknown> {
    return this.redis.set(key, value);
  }

  get(key: string): Promise<unknown> {
    return this.redis.get(key);
  }

  incr(key: string): Promise<unknown> {
    return this.redis.incr(key);
  }

  async close(): Promise<void> {
    await this.redis.destroy();
  }
}
