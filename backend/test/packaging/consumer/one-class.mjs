// An ESM application with a CommonJS helper must not get two RedisService classes: Nest would inject neither.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { RedisModule, RedisService } from 'nestjs-redis-ha';

const required = createRequire(import.meta.url)('nestjs-redis-ha');
assert.equal(
  required.RedisService,
  RedisService,
  'require and import give two RedisService classes',
);
assert.equal(required.RedisModule, RedisModule, 'require and import give two RedisModule classes');
