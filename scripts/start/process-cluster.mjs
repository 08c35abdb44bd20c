// @ts-check
// Six Redis processes on this machine: what `npm start` stands on where there is no container engine.
import { at } from '../lib/paths.mjs';

/** @typedef {import('../../dist/lib/esm/testing/index.js').RedisTestCluster} RedisTestCluster */
/** @typedef {import('../../dist/lib/esm/testing/index.js').RedisTestNode} RedisTestNode */

const REVIVE_AFTER_MS = 15_000;
const LOOK_EVERY_MS = 500;

/** Starts one primary, two replicas and three sentinels, with the settings of production. */
export async function startProcessCluster() {
  console.log('Starting one primary, two replicas and three sentinels ...');
  const entry = at('dist', 'lib', 'esm', 'testing', 'index.js');
  /** @type {typeof import('../../dist/lib/esm/testing/index.js')} */
  const { startRedisCluster } = await import(entry);
  const cluster = await startRedisCluster({ downAfterMs: 3_000 });
  const reviving = reviveNodes(cluster);
  return {
    env: () => cluster.env(),
    lines: () =>
      cluster
        .nodes()
        .map(
          ({ roleAtStart, address, pid }) =>
            `${roleAtStart.padEnd(9)}  ${address.host}:${address.port}   pid ${pid}`,
        ),
    killPrimary: () => `kill -9 ${cluster.primary().pid}`,
    afterwards: `A process that ended is started again after ${REVIVE_AFTER_MS / 1000} seconds, with another pid; the old primary comes back as a replica.`,
    stop: () => {
      clearInterval(reviving);
      return cluster.stop();
    },
  };
}

/**
 * Starts nodes again that were killed, so that there is always another primary to kill.
 * @param {RedisTestCluster} cluster
 */
function reviveNodes(cluster) {
  /** @type {Map<RedisTestNode, number>} */
  const endedAt = new Map();
  return setInterval(() => {
    for (const node of cluster.nodes()) {
      const since = endedAt.get(node);
      if (node.isRunning) {
        endedAt.delete(node);
      } else if (since === undefined) {
        endedAt.set(node, Date.now());
        console.log(`${node.name} ended; it comes back in ${REVIVE_AFTER_MS / 1000} s.`);
      } else if (Date.now() - since > REVIVE_AFTER_MS) {
        endedAt.set(node, Infinity);
        node
          .restart()
          .then(() => console.log(`${node.name} is back, pid ${node.pid}.`))
          .catch((/** @type {Error} */ error) =>
            console.error(`${node.name} did not come back: ${error.message}`),
          )
          .finally(() => endedAt.delete(node));
      }
    }
  }, LOOK_EVERY_MS).unref();
}
