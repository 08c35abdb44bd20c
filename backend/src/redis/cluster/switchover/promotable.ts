import { formatAddress, sameAddress, type NodeAddress } from '../../base/address/index.js';
import type { ReplicaView, SentinelDesk, SentinelView } from '../topology/index.js';
import type { Steps } from './steps.js';

/**
 * Waits until a Sentinel lists a replica that it would promote: a healthy one, whose priority is not 0, and
 * the wanted one if one is wanted. For about a second after a switch none does, because each Sentinel asks
 * the nodes anew who they are; it would refuse the failover while the writes are paused already.
 */
export async function somePromotable(
  sentinels: SentinelDesk,
  to: NodeAddress | null,
  steps: Steps,
): Promise<void> {
  await steps.until(
    () => `a Sentinel to list a replica that it may promote (${listed(sentinels.views(), to)})`,
    () => sentinels.views().some((view) => wouldPromote(view, to)),
    () => void sentinels.lookAgain(),
  );
}

/** Returns whether this Sentinel lists a replica that it would promote. */
export function wouldPromote({ replicas }: SentinelView, to: NodeAddress | null): boolean {
  return replicas.some(
    (replica) => isWanted(replica, to) && replica.isHealthy && !!replica.priority,
  );
}

function isWanted({ address }: ReplicaView, to: NodeAddress | null): boolean {
  return to === null || sameAddress(address, to);
}

function listed(views: readonly SentinelView[], to: NodeAddress | null): string {
  const each = views.map(({ sentinel, replicas }) => {
    const wanted = replicas.filter((replica) => isWanted(replica, to));
    return `${formatAddress(sentinel)} lists ${wanted.map(describe).join(', ') || 'none'}`;
  });
  return each.join('; ') || 'no Sentinel answers';
}

function describe({ address, isHealthy, priority }: ReplicaView): string {
  const health = isHealthy ? '' : ' as not linked to the primary or down,';
  return `${formatAddress(address)}${health} with priority ${String(priority)}`;
}
