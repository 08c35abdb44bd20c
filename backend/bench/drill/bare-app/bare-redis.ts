import { Redis } from 'ioredis';
import { toAddress } from '../../clients/bench-client.js';

/** Hits and misses of the catalogue, as the sample backend counts them; `operations`: commands sent to Redis. */
export const counts = { hits: 0, misses: 0, errors: 0, operations: 0 };

/** The client as the documentation of ioredis shows it, with no setting more. */
export function openRedis(env: NodeJS.ProcessEnv): Redis {
  const redis = new Redis({
    sentinels: (env['REDIS_SENTINELS'] ?? '').split(',').map(toAddress),
    name: env['REDIS_SENTINEL_MASTER_NAME'] ?? '',
    password: env['REDIS_PASSWORD'] ?? '',
  });
  redis.on('error', () => undefined);
  return redis;
}

/** Counts a command. */
export function counted<T>(command: Promise<T>): Promise<T> {
  counts.operations++;
  return command;
}
