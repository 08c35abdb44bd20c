import { sameAddress } from '../../base/address/index.js';
import { type ReadPolicy } from '../../config/index.js';
import type { SharedConnection } from '../../cluster/connection/index.js';
import type { Clock } from '../../base/timing/index.js';
import type { TopologyTracker } from '../../cluster/topology/index.js';
import { orderCandidates, type ReadCandidate } from './read-policy.js';

interface Candidate extends ReadCandidate {
  readonly node: SharedConnection;
}

/** Chooses a node for each read. The best nodes are kept ready, so that a choice costs little. */
export class ReadNodes {
  readonly #tracker: TopologyTracker;
  readonly #clock: Clock;
  readonly #policy: ReadPolicy;
  readonly #maxStalenessMs: number | null;
  #best: readonly SharedConnection[] = [];
  #turn = 0;

  constructor(
    tracker: TopologyTracker,
    clock: Clock,
    routing: { readonly readPolicy: ReadPolicy; readonly maxStalenessMs: number | null },
  ) {
    this.#tracker = tracker;
    this.#clock = clock;
    this.#policy = routing.readPolicy;
    this.#maxStalenessMs = routing.maxStalenessMs;
  }

  /** Finds the best nodes again. Must be called after each change of the cluster. */
  refresh(): void {
    this.#best = this.#groupsFor(this.#policy)[0] ?? [];
  }

  /** Returns the least busy of the best nodes; `null` while no node may serve. */
  pick(policy: ReadPolicy | null, except: SharedConnection | null = null): SharedConnection | null {
    // With a bound on staleness the choice depends on the time, not only on changes.
    const isCached = policy === null && except === null && this.#maxStalenessMs === null;
    if (isCached) return this.#leastBusy(this.#best);
    for (const group of this.#groupsFor(policy ?? this.#policy)) {
      const node = this.#leastBusy(group.filter((one) => one !== except));
      if (node !== null) return node;
    }
    return null;
  }

  #groupsFor(policy: ReadPolicy): SharedConnection[][] {
    return orderCandidates(this.#candidates(), policy, this.#maxStalenessMs).map((group) =>
      group.map(({ node }) => node),
    );
  }

  #candidates(): Candidate[] {
    const candidates = this.#tracker.replicaConnections.map((node) => this.#replicaCandidate(node));
    const primary = this.#tracker.primary;
    if (primary !== null) {
      candidates.push({
        node: primary,
        isPrimary: true,
        acceptsJobs: primary.acceptsJobs,
        isInStep: true,
        stalenessMs: 0,
        rttMs: primary.rttMs,
      });
    }
    return candidates;
  }

  #replicaCandidate(node: SharedConnection): Candidate {
    const { role } = node;
    const isReplica = role?.kind === 'replica';
    return {
      node,
      isPrimary: false,
      // Another node that says it is a primary is an old one, from before a switch.
      acceptsJobs: isReplica && node.acceptsJobs,
      isInStep: isReplica && role.isLinked && !this.#followsAnother(role.primary),
      stalenessMs: isReplica
        ? this.#tracker.lag.stalenessMs(this.#clock.now(), node.roleAt, role.offset)
        : null,
      rttMs: node.rttMs,
    };
  }

  // A replica may have a good link to a node that is no longer the primary.
  #followsAnother(followed: { readonly host: string; readonly port: number }): boolean {
    const { primaryAddress, replicaAddresses } = this.#tracker;
    if (primaryAddress !== null && sameAddress(primaryAddress, followed)) return false;
    return replicaAddresses.some((address) => sameAddress(address, followed));
  }

  // Equally busy nodes take turns, so that every replica gets its share, also under little load.
  #leastBusy(nodes: readonly SharedConnection[]): SharedConnection | null {
    let best: SharedConnection | null = null;
    this.#turn++;
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[(this.#turn + i) % nodes.length];
      if (node?.acceptsJobs !== true) continue;
      if (best === null || node.inflight < best.inflight) best = node;
    }
    return best;
  }
}
