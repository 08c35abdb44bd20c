import type { NodeAddress } from '../../src/redis/base/address/index.js';
import {
  planTopology,
  type KnownPrimary,
  type SentinelView,
  type TopologySource,
} from '../../src/redis/cluster/topology/index.js';
import { replicaView, sentinelView } from '../support/sentinel-views.js';

type SourceListener = Parameters<TopologySource['start']>[0];

interface News {
  readonly primary: NodeAddress;
  readonly epoch: number;
}

/** Three Sentinels that hear of a new primary one after the other, and the source that follows what they agree on. */
export class ModelSentinels implements TopologySource {
  readonly accessRefusedAt = null;
  readonly #nodes: readonly NodeAddress[];
  readonly #told: News[];
  #listener: SourceListener | null = null;
  #known: KnownPrimary | null = null;
  #epoch = 1;

  constructor(nodes: readonly [NodeAddress, ...NodeAddress[]]) {
    this.#nodes = nodes;
    this.#told = [1, 2, 3].map(() => ({ primary: nodes[0], epoch: 1 }));
  }

  start(listener: SourceListener): void {
    this.#listener = listener;
  }

  lookAgain(): Promise<void> {
    return Promise.resolve();
  }

  setUrgent(): void {
    // They answer when the history says so.
  }

  whyNotPrimary(): string {
    return 'is none';
  }
  whyUnknown(): string {
    return 'nobody was asked';
  }

  close(): void {
    this.#listener = null;
  }

  /** Another node is the primary. So many of them know it at once. */
  promote(primary: NodeAddress, knowers: number): void {
    const news: News = { primary, epoch: ++this.#epoch };
    for (let n = 0; n < knowers; n++) this.#told[n] = news;
  }

  /** All of them have heard of the newest primary. */
  catchUp(): void {
    const newest = this.#told.reduce((a, b) => (b.epoch > a.epoch ? b : a));
    this.#told.fill(newest);
  }

  /** These answer; the others are silent. */
  answer(numbers: readonly number[]): void {
    const views = numbers.map((n) => this.#view(n));
    const plan = planTopology({
      known: this.#known,
      views,
      sentinelCount: this.#told.length,
      isPatienceOver: true,
      outdatedForMs: 0,
    });
    if (plan.kind === 'wait') return;
    this.#known = { address: plan.primary, epoch: plan.epoch };
    this.#listener?.onTopology(plan.primary, plan.epoch, plan.replicas);
  }

  #view(n: number): SentinelView {
    const { primary, epoch } = this.#told[n] as News;
    const replicas = this.#nodes.filter((node) => node !== primary);
    return sentinelView(primary, {
      sentinel: { host: 'sentinel', port: n + 1 },
      id: String(n),
      epoch,
      replicas: replicas.map((address) => replicaView(address)),
    });
  }
}
