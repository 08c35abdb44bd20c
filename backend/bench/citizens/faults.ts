import type { RedisTestCluster } from '../../src/redis/testing/index.js';
import { sleep } from '../common/clock.js';

/** What happens to the primary while the consumers are at work. */
export interface Fault {
  readonly name: string;
  readonly title: string;
  /** Resolves when the cluster has a new primary and nothing more will happen. */
  readonly play: (cluster: RedisTestCluster) => Promise<void>;
}

const FROZEN_MS = 12_000;

/** What happens to the primary. */
export const FAULTS: readonly Fault[] = [
  {
    name: 'kill',
    title: 'The primary is killed (SIGKILL)',
    async play(cluster) {
      const old = await cluster.currentPrimary();
      await old.kill();
      await cluster.waitForPrimaryOtherThan(old);
    },
  },
  {
    name: 'freeze',
    title: 'The primary is frozen (SIGSTOP) and thaws after 12 s',
    async play(cluster) {
      const old = await cluster.currentPrimary();
      await old.freeze();
      await Promise.all([cluster.waitForPrimaryOtherThan(old), sleep(FROZEN_MS)]);
      old.thaw();
    },
  },
  {
    name: 'failover',
    title: 'Somebody sends SENTINEL FAILOVER',
    async play(cluster) {
      const old = await cluster.currentPrimary();
      await cluster.failover();
      await cluster.waitForPrimaryOtherThan(old);
    },
  },
];
