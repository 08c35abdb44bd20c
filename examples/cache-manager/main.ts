// Fills the cache, kills the primary, and asks on: the cache answers all the while, and a change is seen afterwards.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { NestFactory } from '@nestjs/core';
import { startRedisCluster } from 'nestjs-redis-ha/testing';

// A cluster of its own. Yours is named by the same variables: REDIS_SENTINELS and so on.
const cluster = await startRedisCluster();
Object.assign(process.env, cluster.env());
const { AppModule, database } = await import('./app.js');
const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
await app.listen(0, '127.0.0.1');
const url = await app.getUrl();

const cents = async (): Promise<unknown> =>
  ((await (await fetch(`${url}/prices/7`)).json()) as { cents: unknown }).cents;

assert.equal(await cents(), 1999);
// The interceptor writes what it answers afterwards, and nobody waits for it.
await cluster.waitUntil(
  async () => {
    const before = database.isAsked;
    await cents();
    return database.isAsked === before;
  },
  { what: 'the answer is in the cache' },
);
const before = database.isAsked;

const old = await cluster.currentPrimary();
await old.kill();
const failover = { isOver: false };
const moved = cluster.waitForPrimaryOtherThan(old).then(() => (failover.isOver = true));
let answered = 0;
while (!failover.isOver) {
  assert.equal(await cents(), 1999);
  answered += 1;
}
await moved;
console.log(
  `${answered} requests while there was no primary; the database was asked ${database.isAsked - before} times.`,
);
assert.equal(database.isAsked, before);

await fetch(`${url}/prices/7/1499`, { method: 'PUT' });
assert.equal(await cents(), 1499);
console.log('A change is seen at once.');

await app.close();
await cluster.stop();
