// A plain server counts visits and caches a report. The primary is killed: visits wait for the new one, the report does not.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { startRedisCluster } from 'nestjs-redis-ha/testing';
import { openRedis } from './open-redis.js';
import { serve } from './serve.js';

// A cluster of its own. Yours is named by the same variables: REDIS_SENTINELS and so on.
const cluster = await startRedisCluster();
Object.assign(process.env, cluster.env());
const opened = await openRedis();
let made = 0;
const server = serve(opened, async () => `report ${(made += 1)}`);
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;

const ask = async (path: string): Promise<string> =>
  (await fetch(`http://127.0.0.1:${port}${path}`)).text();

assert.equal(await ask('/'), 'visit 1');
assert.equal(await ask('/report'), 'report 1');

const old = await cluster.currentPrimary();
// Replicas get writes a moment later: what only the old primary has is gone with it.
await old.command('WAIT', '2', '1000');
await old.kill();
const killedAt = performance.now();
const visit = ask('/');
assert.equal(await ask('/report'), 'report 1');
console.log(`The report came after ${Math.round(performance.now() - killedAt)} ms.`);
assert.equal(await visit, 'visit 2');
console.log(`The visit was counted after ${Math.round(performance.now() - killedAt)} ms.`);

server.close();
server.closeAllConnections();
await opened.close();
await cluster.stop();
