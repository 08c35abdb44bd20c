import { appendFileSync } from 'node:fs';
import {
  fakeSentinel,
  FakeRedisServer,
  startRedisServer,
  type RedisTestCluster,
  type RedisTestNode,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';

/** A Redis that is none of the cluster's, with the password of the cluster. */
export function startForeignRedis(cluster: RedisTestCluster): Promise<RedisTestServer> {
  const { username, password } = cluster.options().node ?? {};
  return startRedisServer({
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  });
}

/**
 * Kills the replica and starts, at its address, a replica of a foreign Redis: a new process with that one's data. It is
 * what happens when addresses are handed out anew.
 */
export async function takeAddressOf(
  replica: RedisTestNode,
  foreign: RedisTestServer,
): Promise<void> {
  const config = (await replica.info('server')).get('config_file') ?? '';
  const { host, port } = foreign.node.address;
  await replica.kill();
  appendFileSync(config, `replicaof ${host} ${String(port)}\n`);
  await replica.restart();
}

/**
 * Starts a Sentinel and announces it by nothing but a `PUBLISH` on the primary. Its greeting tells the truth, so the genuine Sentinels
 * count it as one more; who asks it is told that the foreign Redis is the primary, by a very late epoch.
 */
export async function announceRogueSentinel(
  cluster: RedisTestCluster,
  foreign: RedisTestServer,
): Promise<FakeRedisServer> {
  const masterName = cluster.groups[0];
  const story = { masterName, primary: foreign.node.address, epoch: 9000 };
  const rogue = await FakeRedisServer.start(fakeSentinel(story));
  const primary = await cluster.currentPrimary();
  const { host, port } = primary.address;
  const greeting = [
    rogue.address.host,
    rogue.address.port,
    'f'.repeat(40),
    0,
    masterName,
    host,
    port,
    0,
  ];
  await primary.command('PUBLISH', '__sentinel__:hello', greeting.join(','));
  return rogue;
}
