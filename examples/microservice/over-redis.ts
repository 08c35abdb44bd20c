import { Transport, type RedisOptions } from '@nestjs/microservices';
import type { RedisService } from 'nestjs-redis-ha';

/** The Redis transport of Nest, on connections that follow the primary. For servers and clients alike. */
export function overRedis(redis: RedisService): RedisOptions & { transport: Transport.REDIS } {
  // With retryAttempts and retryDelay: without them the clients of Nest end for good.
  const options = { ...redis.connectionOptions(), maxRetriesPerRequest: null };
  return { transport: Transport.REDIS, options };
}
