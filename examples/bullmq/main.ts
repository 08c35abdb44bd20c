// Adds jobs at a steady rate and kills the primary in the middle: each of them is done.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { startRedisCluster } from 'nestjs-redis-ha/testing';

const JOBS = 200;
const EVERY_MS = 15;

// A cluster of its own. Yours is named by the same variables: REDIS_SENTINELS and so on.
const cluster = await startRedisCluster();
Object.assign(process.env, cluster.env());
const { AppModule, Mails, MailWorker } = await import('./app.js');
const app = await NestFactory.createApplicationContext(AppModule, { logger: ['warn', 'error'] });
const mails = app.get(Mails);
const { sent } = app.get(MailWorker);

const added: Promise<void>[] = [];
for (let number = 1; number <= JOBS; number += 1) {
  if (number === JOBS / 4) await (await cluster.currentPrimary()).kill();
  // It waits for the new primary, and this loop does not wait for it.
  added.push(mails.welcome(`user-${number}`));
  await sleep(EVERY_MS);
}
await Promise.all(added);
await cluster.waitUntil(() => new Set(sent).size === JOBS, {
  timeoutMs: 30_000,
  what: 'every job is done',
});
console.log(`${JOBS} jobs added, ${new Set(sent).size} done, ${sent.length - JOBS} of them twice.`);
assert.equal(new Set(sent).size, JOBS);

await app.close();
await cluster.stop();
