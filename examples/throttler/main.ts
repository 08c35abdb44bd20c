// Uses up half of a limit, kills the primary, and goes on: the rest is still there, and not more.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { NestFactory } from '@nestjs/core';
import { startRedisCluster } from 'nestjs-redis-ha/testing';

// A cluster of its own. Yours is named by the same variables: REDIS_SENTINELS and so on.
const cluster = await startRedisCluster();
Object.assign(process.env, cluster.env());
const { AppModule } = await import('./app.js');
// Two processes have one limit; here they are two applications.
const apps = [];
for (let number = 1; number <= 2; number += 1) {
  const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
  await app.listen(0, '127.0.0.1');
  apps.push(app);
}
const urls = await Promise.all(apps.map((app) => app.getUrl()));

let asked = 0;
const ask = async (): Promise<number> => {
  const url = urls[asked % urls.length] ?? '';
  asked += 1;
  return (await fetch(url)).status;
};

assert.deepEqual([await ask(), await ask(), await ask()], [200, 200, 200]);
const old = await cluster.currentPrimary();
// Replicas get writes a moment later: what only the old primary has is gone with it.
await old.command('WAIT', '2', '1000');
await old.kill();
const killedAt = performance.now();
assert.equal(await ask(), 200);
console.log(`A request waited ${Math.round(performance.now() - killedAt)} ms for the new primary.`);
assert.deepEqual([await ask(), await ask(), await ask()], [200, 429, 429]);
console.log('Five requests of two processes were let through, and no more.');

await Promise.all(apps.map((app) => app.close()));
await cluster.stop();
