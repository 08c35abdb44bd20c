import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { RedisCache, RedisModule, RedisService } from 'nestjs-redis-ha';

/** What the rest of the program sees: nothing of it comes from Nest. */
export interface OpenRedis {
  readonly redis: RedisService;
  readonly cache: RedisCache;
  /** Lets commands under way finish, and closes all connections. */
  close(): Promise<void>;
}

/** Opens Redis as the environment says. Nest builds it, and is a dependency, but no part of your program's design. */
export async function openRedis(): Promise<OpenRedis> {
  const context = await NestFactory.createApplicationContext(RedisModule.forRoot(), {
    logger: ['warn', 'error'],
  });
  return {
    redis: context.get(RedisService),
    cache: context.get(RedisCache),
    close: () => context.close(),
  };
}
