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
    ...credentialsOf(cluster),
  };
}

function credentialsOf(
  cluster: RedisTestCluster,
): Pick<ClusterPlace, 'login' | 'sentinelPassword'> {
  const { node = {}, sentinel } = cluster.options();
  const { username, password } = node;
  return {
    login: {
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    },
    ...(sentinel.password === undefined ? {} : { sentinelPassword: sentinel.password }),
  };
}

function text({ host, port }: NodeAddress): string {
  return `${host}:${String(port)}`;
}
