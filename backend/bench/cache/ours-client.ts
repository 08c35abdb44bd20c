import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { RedisCache, RedisModule, RedisService } from '../../src/redis/index.js';
import { TTL_MS, type CacheClient } from './cache-client.js';

/** This library, as an application has it. */
export async function openOurs(port: number, nearMs: number): Promise<CacheClient> {
  const module = RedisModule.forRoot({ mode: 'standalone', host: '127.0.0.1', port });
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
  const app = await NestFactory.createApplicationContext(module, { logger: false });
  await app.get(RedisService).whenReady();
  const cache = app.get(RedisCache).namespace('bench', { ttlMs: TTL_MS, nearMs });
  return {
    getOrSet: (key, loader) => cache.getOrSet(key, loader),
    close: () => app.close(),
  };
}
