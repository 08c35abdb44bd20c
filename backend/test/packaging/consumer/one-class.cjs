// The same from the other side: CommonJS first, then import().
require('reflect-metadata');
const assert = require('node:assert/strict');
const required = require('nestjs-redis-ha');

void import('nestjs-redis-ha').then((imported) => {
  assert.equal(imported.RedisService, required.RedisService, 'import gives another RedisService');
  assert.equal(imported.RedisModule, required.RedisModule, 'import gives another RedisModule');
});
