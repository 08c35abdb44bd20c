// @ts-check
// The same file under Compose 1.29, which some machines still have.
import { moved } from './faults.mjs';
import { expect } from './support/runner.mjs';

/**
 * @param {import('./support/runner.mjs').Runner} runner
 * @param {import('./support/cluster.mjs').Cluster} cluster
 */
export async function composeV1(runner, cluster) {
  await runner.check('all become healthy', async (note) => {
    const startedAt = performance.now();
    await cluster.up();
    await cluster.allHealthy();
    await cluster.settled();
    note(`whole after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  });
  await runner.check(
    'primary killed: failover, and the old primary returns as a replica',
    async (note) => {
      const old = await cluster.agreedPrimary();
      const id = await cluster.container(old);
      const startedAt = performance.now();
      await cluster.docker('kill', id);
      await moved(cluster, old);
      note(`all Sentinels agreed after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
      await cluster.docker('start', id);
      await cluster.settled();
      const [role] = await cluster.role(old);
      expect(role === 'slave', `${old} came back as ${role}`);
    },
  );
}
