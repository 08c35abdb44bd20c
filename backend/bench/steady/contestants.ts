import { Redis } from 'ioredis';
import { createClient } from 'redis';
import type { NodeAddress } from '../../src/redis/index.js';
import type { ClusterPlace } from '../clients/bench-client.js';
import { OursClient } from '../clients/ours.js';

/** Who runs: ours with everything on, and two bare clients of the primary. */
export const CONTESTANTS = ['ours', 'ours, primary only', 'ioredis', 'node-redis'] as const;

/** One of those who run. */
export type Contestant = (typeof CONTESTANTS)[number];

/** What the measurement needs of a client. */
export interface SteadyClient {
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  close(): Promise<unknown>;
}

/** Opens a client and resolves when it can be used. */
export async function openContestant(
  contestant: Contestant,
  place: ClusterPlace,
  primary: NodeAddress,
): Promise<SteadyClient> {
  if (contestant === 'ioredis') return openIoredis(primary, place.password);
  if (contestant === 'node-redis') return openNodeRedis(primary, place.password);
  const isPrimaryOnly = contestant === 'ours, primary only';
  const client = new OursClient(place, isPrimaryOnly ? 'primary' : 'replica-preferred');
  await client.connect();
  const { redis } = client;
  return {
    get: (key) => redis.get(key),
    set: (key, value) => redis.set(key, value),
    close: () => client.close(),
  };
}

async function openIoredis({ host, port }: NodeAddress, password: string): Promise<SteadyClient> {
  const redis = new Redis({ host, port, password, lazyConnect: true, enableAutoPipelining: false });
  await redis.connect();
  return {
    get: (key) => redis.get(key),
    set: (key, value) => redis.set(key, value),
    close: () => redis.quit(),
  };
}

async function openNodeRedis({ host, port }: NodeAddress, password: string): Promise<SteadyClient> {
  const redis = createClient({ socket: { host, port }, password });
  await redis.connect();
  return {
    get: (key) => redis.get(key),
    set: (key, value) => redis.set(key, value),
    close: () => redis.close(),
  };
}
