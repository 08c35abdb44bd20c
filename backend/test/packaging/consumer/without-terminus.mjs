// @nestjs/terminus is an optional peer: the main entry loads and says clearly what works without it.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { NestFactory } from '@nestjs/core';
import { RedisModule, RedisService } from 'nestjs-redis-ha';

assert.throws(
  () => createRequire(import.meta.url).resolve('@nestjs/terminus'),
  'Terminus is installed here',
);
class AppModule {}
const imports = [RedisModule.forRoot({ mode: 'memory' })];
const app = await NestFactory.createApplicationContext(
  { module: AppModule, imports },
  { logger: ['error'] },
);
assert.ok(app.get(RedisService) instanceof RedisService);
await app.close();
console.log('CLOSED');
