// Libraries that take ioredis clients, or make some: each is given what docs/connections.md says, and has to work.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { ThrottlerStorageRedisService } from '@nest-lab/throttler-storage-redis';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  MessagePattern,
  Transport,
  type MicroserviceOptions,
  type RedisOptions,
} from '@nestjs/microservices';
import { createAdapter } from '@socket.io/redis-adapter';
import { Queue, Worker } from 'bullmq';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import Redlock from 'redlock';
import { firstValueFrom, retry, timeout } from 'rxjs';
import { Server } from 'socket.io';
import { RedisModule, RedisService, type RedisHaOptions } from 'nestjs-redis-ha';
import { startRedisServer } from 'nestjs-redis-ha/testing';

function appModule(options: RedisHaOptions) {
  @Module({ imports: [RedisModule.forRoot(options)] })
  class AppModule {}
  return AppModule;
}

async function bullMqRunsJobs(redis: RedisService): Promise<void> {
  const connection = { ...redis.connectionOptions(), maxRetriesPerRequest: null };
  const queue = new Queue<{ to: string }>('mails', { connection });
  const worker = new Worker<{ to: string }>('mails', async ({ data }) => data.to, { connection });
  const sent = new Promise<string>((resolve) => {
    worker.on('completed', (job) => resolve(job.data.to));
  });
  await queue.add('welcome', { to: 'ada' }, { jobId: 'welcome-ada' });
  assert.equal(await sent, 'ada');
  await worker.close();
  await queue.close();
}

async function throttlerCounts(redis: RedisService): Promise<void> {
  const storage = new ThrottlerStorageRedisService(redis.createClient());
  await storage.increment('ada', 1000, 5, 1000, 'default');
  const { totalHits } = await storage.increment('ada', 1000, 5, 1000, 'default');
  assert.equal(totalHits, 2);
}

async function rateLimiterCounts(redis: RedisService): Promise<void> {
  const storeClient = redis.createClient();
  const limiter = new RateLimiterRedis({ storeClient, points: 5, duration: 1 });
  assert.equal((await limiter.consume('ada')).remainingPoints, 4);
}

async function socketServersHearEachOther(redis: RedisService): Promise<void> {
  const servers = [1, 2].map(
    () =>
      new Server(createServer(), {
        adapter: createAdapter(redis.createClient(), redis.createClient()),
      }),
  );
  const [first, second] = servers as [Server, Server];
  // Asks Redis how many are subscribed.
  while ((await first.of('/').adapter.serverCount()) < servers.length);
  const heard = new Promise<unknown>((resolve) => second.once('news', resolve));
  first.serverSideEmit('news', 'hello');
  assert.equal(await heard, 'hello');
  await Promise.all(servers.map((server) => server.close()));
}

@Controller()
class Shop {
  @MessagePattern('price')
  price(items: number): number {
    return 7 * items;
  }
}

@Module({ controllers: [Shop] })
class ShopModule {}

async function microservicesAnswer(redis: RedisService): Promise<void> {
  const options = { ...redis.connectionOptions(), maxRetriesPerRequest: null };
  const transport: RedisOptions = { transport: Transport.REDIS, options };
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(ShopModule, {
    ...transport,
    logger: ['error'],
  });
  await service.listen();
  const client = ClientProxyFactory.create(transport);
  const answer = client
    .send<number>('price', 6)
    .pipe(timeout(2000), retry({ count: 20, delay: 250 }));
  assert.equal(await firstValueFrom(answer), 42);
  await client.close();
  await service.close();
}

async function redlockLocks(redis: RedisService): Promise<void> {
  const redlock = new Redlock([redis.createClient()], { retryCount: 200, retryDelay: 50 });
  assert.equal(await redlock.using(['report'], 5000, async () => 'done'), 'done');
}

async function main(): Promise<void> {
  const server = await startRedisServer();
  const app = await NestFactory.createApplicationContext(appModule(server.options()), {
    logger: ['error', 'warn'],
  });
  try {
    const redis = app.get(RedisService);
    await bullMqRunsJobs(redis);
    await throttlerCounts(redis);
    await rateLimiterCounts(redis);
    await socketServersHearEachOther(redis);
    await microservicesAnswer(redis);
    await redlockLocks(redis);
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
