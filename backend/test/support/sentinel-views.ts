import type { NodeAddress } from '../../src/redis/base/address/index.js';
import type { ReplicaView, SentinelView } from '../../src/redis/cluster/topology/index.js';

/** What a Sentinel says of a healthy replica, unless told otherwise. */
export function replicaView(address: NodeAddress, over: Partial<ReplicaView> = {}): ReplicaView {
  return {
    address,
    isDown: false,
    isHealthy: true,
    offset: 0,
    priority: 100,
    seen: { role: 'replica', agoMs: 0 },
    ...over,
  };
}

/** What one of three Sentinels says of a healthy group without replicas, unless told otherwise. */
export function sentinelView(primary: NodeAddress, over: Partial<SentinelView> = {}): SentinelView {
  return {
    sentinel: { host: 's', port: 1 },
    id: 's',
    at: 0,
    primary,
    epoch: 1,
    isFailoverInProgress: false,
    isPrimaryDown: false,
    primarySeen: { role: 'primary', agoMs: 0 },
    replicas: [],
    otherSentinels: [],
    quorum: 2,
    downAfterMs: 3000,
    failoverTimeoutMs: 10_000,
    ...over,
  };
}
