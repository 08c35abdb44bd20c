// Two servers, a client at each: what one says the other one hears, before a failover and after it.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { startRedisCluster } from 'nestjs-redis-ha/testing';
import { io, type Socket } from 'socket.io-client';

const EVERY_MS = 50;

// A cluster of its own. Yours is named by the same variables: REDIS_SENTINELS and so on.
const cluster = await startRedisCluster();
Object.assign(process.env, cluster.env());
const { AppModule } = await import('./app.js');
const { RedisIoAdapter } = await import('./redis-io-adapter.js');

const apps = [];
const clients: Socket[] = [];
for (let number = 1; number <= 2; number += 1) {
  const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
  app.useWebSocketAdapter(new RedisIoAdapter(app));
  await app.listen(0, '127.0.0.1');
  apps.push(app);
  const client = io(await app.getUrl(), { transports: ['websocket'] });
  clients.push(client);
  await client.emitWithAck('enter', 'lobby');
}
const [ada, grace] = clients;
assert.ok(ada !== undefined && grace !== undefined);

const heard = new Set<string>();
grace.on('said', (text: string) => heard.add(text));
let said = 0;
const say = (): string => {
  const text = String((said += 1));
  ada.emit('say', { room: 'lobby', text });
  return text;
};

/** Says things until one of them is heard. */
async function untilHeard(): Promise<void> {
  let text = '';
  while (!heard.has(text)) {
    text = say();
    await sleep(EVERY_MS);
  }
}

await untilHeard();
console.log('Ada is heard by Grace, who is at another server.');
const old = await cluster.currentPrimary();
await old.kill();
const failover = { isOver: false };
const moved = cluster.waitForPrimaryOtherThan(old).then(() => (failover.isOver = true));
while (!failover.isOver) {
  say();
  await sleep(EVERY_MS);
}
await moved;
await untilHeard();
// Redis keeps no message for who is not subscribed at that moment. Who must miss nothing needs a stream, or a queue.
console.log(`Of ${said} messages ${heard.size} were heard, and the last one among them.`);

for (const client of clients) client.close();
await Promise.all(apps.map((app) => app.close()));
await cluster.stop();
