// Libraries that bring an ioredis of their own, or want an older one, over raw clients. Compiled and run like main.ts.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { ThrottlerStorageRedisService } from '@nest-lab/throttler-storage-redis';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Queue, Worker } from 'bullmq';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { RedisModule, RedisService, type RedisHaOptions } from 'nestjs-redis-ha';
import { startRedisServer } from 'nestjs-redis-ha/testing';

function appModule(options: RedisHaOptions) {
  @Module({ imports: [RedisModule.forRoot(options)] })
  class AppModule {}
  return AppModule;
}

async function jobsRun(redis: RedisService): Promise<void> {
  const connection = { ...redis.connectionOptions(), maxRetriesPerRequest: null };
  const queue = new Queue<{ name: string }>('mails', { connection });
  const sent = new Promise<string>((resolve) => {
    const worker = new Worker<{ name: string }>('mails', async ({ data }) => data.name, {
      connection,
    });
    worker.on('completed', (job) => {
      void worker.close().then(() => resolve(job.data.name));
    });
  });
  await queue.add('welcome', { name: 'ada' }, { jobId: 'welcome-ada' });
  assert.equal(await sent, 'ada');
  await queue.close();
}

async function hitsAreCounted(redis: RedisService): Promise<void> {
  const storage = new ThrottlerStorageRedisService(redis.createClient());
  await storage.increment('ada', 1000, 5, 1000, 'default');
  const { totalHits } = await storage.increment('ada', 1000, 5, 1000, 'default');
  assert.equal(totalHits, 2);
  const limiter = new RateLimiterRedis({ storeClient: redis.createClient(), points: 5, duration: 1 });
  assert.equal((await limiter.consume('ada')).remainingPoints, 4);
}

async function main(): Promise<void> {
  const server = await startRedisServer();
  const app = await NestFactory.createApplicationContext(appModule(server.options()), {
    logger: ['error', 'warn'],
  });
  try {
    const redis = app.get(RedisService);
    await jobsRun(redis);
    await hitsAreCounted(redis);
  } finally {
    await app.close();
    await server.stop();
  }
  console.log('CLOSED');
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
