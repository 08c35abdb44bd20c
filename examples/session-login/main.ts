// Logs in, kills the primary, and asks on: nobody is logged out, and whoever logged out stays out.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { NestFactory } from '@nestjs/core';
import { startRedisCluster } from 'nestjs-redis-ha/testing';

// A cluster of its own. Yours is named by the same variables: REDIS_SENTINELS and so on.
const cluster = await startRedisCluster();
Object.assign(process.env, cluster.env());
const { AppModule } = await import('./app.js');
const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
await app.listen(0, '127.0.0.1');
const url = await app.getUrl();

async function ask(method: string, path: string, token = '', body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return fetch(url + path, { method, headers, body: JSON.stringify(body) });
}

async function login(name: string): Promise<string> {
  const answer = await ask('POST', '/login', '', { name });
  return ((await answer.json()) as { token: string }).token;
}

const [ada, grace] = [await login('ada'), await login('grace')];
await ask('POST', '/logout', grace);

const old = await cluster.currentPrimary();
await old.kill();
const failover = { isOver: false };
const moved = cluster.waitForPrimaryOtherThan(old).then(() => (failover.isOver = true));
let validated = 0;
while (!failover.isOver) {
  assert.deepEqual(await (await ask('GET', '/me', ada)).json(), { name: 'ada' });
  validated += 1;
}
await moved;
console.log(`The session was validated ${validated} times while there was no primary.`);

assert.equal((await ask('GET', '/me', grace)).status, 401);
const alan = await login('alan');
assert.equal((await ask('GET', '/me', alan)).status, 200);
console.log('Who had logged out stayed out, and a new user could log in.');

await app.close();
await cluster.stop();
