// One service asks another over Redis, and the primary is killed in the middle: each request is answered, and counts once.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import { RedisService } from 'nestjs-redis-ha';
import { startRedisCluster } from 'nestjs-redis-ha/testing';

const REQUESTS = 150;

// A cluster of its own. Yours is named by the same variables: REDIS_SENTINELS and so on.
const cluster = await startRedisCluster();
Object.assign(process.env, cluster.env());
const { overRedis } = await import('./over-redis.js');
const { StockModule } = await import('./stock.js');
const { Shop, ShopModule } = await import('./shop.js');

const logger = ['warn', 'error'] as ('warn' | 'error')[];
const stock = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(StockModule, {
  inject: [RedisService],
  useFactory: overRedis,
  logger,
});
await stock.listen();
const context = await NestFactory.createApplicationContext(ShopModule, { logger });
const shop = context.get(Shop);

let left = NaN;
let longestMs = 0;
for (let number = 1; number <= REQUESTS; number += 1) {
  if (number === REQUESTS / 2) await (await cluster.currentPrimary()).kill();
  const askedAt = performance.now();
  left = await shop.reserve(2);
  longestMs = Math.max(longestMs, performance.now() - askedAt);
}
console.log(`${REQUESTS} requests answered, the longest after ${Math.round(longestMs)} ms.`);
assert.equal(left, 1000 - 2 * REQUESTS);

await context.close();
await stock.close();
await cluster.stop();
