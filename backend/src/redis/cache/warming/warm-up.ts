import type { Stop } from '../../base/timing/index.js';
import type { Keyspace, Stamp } from '../../keyspace/index.js';
import { LossWatch } from './loss-watch.js';
import { RecentUse } from './recent-use.js';
import { WarmUpDrive } from './warm-up-drive.js';
import { LeadDesk } from './warm-up-lead.js';
import { NOTHING_DONE, type WarmUpCause, type WarmUpCounts } from './warm-up-mark.js';
import type { ResolvedPlan } from './warm-up-plan.js';
import type { WarmUpProgress } from './warm-up-progress.js';
import type { WarmUpTarget } from './warm-up-target.js';
import { Watched } from './watched.js';

/** Where warm-ups keep what all processes must know. */
export interface WarmUpHome {
  /** A keyspace with the policy `strict`. */
  readonly marks: Keyspace<unknown>;
  /** Whether there is a primary that takes writes; in memory mode there need be none. */
  readonly isReachable: () => boolean;
}

/** The warm-up of one plan. */
export interface CacheWarmUp {
  /** How far it is. */
  readonly progress: WarmUpProgress;
  /**
   * Resolves when it has ended well, or after `ms`; returns whether it has. For applications that wait with their
   * start, a while.
   */
  whenWarm(ms: number): Promise<boolean>;
}

/** Keeps one plan: begins a warm-up when there is a reason, and tells how far it is. */
export class WarmUp implements CacheWarmUp {
  readonly plan: ResolvedPlan;
  readonly namespace: string;
  readonly #target: WarmUpTarget;
  readonly #drive: WarmUpDrive;
  readonly #watch: LossWatch;
  readonly #progress: Watched<WarmUpProgress>;
  readonly #closing = new AbortController();
  readonly #stopSaving: Stop;

  constructor(plan: ResolvedPlan, target: WarmUpTarget, { marks, isReachable }: WarmUpHome) {
    const { clock, bus, keyspace, tasks } = target.deps;
    this.plan = plan;
    this.namespace = keyspace.name;
    this.#target = target;
    const addTask = (task: Promise<void>): void => {
      tasks.add(task);
    };
    const desk = new LeadDesk({ keyspace: marks, clock, key: plan.name, leaseMs: plan.takeoverMs });
    const recent = new RecentUse({
      ...{ marks, clock, count: plan.recent },
      key: `${plan.name}:recent`,
      used: (count) => keyspace.recentKeys(count),
    });
    this.#progress = new Watched(progressOf(plan, keyspace.name));
    this.#watch = new LossWatch({
      ...{ desk, clock, bus, addTask },
      lookEveryMs: plan.lookEveryMs,
      longMs: plan.restMs,
      onCold: (cause) => {
        if (plan.onLoss) this.begin(cause);
      },
    });
    this.#drive = new WarmUpDrive({
      ...{ plan, target, desk, recent, isReachable, signal: this.#closing.signal },
      show: (change) => {
        this.#show(change);
      },
      onMark: (stamp) => {
        this.#watch.note(stamp);
      },
    });
    this.#stopSaving = clock.every(plan.lookEveryMs, () => {
      addTask(recent.save());
    });
    if (plan.onBoot) this.begin('boot');
  }

  /** How far it is. */
  get progress(): WarmUpProgress {
    return this.#progress.value;
  }

  /** What this process has done for it since it started. */
  get totals(): WarmUpCounts {
    return this.#drive.totals;
  }

  /** What no other leader has; `null` while this process does not lead. */
  get fence(): Stamp | null {
    return this.#drive.fence;
  }

  /** Whether this process goes through the keys now. */
  get isLoading(): boolean {
    return this.#drive.isLoading;
  }

  /** Begins a warm-up, or joins the one that is under way here or elsewhere. */
  begin(cause: WarmUpCause): void {
    this.#drive.begin(cause);
  }

  /** The progress of the warm-up that is under way, at each change, up to its end. */
  async *watch(): AsyncGenerator<WarmUpProgress> {
    for (;;) {
      const { value } = this.#progress;
      const changed = this.#progress.untilChanged();
      yield value;
      if (value.endedAt !== null || value.state === 'closed') return;
      await changed;
    }
  }

  /** Resolves when it is warm, or after `ms`; returns whether it is. */
  async whenWarm(ms: number): Promise<boolean> {
    const { clock } = this.#target.deps;
    const endsAt = clock.now() + ms;
    while (this.progress.state !== 'finished') {
      const leftMs = endsAt - clock.now();
      if (leftMs <= 0 || this.#closing.signal.aborted) return false;
      await this.#progress.changedWithin(clock, leftMs);
    }
    return true;
  }

  /** Stops at once. Another process goes on with it. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#watch.close();
    this.#drive.close();
    this.#stopSaving();
    if (this.progress.endedAt === null) this.#show({ state: 'closed' });
  }

  #show(change: Partial<WarmUpProgress>): void {
    if (this.#progress.value.state === 'closed') return;
    this.#progress.set({ ...this.#progress.value, ...change });
  }
}

function progressOf(plan: ResolvedPlan, namespace: string): WarmUpProgress {
  return {
    ...NOTHING_DONE,
    ...{ plan: plan.name, namespace, state: 'waiting', cause: null, total: plan.total },
    ...{ startedAt: null, endedAt: null },
  };
}
