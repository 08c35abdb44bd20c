import { formatAddress, sameAddress, type NodeAddress } from '../../../base/address/index.js';
import type { SeenRole, SentinelView } from './sentinel-view.js';

/**
 * A node whose present role a Sentinel has not seen: it has last seen it in the other one, has not looked for too long, or
 * does not know it yet.
 */
export interface UnseenRole {
  readonly sentinel: NodeAddress;
  readonly node: NodeAddress;
  readonly held: SeenRole['role'];
  /** What it saw; where it does not know the node, of the primary, which tells it of replicas. */
  readonly seen: SeenRole;
  readonly isKnown: boolean;
}

// Sentinel asks each node for its INFO so often, and promotes none whose last one is older than three of them.
const LOOKS_EVERY_MS = 10_000;
const BLIND_AFTER_MS = 3 * LOOKS_EVERY_MS;

/**
 * Returns the roles that Sentinels have not seen yet. After a failover each has last seen the old primary as one,
 * until it looks again. If that node is promoted meanwhile, a Sentinel that does not lead the failover takes it
 * for a primary of long ago that came back: it makes it a replica again at its next look, and the failover is undone.
 * A node that it calls down is left out: it touches none before that has been back for eight seconds.
 *
 * One that it has not looked at for thirty seconds may be anything by now, and it does not promote it.
 *
 * A replica is heard of when the primary is asked, so one Sentinel may know of it ten seconds before another, which
 * answers a failover with `NOGOODSLAVE` until then.
 */
export function unseenRoles(views: readonly SentinelView[]): UnseenRole[] {
  return views.flatMap((view) => {
    const { sentinel, primary, isPrimaryDown, primarySeen, replicas } = view;
    const known = { sentinel, isKnown: true } as const;
    return [
      ...(isUnseen(primarySeen, 'primary') && !isPrimaryDown
        ? [{ ...known, node: primary, held: 'primary' as const, seen: primarySeen }]
        : []),
      ...replicas
        .filter(({ seen, isDown }) => isUnseen(seen, 'replica') && !isDown)
        .map(({ address, seen }) => ({ ...known, node: address, held: 'replica' as const, seen })),
      ...(isPrimaryDown ? [] : unknownReplicas(view, views)),
    ];
  });
}

function isUnseen(seen: SeenRole, held: SeenRole['role']): boolean {
  return seen.role !== held || seen.agoMs > BLIND_AFTER_MS;
}

/** Returns the replicas that others see linked to the primary of this Sentinel, and that it does not know. */
function unknownReplicas(view: SentinelView, views: readonly SentinelView[]): UnseenRole[] {
  const { sentinel, primary, primarySeen: seen } = view;
  const linked = views
    .filter((other) => sameAddress(other.primary, primary))
    .flatMap(({ replicas }) => replicas.filter(({ isHealthy }) => isHealthy));
  const names = new Map(linked.map(({ address }) => [formatAddress(address), address]));
  for (const { address } of view.replicas) names.delete(formatAddress(address));
  return [...names.values()].map((node) => ({
    ...{ sentinel, node, held: 'replica', seen, isKnown: false },
  }));
}

/** Returns whether the Sentinel has missed several looks, so that waiting for the next one may be in vain. */
export function isBlind({ seen }: UnseenRole): boolean {
  return seen.agoMs > BLIND_AFTER_MS;
}

/** Says in words what a Sentinel has seen last, and when it looks again. */
export function describeUnseen(unseen: UnseenRole): string {
  const { sentinel, node, seen, isKnown } = unseen;
  const inSeconds = (ms: number): string => String(Math.ceil(ms / 1_000));
  const ago = inSeconds(seen.agoMs);
  const what = isKnown
    ? `has last seen ${formatAddress(node)} as a ${seen.role}, ${ago} s ago,`
    : `does not know the replica ${formatAddress(node)} yet, has asked the primary ${ago} s ago,`;
  const next = isBlind(unseen)
    ? `should look every ${inSeconds(LOOKS_EVERY_MS)} s`
    : `looks again within ${inSeconds(Math.max(1_000, LOOKS_EVERY_MS - seen.agoMs))} s`;
  return `${formatAddress(sentinel)} ${what} and ${next}`;
}
