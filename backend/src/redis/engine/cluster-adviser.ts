import type { ResolvedRedisOptions } from '../config/index.js';
import type { Problem } from '../base/errors/index.js';
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
  readonly #said = new Set<string>();
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
      this.#say(problem);
    }
    const minReplicas = await this.#setting('min-replicas-to-write');
    if (minReplicas === null) return;
    for (const problem of adviseOnMinReplicas(Number(minReplicas), view.replicas.length)) {
      this.#say(problem);
    }
  }

  async #lookAtEviction(): Promise<void> {
    if (!this.#hasSessions) return;
    const policy = await this.#setting('maxmemory-policy');
    const maxMemory = await this.#setting('maxmemory');
    if (policy === null || maxMemory === null) return;
    for (const problem of adviseOnEviction(Number(maxMemory), policy)) this.#say(problem);
  }

  // Managed services often do not permit CONFIG: then nothing is reported.
  async #setting(name: string): Promise<string | null> {
    try {
      const answer = await this.#group.tracker.primary?.call('config', 'get', name);
      return Array.isArray(answer) ? String(answer[1]) : null;
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
