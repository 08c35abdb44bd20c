import { sameAddress, type NodeAddress } from '../../base/address/index.js';
import type { SentinelView } from './sentinel-view.js';

/** The primary that is believed in, and Sentinel's epoch of that belief. */
export interface KnownPrimary {
  readonly address: NodeAddress;
  readonly epoch: number;
}

/** What to do with what the Sentinels say. */
export type TopologyPlan =
  /** Too few have answered to believe any. */
  | { readonly kind: 'wait' }
  | {
      readonly kind: 'follow';
      readonly primary: NodeAddress;
      readonly epoch: number;
      readonly replicas: readonly NodeAddress[];
    };

/** The present state of knowledge. */
export interface TopologyQuestion {
  readonly known: KnownPrimary | null;
  /** The last answer of each Sentinel that answers. */
  readonly views: readonly SentinelView[];
  /** How many Sentinels are known of, answering or not. */
  readonly sentinelCount: number;
  /** True when a first answer has waited long enough for the others. */
  readonly isPatienceOver: boolean;
  /** For how long nobody who answers has known an epoch as new as ours; 0 while somebody does. */
  readonly outdatedForMs: number;
}

const FRESH_START_AFTER_MS = 10_000;

/**
 * Decides whom to follow. The highest config-epoch wins; among equals the majority, then the
 * primary we have. An older epoch than the known one is believed only when the Sentinels were set
 * up anew: a majority of all says the same, none says what we knew, and it lasts. Right after a
 * switch most Sentinels are merely behind, for up to the two seconds between their messages.
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
    // Nobody here knows as much as we do: keep the primary, take nothing from them.
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
  // The callers pass at least one view.
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
