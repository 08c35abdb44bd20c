import type { ResolvedRedisOptions } from '../config/index.js';
import type { Problem } from '../base/errors/index.js';
import type { EventBus } from '../base/events/index.js';
import type { Stop } from '../base/timing/index.js';
import {
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
  readonly #said = new Set<string>();
  readonly #stop: Stop;

  constructor(options: ResolvedRedisOptions, group: Advised, bus: EventBus) {
    this.#options = options;
    this.#group = group;
    this.#bus = bus;
    this.#stop = bus.on('primary.ready', () => {
      void this.#look();
    });
  }

  /** Stops. */
  close(): void {
    this.#stop();
  }

  async #look(): Promise<void> {
    if (this.#options.mode !== 'sentinel') return;
    const views = this.#group.sentinels?.views() ?? [];
    // Uses the view that lists the most other Sentinels: an early view may not list all yet.
    const view = [...views].sort((a, b) => b.otherSentinels.length - a.otherSentinels.length)[0];
    if (view === undefined) return;
    for (const problem of adviseOnSentinels(view, this.#options.sentinel.masterName)) {
      this.#say(problem);
    }
    const minReplicas = await this.#readMinReplicas();
    if (minReplicas === null) return;
    for (const problem of adviseOnMinReplicas(minReplicas, view.replicas.length)) {
      this.#say(problem);
    }
  }

  // Managed services often do not permit CONFIG: then nothing is reported.
  async #readMinReplicas(): Promise<number | null> {
    try {
      const answer = await this.#group.tracker.primary?.call(
        'config',
        'get',
        'min-replicas-to-write',
      );
      return Array.isArray(answer) ? Number(answer[1]) : null;
    } catch {
      return null;
    }
  }

  #say(problem: Problem): void {
    const key = `${problem.field} ${problem.message}`;
    if (this.#said.has(key)) return;
    this.#said.add(key);
    this.#bus.emit({ type: 'settings.doubtful', problem });
  }
}
