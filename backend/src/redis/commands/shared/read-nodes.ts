import { sameAddress } from '../../base/address/index.js';
import { type ReadPolicy } from '../../config/index.js';
import type { RedisNode } from '../../cluster/connection/index.js';
import type { Clock } from '../../base/timing/index.js';
import type { TopologyTracker } from '../../cluster/topology/index.js';
import type { CommandIntent } from '../table/command-intent.js';
import { KnownHistories } from './known-histories.js';
import { costOf } from './read-cost.js';
import { orderCandidates, type ReadCandidate } from './read-policy.js';

interface Candidate extends ReadCandidate {
  readonly node: RedisNode;
}

/** What the choice of a node depends on, apart from the nodes. */
export interface ReadQuestion {
  /** The policy of this call; `null` for the usual one. */
  readonly readPolicy: ReadPolicy | null;
  readonly intent: CommandIntent;
}

/** Chooses a node for each read. The groups of nodes are kept ready, so that a choice costs little. */
export class ReadNodes {
  readonly #tracker: TopologyTracker;
  readonly #clock: Clock;
  readonly #policy: ReadPolicy;
  readonly #maxStalenessMs: number | null;
  readonly #histories = new KnownHistories();
  #primary: RedisNode | null = null;
  #usual: readonly (readonly RedisNode[])[] = [];
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

  /** Looks at the nodes again. Must be called after each change of the cluster. */
  refresh(): void {
    this.#primary = this.#tracker.primary;
    if (this.#primary !== null) this.#histories.add(this.#primary.replicationIds);
    this.#usual = this.#groupsFor(this.#policy);
  }

  /** Returns the least busy of the best nodes; `null` while no node may serve. */
  pick({ readPolicy, intent }: ReadQuestion, except: RedisNode | null = null): RedisNode | null {
    // With a bound on staleness the choice depends on the time, not only on changes.
    const isUsual = readPolicy === null && this.#maxStalenessMs === null;
    for (const group of isUsual ? this.#usual : this.#groupsFor(readPolicy ?? this.#policy)) {
      const node = this.#leastBusy(group, except);
      if (node === null) continue;
      const isSpared =
        node === this.#primary && !intent.isFast && !this.#mayBurdenPrimary(intent, readPolicy);
      if (!isSpared) return node;
    }
    return null;
  }

  /** Returns whether a node may go on serving whoever is connected to it: nothing better is there. */
  isGoodEnough(node: RedisNode): boolean {
    const groups = this.#maxStalenessMs === null ? this.#usual : this.#groupsFor(this.#policy);
    // By round-trip time another one is better each second.
    const good = this.#policy === 'nearest' ? groups.flat() : groups[0];
    return good?.includes(node) ?? false;
  }

  #groupsFor(policy: ReadPolicy): RedisNode[][] {
    return orderCandidates(this.#candidates(), policy, this.#maxStalenessMs).map((group) =>
      group.map(({ node }) => node),
    );
  }

  /*
   * A read that may take any time, and whose replicas are busy already, would stop the writes of
   * everybody if it went to the primary. It waits for a replica instead.
   */
  #mayBurdenPrimary(intent: CommandIntent, readPolicy: ReadPolicy | null): boolean {
    const policy = readPolicy ?? this.#policy;
    if (policy !== 'replica-preferred' || costOf(intent) !== 'heavy') return true;
    return !this.#tracker.replicas.some((node) => node.isStalled);
  }

  #candidates(): Candidate[] {
    const ours = this.#tracker.replicas.filter(({ replicationIds }) =>
      this.#histories.includesAny(replicationIds),
    );
    const candidates = ours.map((node) => this.#replicaCandidate(node));
    const primary = this.#tracker.primary;
    if (primary !== null) {
      candidates.push({
        node: primary,
        isPrimary: true,
        isThere: isThere(primary),
        isInStep: true,
        stalenessMs: 0,
        rttMs: primary.rttMs,
      });
    }
    return candidates;
  }

  #replicaCandidate(node: RedisNode): Candidate {
    const { role } = node;
    const isReplica = role?.kind === 'replica';
    return {
      node,
      isPrimary: false,
      // Another node that says it is a primary is an old one, from before a switch.
      isThere: isReplica && isThere(node),
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
  #leastBusy(nodes: readonly RedisNode[], except: RedisNode | null): RedisNode | null {
    let best: RedisNode | null = null;
    this.#turn++;
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[(this.#turn + i) % nodes.length];
      if (node?.acceptsJobs !== true || node === except) continue;
      if (best === null || node.inflight < best.inflight) best = node;
    }
    return best;
  }
}

// Whether it is full for the moment is looked at with each choice: nobody tells when it is not any more.
function isThere(node: RedisNode): boolean {
  return node.state.kind === 'ready' && !node.isStalled;
}
