import type { NodeAddress } from '../../src/redis/index.js';
import type { RedisTestCluster, RedisTestNode } from '../../src/redis/testing/index.js';
import type { ClusterPlace } from '../clients/bench-client.js';

/** How a client in another process finds the cluster; the nodes in `proxied` through their fault proxies. */
export function placeOf(
  cluster: RedisTestCluster,
  proxied: readonly RedisTestNode[] = [],
): ClusterPlace {
  const reached = (node: RedisTestNode): NodeAddress =>
    proxied.includes(node) ? node.clientAddress : node.address;
  return {
    masterName: cluster.groups[0],
    sentinels: cluster.sentinels().map((node) => ({ ...reached(node) })),
    natMap: Object.fromEntries(proxied.map((node) => [text(node.address), text(reached(node))])),
  };
}

function text({ host, port }: NodeAddress): string {
  return `${host}:${String(port)}`;
}
