import { Redis } from 'ioredis';
import { RedisService, resolveOptions, type TrackedOptions } from '../../src/redis/index.js';
import { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import type { ClusterPlace } from '../clients/bench-client.js';

/** Over what a consumer is run. */
export const VARIANTS = ['ours', 'ioredis'] as const;

/** Over what a consumer is run. */
export type Variant = (typeof VARIANTS)[number];

/** How ioredis finds the primary by itself. */
export interface SentinelOptions {
  readonly sentinels: { host: string; port: number }[];
  readonly name: string;
  readonly password: string;
  readonly retryAttempts: number;
  readonly retryDelay: number;
}

/** Where a consumer gets its connections. */
export interface Connections {
  /** A client for a consumer that takes one. */
  client(): Redis;
  /** Options for a consumer that makes its clients itself. */
  options(): TrackedOptions | SentinelOptions;
  close(): Promise<void>;
}

/** Opens what the consumers of one process share. */
export async function openConnections(variant: Variant, place: ClusterPlace): Promise<Connections> {
  return variant === 'ours' ? openOurs(place) : openIoredis(place);
}

/** This library with its default options. */
export async function openOurs(place: ClusterPlace): Promise<Connections> {
  const { masterName, sentinels, password } = place;
  const { options } = resolveOptions({
    mode: 'sentinel',
    sentinel: { masterName, nodes: sentinels },
    node: { password },
  });
  const engine = new RedisEngine(options);
  const redis = new RedisService(engine);
  engine.start();
  await redis.whenReady(10_000);
  return {
    client: () => redis.createClient(),
    options: () => redis.connectionOptions(),
    close: () => engine.close(),
  };
}

/** ioredis as it comes, with its own support for Sentinel. */
function openIoredis({ masterName, sentinels, password }: ClusterPlace): Connections {
  const clients = new Set<Redis>();
  const options = (): SentinelOptions => ({
    sentinels: sentinels.map(({ host, port }) => ({ host, port })),
    name: masterName,
    password,
    // The Redis transport of Nest ends for good without them; ioredis knows neither.
    retryAttempts: Number.MAX_SAFE_INTEGER,
    retryDelay: 50,
  });
  return {
    client: () => {
      const client = new Redis(options());
      client.on('error', () => undefined);
      clients.add(client);
      return client;
    },
    options,
    close: async () => {
      for (const client of clients) client.disconnect();
    },
  };
}
