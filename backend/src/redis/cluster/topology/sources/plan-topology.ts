import { sameAddress, type NodeAddress } from '../../../base/address/index.js';
import type { SentinelView } from './sentinel-view.js';

/** The primary that is followed, and the config-epoch in which Sentinel named it. */
export interface KnownPrimary {
  readonly address: NodeAddress;
  readonly epoch: number;
}

/** What to do with the answers of the Sentinels. */
export type TopologyPlan =
  /** Keep the present primary, or none: too few have answered, or they are behind. */
  | { readonly kind: 'wait' }
  | {
      readonly kind: 'follow';
      readonly primary: NodeAddress;
      readonly epoch: number;
      readonly replicas: readonly NodeAddress[];
    };

/** What the decision is made from. */
export interface TopologyQuestion {
  readonly known: KnownPrimary | null;
  /** The last view of each Sentinel that answers. */
  readonly views: readonly SentinelView[];
  /** How many Sentinels are known, whether they answer or not. */
  readonly sentinelCount: number;
  /** True when the other Sentinels had enough time to answer since the first did. */
  readonly isPatienceOver: boolean;
  /** For how long no answering Sentinel has had an epoch as new as the known one; 0 while one has. */
  readonly outdatedForMs: number;
}

const FRESH_START_AFTER_MS = 10_000;

/**
 * Decides which primary to follow. The highest config-epoch wins; among views of the same epoch the
 * majority does, and in a tie the present primary. An older epoch than the known one counts only when
 * the Sentinels were set up again: a majority of all names the same primary, none has the known epoch,
 * and both stay true for a while. Right after a switch most Sentinels are only behind, for up to the
 * two seconds between their messages.
 */
export function planTopology(question: TopologyQuestion): TopologyPlan {
  const { known, views } = question;
  if (views.length === 0) return { kind: 'wait' };
  if (known === null) {
    const hasMajority = views.length * 2 > question.sentinelCount;
    if (!hasMajority && !question.isPatienceOver) return { kind: 'wait' };
  }
  const newest = Math.max(...views.map((view) => view.epoch));
  if (known !== null && newest < known.epoch && !isFreshStart(question)) {
    // All these Sentinels are behind: keep the primary and the replicas.
    return { kind: 'wait' };
  }
  const believed = views.filter((view) => view.epoch === newest);
  const primary = mostNamed(believed, known?.address ?? null);
  const witnesses = believed.filter((view) => sameAddress(view.primary, primary));
  return { kind: 'follow', primary, epoch: newest, replicas: replicasOf(witnesses, primary) };
}

function isFreshStart(question: TopologyQuestion): boolean {
  const { known, views, sentinelCount, outdatedForMs } = question;
  const first = views[0];
  if (known === null || first === undefined || outdatedForMs < FRESH_START_AFTER_MS) return false;
  const agree = views.every(
    (view) => view.epoch < known.epoch && sameAddress(view.primary, first.primary),
  );
  return agree && views.length * 2 > sentinelCount && views.length > 1;
}

function mostNamed(views: readonly SentinelView[], preferred: NodeAddress | null): NodeAddress {
  let best: { address: NodeAddress; votes: number } | null = null;
  for (const { primary } of views) {
    let votes = views.filter((view) => sameAddress(view.primary, primary)).length;
    if (preferred !== null && sameAddress(preferred, primary)) votes += 0.5;
    if (best === null || votes > best.votes) best = { address: primary, votes };
  }
  // The caller passes at least one view.
  return (best as { address: NodeAddress }).address;
}

function replicasOf(views: readonly SentinelView[], primary: NodeAddress): NodeAddress[] {
  const replicas: NodeAddress[] = [];
  const mentioned = views.flatMap((view) => view.replicas.map((replica) => replica.address));
  for (const address of mentioned) {
    const isKnown = replicas.some((replica) => sameAddress(replica, address));
    if (!isKnown && !sameAddress(address, primary)) replicas.push(address);
  }
  return replicas;
}
