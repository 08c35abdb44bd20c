import { formatAddress, sameAddress, type NodeAddress } from '../../base/address/index.js';
import type { RedisNode } from '../connection/index.js';
import type { TopologyTracker } from './topology-tracker.js';

// More would say no more.
const SHOWN_REPLICAS = 3;

/**
 * Returns why no write can be sent now, for people: what is missing, and what to do about it where that is known. Errors,
 * log and events say it in the same words.
 *
 * @param refusal - the first word of the last refusal of this command; `null` when there was none
 */
export function whyNoWrites(tracker: TopologyTracker, refusal: string | null = null): string {
  const { primaryAddress, gate } = tracker;
  if (primaryAddress === null) return `no primary is known yet (${tracker.whyUnknown})`;
  if (gate.state.kind === 'paused') return `writes are held back (${gate.state.reason.step})`;
  return whyNotPrimary(tracker, primaryAddress) ?? refusesWrites(tracker, primaryAddress, refusal);
}

/** Returns why no node can answer a read now: of the primary, of the replicas, or of all of them. */
export function whyNoReads(
  tracker: TopologyTracker,
  from: { readonly primary: boolean; readonly replicas: boolean },
): string {
  const { primaryAddress, replicaAddresses } = tracker;
  if (primaryAddress === null) return `no primary is known yet (${tracker.whyUnknown})`;
  const shown = from.replicas ? replicaAddresses.slice(0, SHOWN_REPLICAS) : [];
  const reasons = [
    from.primary ? whyNotPrimary(tracker, primaryAddress) : null,
    ...shown.map((address) => whyNotReplica(tracker, address)),
  ].filter((reason) => reason !== null);
  if (reasons.length > 0) return reasons.join('; ');
  if (!from.primary) return 'no replica is known';
  return `the primary ${formatAddress(primaryAddress)} takes no more for now`;
}

function whyNotPrimary(tracker: TopologyTracker, address: NodeAddress): string | null {
  const where = formatAddress(address);
  const node = tracker.primaryConnection;
  const away = whyNotThere(node);
  if (away !== null) return `the primary ${where} ${away}`;
  const role = node?.role ?? null;
  if (role === null || role.kind === 'primary') return null;
  return `${where} is no primary: it ${tracker.whyNotPrimary(role)}`;
}

function whyNotReplica(tracker: TopologyTracker, address: NodeAddress): string {
  const where = formatAddress(address);
  const node = tracker.replicas.find((one) => sameAddress(one.address, address)) ?? null;
  const away = whyNotThere(node);
  if (away !== null) return `the replica ${where} ${away}`;
  const role = node?.role ?? null;
  if (role?.kind !== 'replica') return `${where} is not a replica yet`;
  if (!role.isLinked) return `the replica ${where} has no link to its primary`;
  return `the replica ${where} is further behind than allowed, or takes no more for now`;
}

// As the end of a sentence about the node; `null` when it is connected and answers.
function whyNotThere(node: RedisNode | null): string | null {
  if (node === null) return 'is not connected';
  const { state } = node;
  if (state.kind === 'lost') return `cannot be used: ${state.reason}`;
  if (state.kind === 'connecting') {
    return state.reason === null ? 'is being connected to' : `cannot be used: ${state.reason}`;
  }
  if (state.kind === 'closed') return 'is not connected any more';
  return node.isStalled ? 'does not answer' : null;
}

function refusesWrites(
  tracker: TopologyTracker,
  address: NodeAddress,
  refusal: string | null,
): string {
  const reason = refusal ?? tracker.refusal?.reason ?? null;
  return `the primary ${formatAddress(address)} refuses writes${reason === null ? '' : ` (${reason})`}`;
}
