import type { RedisTestCluster, RedisTestNode } from '../../src/redis/testing/index.js';
import { now, sleep } from '../common/clock.js';

const LOOK_EVERY_MS = 10;
const PATIENCE_MS = 30_000;

/** Makes Sentinels look around ten times a second, so that a failover is over in less than a second. */
export async function makeSentinelsQuick(cluster: RedisTestCluster): Promise<void> {
  const periods = ['INFO-PERIOD', '100', 'PUBLISH-PERIOD', '50', 'ASK-PERIOD', '100'];
  for (const sentinel of cluster.sentinels()) {
    await sentinel.command('SENTINEL', 'DEBUG', ...periods);
    await sentinel.command('SENTINEL', 'SET', cluster.groups[0], 'failover-timeout', '1000');
  }
}

/** Moves the primary once. Resolves when all nodes have their new places. */
export async function flap(cluster: RedisTestCluster): Promise<void> {
  const old = await cluster.currentPrimary();
  await until('a Sentinel begins', async () => {
    await cluster.failover();
    return true;
  });
  await until('the primary has moved', async () => (await cluster.currentPrimary()) !== old);
  await until('all replicas are in step', () => isSettled(cluster));
}

async function isSettled(cluster: RedisTestCluster): Promise<boolean> {
  const primary = await cluster.currentPrimary();
  const [ofPrimary, ...ofReplicas] = await Promise.all(
    [primary, ...cluster.replicas()].map((node: RedisTestNode) => node.info('replication')),
  );
  return (
    ofPrimary?.get('role') === 'master' &&
    ofReplicas.every(
      (info) =>
        info.get('role') === 'slave' &&
        info.get('master_link_status') === 'up' &&
        info.get('master_port') === String(primary.address.port),
    )
  );
}

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const giveUpAt = now() + PATIENCE_MS;
  let last: unknown;
  while (now() < giveUpAt) {
    try {
      if (await look()) return;
    } catch (error) {
      last = error;
    }
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(`waited in vain until ${what}`, { cause: last });
}
