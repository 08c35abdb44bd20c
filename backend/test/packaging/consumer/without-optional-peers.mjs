// Terminus, prom-client, @opentelemetry/api and @liaoliaots/nestjs-redis are optional peers: the main entry works
// without them.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { NestFactory } from '@nestjs/core';
import { RedisModule, RedisService } from 'nestjs-redis-ha';

const { resolve } = createRequire(import.meta.url);
const PEERS = ['@nestjs/terminus', 'prom-client', '@opentelemetry/api', '@liaoliaots/nestjs-redis'];
for (const peer of PEERS) {
  assert.throws(() => resolve(peer), `${peer} is installed here`);
}
class AppModule {}
const imports = [RedisModule.forRoot({ mode: 'memory' })];
const app = await NestFactory.createApplicationContext(
  { module: AppModule, imports },
  { logger: ['error'] },
);
assert.ok(app.get(RedisService) instanceof RedisService);
await app.close();
console.log('CLOSED');
