import { sameAddress, type NodeAddress } from '../../../base/address/index.js';
import type { ReplicaView, SentinelView } from './sentinel-view.js';
import type { TopologyReport } from './topology-source.js';

/** One Sentinel, as a health report shows it. */
export interface SentinelStatus {
  readonly address: NodeAddress;
  readonly isAnswering: boolean;
  /** For how long it has not answered; 0 while it does. */
  readonly silentMs: number;
  readonly isSubscribed: boolean;
  readonly problem: string | null;
}

/** The Sentinels of one group: what they say, and what may be asked of them. */
export interface SentinelDesk {
  /** All of them, whether they answer or not. */
  statuses(): readonly SentinelStatus[];
  /** The last view of each one that answers. */
  views(): readonly SentinelView[];
  /** Asks all for a new view. Resolves when all have answered or their deadline has passed. */
  lookAgain(): Promise<void>;
  /** Sends one `SENTINEL` command to the first one whose view `choose` accepts. `null` if there is none. */
  ask(choose: (view: SentinelView) => boolean, ...args: readonly string[]): Promise<unknown> | null;
}

/** Returns how the Sentinels see one node as a replica. */
export function viewsOfReplica(
  address: NodeAddress,
  views: readonly SentinelView[],
): readonly ReplicaView[] {
  return views
    .flatMap(({ replicas }) => replicas)
    .filter((replica) => sameAddress(replica.address, address));
}

/** Returns whether every Sentinel that knows the replica calls it down. */
export function isCalledDown(address: NodeAddress, views: readonly SentinelView[]): boolean {
  const known = viewsOfReplica(address, views);
  return known.length > 0 && known.every(({ isHealthy }) => !isHealthy);
}

/** Returns what the views say of the nodes. */
export function reportOf(views: readonly SentinelView[]): TopologyReport {
  // Only the Sentinel that leads a failover reports it, and that one may not be reachable now.
  const isQuiet = views.length > 0 && !views.some((view) => view.isFailoverInProgress);
  return {
    isDown: (address) => isCalledDown(address, views),
    noFailoverSince: isQuiet ? Math.min(...views.map(({ at }) => at)) : null,
  };
}
