import { sameAddress, type NodeAddress } from '../../base/address/index.js';
import type { ReadPolicy, ResolvedRedisOptions } from '../../config/index.js';
import {
  ReturningSubscribers,
  type RedisNode,
  type TargetSource,
} from '../../cluster/connection/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';
import type { TopologyTracker } from '../../cluster/topology/index.js';
import { ReadNodes } from '../shared/read-nodes.js';
import { intentOf } from '../table/command-intent.js';

/** Which node a raw client is connected to. */
interface TargetRule {
  /** Returns the node to connect to now; `null` while there is none. */
  pick(): NodeAddress | null;
  /** Returns whether a client that is connected there may stay. */
  isCurrent(address: NodeAddress): boolean;
}

/** Where raw clients are connected to, and where the last of them went. */
export interface RawTarget extends TargetSource {
  /** The node that was chosen last; `null` before the first. */
  readonly current: NodeAddress | null;
}

/** Chooses nodes for raw clients: the primary for those that write, and others for those that only read. */
export class RawTargets {
  readonly #options: ResolvedRedisOptions;
  readonly #tracker: TopologyTracker;
  readonly #clock: Clock;
  readonly #sleepers = new Set<() => void>();
  readonly #made = new Map<ReadPolicy, RawTarget>();
  #isClosed = false;

  constructor(options: ResolvedRedisOptions, tracker: TopologyTracker, clock: Clock) {
    this.#options = options;
    this.#tracker = tracker;
    this.#clock = clock;
  }

  /** Returns where clients with this policy are connected to. */
  for(policy: ReadPolicy): RawTarget {
    const known = this.#made.get(policy);
    if (known !== undefined) return known;
    const target = policy === 'primary' ? this.#primary() : this.#reader(policy);
    this.#made.set(policy, target);
    return target;
  }

  /** Has all clients end: from now on there is no node for them. */
  close(): void {
    this.#isClosed = true;
    for (const wake of [...this.#sleepers]) wake();
  }

  #primary(): RawTarget {
    const tracker = this.#tracker;
    // While the fence is up nobody may write, so these clients are kept from the primary as well.
    const isFenced = (): boolean => tracker.gate.state.kind === 'paused';
    return this.#target(
      {
        pick: () => {
          const { primary } = tracker;
          return primary === null || isFenced() ? null : tracker.reachable(primary.address);
        },
        isCurrent: (address) => {
          const believed = tracker.primaryAddress;
          if (believed === null || isFenced()) return false;
          return sameAddress(tracker.reachable(believed), address);
        },
      },
      false,
    );
  }

  #reader(policy: ReadPolicy): RawTarget {
    const tracker = this.#tracker;
    const { maxStalenessMs } = this.#options.routing;
    const nodes = new ReadNodes(tracker, this.#clock, { readPolicy: policy, maxStalenessMs });
    nodes.refresh();
    tracker.onChange(() => {
      nodes.refresh();
    });
    const nodeAt = (address: NodeAddress): RedisNode | undefined =>
      [tracker.primary, ...tracker.replicas]
        .filter((node) => node !== null)
        .find((node) => sameAddress(tracker.reachable(node.address), address));
    return this.#target(
      {
        pick: () => {
          const node = nodes.pick({ readPolicy: null, intent: ANY_READ });
          return node === null ? null : tracker.reachable(node.address);
        },
        isCurrent: (address) => {
          const node = nodeAt(address);
          if (node?.state.kind !== 'ready') return false;
          // It may be busy with what this very client asked: a cut would only repeat that elsewhere.
          return node.isStalled || nodes.isGoodEnough(node);
        },
      },
      true,
    );
  }

  #target(rule: TargetRule, mayBeReplica: boolean): RawTarget {
    const tracker = this.#tracker;
    let current: NodeAddress | null = null;
    return {
      access: this.#options.node,
      clock: this.#clock,
      mayBeReplica,
      returning: new ReturningSubscribers(),
      isClosed: () => this.#isClosed,
      get current() {
        return current;
      },
      next: async () => {
        while (!this.#isClosed) {
          current = rule.pick();
          if (current !== null) return current;
          await this.#untilChange();
        }
        return null;
      },
      isCurrent: (address) => rule.isCurrent(address),
      // What a single node does matters only to those that choose between several.
      onMove: (listener): Stop =>
        tracker.onChange((node) => {
          if (node === null || mayBeReplica) listener();
        }),
    };
  }

  #untilChange(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        stop();
        this.#sleepers.delete(wake);
        resolve();
      };
      const stop = this.#tracker.onChange(wake);
      this.#sleepers.add(wake);
    });
  }
}

// One that takes about the same short time with any data: it spares no node.
const ANY_READ = intentOf('get', []);
