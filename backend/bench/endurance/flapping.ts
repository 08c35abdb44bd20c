import type { RedisTestCluster, RedisTestNode } from '../../src/redis/testing/index.js';
import { now, sleep } from '../common/clock.js';

const LOOK_EVERY_MS = 10;
const ASK_AGAIN_MS = 2000;
const PATIENCE_MS = 30_000;

/**
 * Makes Sentinels look around more often, so that the old primary is a replica two seconds after the switch, not ten.
 * They undo a promotion that has not become known within four publish periods, and it takes a good second until it has:
 * hence no less than 500.
 */
export async function makeSentinelsQuick(cluster: RedisTestCluster): Promise<void> {
  const periods = ['INFO-PERIOD', '100', 'PUBLISH-PERIOD', '500', 'ASK-PERIOD', '100'];
  for (const sentinel of cluster.sentinels()) {
    await sentinel.command('SENTINEL', 'DEBUG', ...periods);
    await sentinel.command('SENTINEL', 'SET', cluster.groups[0], 'failover-timeout', '5000');
  }
}

/** Moves the primary once. Resolves when all nodes have their new places. */
export async function flap(cluster: RedisTestCluster): Promise<void> {
  const old = await cluster.currentPrimary();
  await until('the primary has moved', async () => {
    // Refused while one is under way, which is well; given up now and then, which is why it is asked for again.
    await cluster.failover().catch(() => undefined);
    const look = { what: 'the primary has moved', timeoutMs: ASK_AGAIN_MS, everyMs: LOOK_EVERY_MS };
    await cluster.waitUntil(async () => (await cluster.currentPrimary()) !== old, look);
    return true;
  });
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
