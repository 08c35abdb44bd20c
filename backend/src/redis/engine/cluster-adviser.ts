import type { ResolvedRedisOptions } from '../config/index.js';
import type { EventBus } from '../base/events/index.js';
import type { Stop } from '../base/timing/index.js';
import {
  adviseOnEviction,
  adviseOnMinReplicas,
  adviseOnSentinels,
  type SentinelDesk,
  type TopologyTracker,
} from '../cluster/topology/index.js';

/** Whose settings are read. */
interface Advised {
  readonly tracker: TopologyTracker;
  readonly sentinels: SentinelDesk | null;
}

/** Reads the settings of the cluster when it is connected, and reports each problem once. */
export class ClusterAdviser {
  readonly #options: ResolvedRedisOptions;
  readonly #group: Advised;
  readonly #bus: EventBus;
  readonly #stop: Stop;
  #hasSessions = false;

  constructor(options: ResolvedRedisOptions, group: Advised, bus: EventBus) {
    this.#options = options;
    this.#group = group;
    this.#bus = bus;
    this.#stop = bus.on('primary.ready', () => {
      void this.#look();
    });
  }

  /** From now on sessions are kept in this Redis: what it evicts matters. */
  noteSessions(): void {
    if (this.#hasSessions) return;
    this.#hasSessions = true;
    void this.#lookAtEviction();
  }

  /** Stops. */
  close(): void {
    this.#stop();
  }

  async #look(): Promise<void> {
    await this.#lookAtEviction();
    if (this.#options.mode !== 'sentinel') return;
    const views = this.#group.sentinels?.views() ?? [];
    // Uses the view that lists the most other Sentinels: an early view may not list all yet.
    const view = [...views].sort((a, b) => b.otherSentinels.length - a.otherSentinels.length)[0];
    if (view === undefined) return;
    for (const problem of adviseOnSentinels(view, this.#options.sentinel.masterName)) {
      this.#bus.doubt(problem);
    }
    const replication = await this.#ask('replication');
    // It says how many replicas are good enough only where some are asked for, and not how many.
    if (replication === null || /^min_\w+_good_\w+:/m.test(replication)) return;
    for (const problem of adviseOnMinReplicas(0, view.replicas.length)) this.#bus.doubt(problem);
  }

  async #lookAtEviction(): Promise<void> {
    if (!this.#hasSessions) return;
    const memory = (await this.#ask('memory')) ?? '';
    const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
    const maxMemory = /^maxmemory:(\d+)/m.exec(memory)?.[1];
    if (policy === undefined || maxMemory === undefined) return;
    for (const problem of adviseOnEviction(Number(maxMemory), policy)) this.#bus.doubt(problem);
  }

  // Not CONFIG GET: managed services do not permit it, and who may use it reads the password of the replicas.
  async #ask(section: string): Promise<string | null> {
    try {
      const answer = await this.#group.tracker.primary?.call('info', section);
      return typeof answer === 'string' ? answer : null;
    } catch {
      return null;
    }
  }
}
