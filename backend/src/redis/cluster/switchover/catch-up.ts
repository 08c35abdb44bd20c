import { sameAddress, type NodeAddress } from '../../base/address/index.js';
import type { NodeRole, RedisNode } from '../connection/index.js';
import {
  isCalledDown,
  viewsOfReplica,
  type SentinelView,
  type TopologyTracker,
} from '../topology/index.js';

/** What the replicas of a primary are compared by. */
export interface CatchUp {
  readonly tracker: TopologyTracker;
  readonly primary: RedisNode;
  /** The only replica that may be promoted; `null` if Sentinel chooses. */
  readonly to: NodeAddress | null;
  readonly views: readonly SentinelView[];
}

/**
 * Returns whether every replica that may be promoted has received all that the primary has written, except
 * the last `bytes`. Counts those that the primary lists, seen by this process or not: Sentinel may choose
 * any of them.
 */
export function areInStep(catchUp: CatchUp, bytes: number): boolean {
  const { role } = catchUp.primary;
  if (role?.kind !== 'primary') return false;
  const offsets = [...seenOffsets(catchUp, role), ...unseenOffsets(catchUp, role)];
  return offsets.length > 0 && offsets.every((offset) => offset + bytes >= role.offset);
}

type PrimaryRole = Extract<NodeRole, { kind: 'primary' }>;

// A replica knows its own offset at once; the primary hears of it only once a second. Both are true.
function seenOffsets(catchUp: CatchUp, { replicas }: PrimaryRole): number[] {
  return catchUp.tracker.replicas.flatMap(({ address, role }) => {
    if (role?.kind !== 'replica' || !mayBePromoted(catchUp, address)) return [];
    const listed = replicas.find((one) => sameAddress(one.address, address));
    return [Math.max(role.offset, listed?.offset ?? role.offset)];
  });
}

// Their addresses are as the primary sees them. Behind a NAT one of them may be a replica that is seen by
// another name: then it counts twice, which costs up to a second and loses nothing.
function unseenOffsets(catchUp: CatchUp, { replicas }: PrimaryRole): number[] {
  const seen = catchUp.tracker.replicas.filter(({ role }) => role?.kind === 'replica');
  return (
    replicas
      .filter(({ address }) => !seen.some((node) => sameAddress(node.address, address)))
      // One that is silent here and for every Sentinel is left out, or a frozen one would stop every switchover.
      .filter(
        ({ address }) => mayBePromoted(catchUp, address) && !isCalledDown(address, catchUp.views),
      )
      .map(({ offset }) => offset)
  );
}

function mayBePromoted({ to, views }: CatchUp, address: NodeAddress): boolean {
  if (to !== null) return sameAddress(address, to);
  const known = viewsOfReplica(address, views);
  return known.length === 0 || known.some(({ priority }) => priority !== 0);
}
