import { formatAddress, type NodeAddress } from '../../../base/address/index.js';
import type { SeenRole, SentinelView } from './sentinel-view.js';

/** A node that a Sentinel holds in one role, and has last seen in the other. */
export interface UnseenRole {
  readonly sentinel: NodeAddress;
  readonly node: NodeAddress;
  readonly held: SeenRole['role'];
  readonly seen: SeenRole;
}

// Sentinel asks each node for its INFO so often, and promotes none whose last one is older than three of them.
const LOOKS_EVERY_MS = 10_000;
const BLIND_AFTER_MS = 3 * LOOKS_EVERY_MS;

/**
 * Returns the roles that Sentinels have not seen yet. After a failover each has last seen the old primary as one,
 * until it looks again. If that node is promoted meanwhile, a Sentinel that does not lead the failover takes it
 * for a primary of long ago that came back: it makes it a replica again at its next look, and the failover is undone.
 * A node that it calls down is left out: it touches none before that has been back for eight seconds.
 */
export function unseenRoles(views: readonly SentinelView[]): UnseenRole[] {
  return views.flatMap(({ sentinel, primary, isPrimaryDown, primarySeen, replicas }) => [
    ...(primarySeen.role === 'replica' && !isPrimaryDown
      ? [{ sentinel, node: primary, held: 'primary' as const, seen: primarySeen }]
      : []),
    ...replicas
      .filter(({ seen, isDown }) => seen.role === 'primary' && !isDown)
      .map(({ address, seen }) => ({
        ...{ sentinel, node: address, seen },
        held: 'replica' as const,
      })),
  ]);
}

/** Returns whether the Sentinel has missed several looks, so that waiting for the next one may be in vain. */
export function isBlind({ seen }: UnseenRole): boolean {
  return seen.agoMs > BLIND_AFTER_MS;
}

/** Says in words what a Sentinel has seen last, and when it looks again. */
export function describeUnseen(unseen: UnseenRole): string {
  const { sentinel, node, seen } = unseen;
  const inSeconds = (ms: number): string => String(Math.ceil(ms / 1_000));
  const ago = inSeconds(seen.agoMs);
  const next = isBlind(unseen)
    ? `should look every ${inSeconds(LOOKS_EVERY_MS)} s`
    : `looks again within ${inSeconds(Math.max(1_000, LOOKS_EVERY_MS - seen.agoMs))} s`;
  return `${formatAddress(sentinel)} has last seen ${formatAddress(node)} as a ${seen.role}, ${ago} s ago, and ${next}`;
}
