import { Redis, type RedisOptions } from 'ioredis';
import {
  connectionName,
  newNotes,
  toAddress,
  type BenchClient,
  type ClientNotes,
  type ClusterPlace,
} from './bench-client.js';

/** What is set here; `replyMapping` would change the type of the client. */
export type IoredisOptions = Omit<RedisOptions, 'replyMapping'>;

/** ioredis with nothing but what Sentinel mode requires. */
export class PlainIoredisClient implements BenchClient {
  readonly notes = newNotes();
  private readonly redis: Redis;

  constructor(place: ClusterPlace) {
    this.redis = openIoredis(sentinelOptions(place, 'ioredis'), this.notes);
  }

  connect(): Promise<void> {
    return this.redis.connect();
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
    this.redis.disconnect();
  }
}

/** How ioredis finds this cluster. */
export function sentinelOptions(place: ClusterPlace, name: string): IoredisOptions {
  return {
    sentinels: [...place.sentinels],
    name: place.masterName,
    connectionName: connectionName(name),
    lazyConnect: true,
    natMap: Object.fromEntries(
      Object.entries(place.natMap).map(([announced, reached]) => [announced, toAddress(reached)]),
    ),
  };
}

/** A client that counts the connections it loses, and whose errors do not end the process. */
export function openIoredis(options: IoredisOptions, notes: ClientNotes): Redis {
  const redis = new Redis(options);
  redis.on('error', () => {});
  redis.on('close', () => {
    notes.connectionsLost += 1;
  });
  return redis;
}
