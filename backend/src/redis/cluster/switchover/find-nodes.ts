import {
  formatAddress,
  readAddress,
  sameAddress,
  type NodeAddress,
} from '../../base/address/index.js';
import { InvalidArgumentError, SwitchoverFailedError } from '../../base/errors/index.js';
import type { RedisNode } from '../connection/index.js';
import type { TopologyTracker } from '../topology/index.js';

const DEFAULT_PORT = 6379;

/** The two nodes of a switchover. */
interface Nodes {
  readonly old: RedisNode;
  readonly to: NodeAddress | null;
}

/** Returns the present primary and the replica that was asked for. Refuses what makes a switchover impossible. */
export function findNodes(tracker: TopologyTracker, wanted: NodeAddress | string | null): Nodes {
  const old = requirePrimary(tracker);
  return { old, to: wanted === null ? null : requireReplica(tracker, wanted) };
}

function requirePrimary(tracker: TopologyTracker): RedisNode {
  const { primary } = tracker;
  if (primary === null || !tracker.isWritable) {
    throw new SwitchoverFailedError('The primary does not take writes now; nothing was changed');
  }
  return primary;
}

function requireReplica(tracker: TopologyTracker, to: unknown): NodeAddress {
  const known = tracker.replicaAddresses;
  const wanted = readAddress(to, DEFAULT_PORT);
  const found = wanted.ok && known.find((address) => sameAddress(address, wanted.address));
  if (found) return found;
  throw new InvalidArgumentError({
    field: 'to',
    value: wanted.ok ? formatAddress(wanted.address) : String(to),
    message: wanted.ok ? 'it is not a replica of this group' : `it ${wanted.reason}`,
    remedy: `Choose one of ${known.map(formatAddress).join(', ') || '(none is known)'}`,
  });
}
