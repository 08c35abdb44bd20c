import type { Stop } from '../../base/timing/index.js';
import type { Keyspace, Stamp } from '../../keyspace/index.js';
import type { Loader } from '../loading/value-loader.js';
import { reasonOf } from '../values/load-failure.js';
import { LoadBudget } from './load-budget.js';
import { LossWatch } from './loss-watch.js';
import { RecentUse } from './recent-use.js';
import { LeadDesk, type WarmUpLead } from './warm-up-lead.js';
import {
  NOTHING_DONE,
  sumOf,
  type WarmUpCause,
  type WarmUpCounts,
  type WarmUpMark,
} from './warm-up-mark.js';
import {
  beginningOf,
  finishedEvent,
  isAlone,
  isFulfilled,
  shownOf,
  startedEvent,
  type Wish,
} from './warm-up-rules.js';
import type { ResolvedPlan } from './warm-up-plan.js';
import type { WarmUpProgress } from './warm-up-progress.js';
import { type RunEnd, WarmUpRun } from './warm-up-run.js';
import type { WarmUpTarget } from './warm-up-target.js';
import { Watched } from './watched.js';

/** How long until Redis, or what gives the keys, is asked again. */
const AGAIN_MS = 1_000;
const MAX_AGAIN_MS = 30_000;
const FOLLOW_MS = 1_000;
/** So often in a row may what gives the keys fail. */
const MAX_FAILURES = 5;

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

/** Keeps one plan: begins a warm-up when there is a reason, leads it or follows who leads, and goes on after every break. */
export class WarmUp implements CacheWarmUp {
  readonly plan: ResolvedPlan;
  readonly namespace: string;
  readonly #target: WarmUpTarget;
  readonly #isReachable: () => boolean;
  readonly #desk: LeadDesk;
  readonly #watch: LossWatch;
  readonly #recent: RecentUse;
  readonly #budget: LoadBudget;
  readonly #own = new WeakSet<Loader>();
  readonly #progress: Watched<WarmUpProgress>;
  readonly #closing = new AbortController();
  readonly #stops: Stop[];
  #totals: WarmUpCounts = NOTHING_DONE;
  #wish: Wish | null = null;
  #led: WarmUpLead | null = null;
  #isDriving = false;
  #isLoading = false;
  #failures = 0;

  constructor(plan: ResolvedPlan, target: WarmUpTarget, { marks, isReachable }: WarmUpHome) {
    const { clock, bus, keyspace, tasks } = target.deps;
    this.#isReachable = isReachable;
    this.plan = plan;
    this.namespace = keyspace.name;
    this.#target = target;
    this.#budget = new LoadBudget(plan.perSecond, clock);
    const addTask = (task: Promise<void>): void => {
      tasks.add(task);
    };
    this.#desk = new LeadDesk({ keyspace: marks, clock, key: plan.name, leaseMs: plan.takeoverMs });
    this.#watch = new LossWatch({
      ...{ desk: this.#desk, clock, bus, addTask },
      lookEveryMs: plan.lookEveryMs,
      longMs: plan.restMs,
      onCold: (cause) => {
        if (plan.onLoss) this.begin(cause);
      },
    });
    this.#recent = new RecentUse({
      ...{ marks, clock, count: plan.recent },
      key: `${plan.name}:recent`,
      used: (count) => keyspace.recentKeys(count),
    });
    this.#progress = new Watched<WarmUpProgress>({
      ...NOTHING_DONE,
      plan: plan.name,
      namespace: keyspace.name,
      state: 'waiting',
      cause: null,
      total: plan.total,
      startedAt: null,
      endedAt: null,
    });
    this.#stops = [
      target.loader.runner.onCall((loader) => {
        if (!this.#own.has(loader as Loader)) this.#budget.charge(1);
      }),
      clock.every(plan.lookEveryMs, () => {
        addTask(this.#recent.save());
      }),
    ];
    if (plan.onBoot) this.begin('boot');
  }

  /** How far it is. */
  get progress(): WarmUpProgress {
    return this.#progress.value;
  }

  /** What this process has done for it since it started. */
  get totals(): WarmUpCounts {
    return this.#totals;
  }

  /** What no other leader has; `null` while this process does not lead. */
  get fence(): Stamp | null {
    return this.#led?.isHeld === true ? this.#led.fence : null;
  }

  /** Whether this process goes through the keys now. */
  get isLoading(): boolean {
    return this.#isLoading && this.fence !== null;
  }

  /** Begins a warm-up, or joins the one that is under way here or elsewhere. */
  begin(cause: WarmUpCause): void {
    if (this.#closing.signal.aborted) return;
    const { deps } = this.#target;
    this.#wish = { cause, since: deps.clock.wallTime() };
    if (this.#isDriving) return;
    this.#isDriving = true;
    this.#failures = 0;
    this.#show({ state: 'paused', cause, ...NOTHING_DONE, startedAt: null, endedAt: null });
    deps.tasks.add(this.#drive());
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
    for (const stop of this.#stops) stop();
    if (this.progress.endedAt === null) this.#show({ state: 'closed' });
  }

  async #drive(): Promise<void> {
    const { signal } = this.#closing;
    try {
      for (let wish = this.#wish; wish !== null && !signal.aborted; wish = this.#wish) {
        const isDone = await this.#turn(wish);
        if (isDone && this.#wish === wish) this.#wish = null;
      }
    } catch (error) {
      // Nobody waits for it, and it must not bring the application down.
      this.#wish = null;
      const { clock, bus } = this.#target.deps;
      this.#show({ state: 'stopped', endedAt: clock.wallTime() });
      bus.emit({ type: 'listener.failed', event: 'warm-up', error });
    } finally {
      this.#isDriving = false;
    }
  }

  // Returns whether the wish is fulfilled, or given up.
  async #turn(wish: Wish): Promise<boolean> {
    // A breaker must not open because a process that starts asks too early.
    if (!this.#isReachable()) return this.#pause();
    const turn = await this.#desk.take();
    switch (turn.kind) {
      case 'away':
        return this.#pause();
      case 'other':
        return this.#follow(turn.mark);
      case 'alone':
        return this.#lead(wish, null, null);
      case 'lead':
        this.#led = turn.lead;
        try {
          return await this.#lead(wish, turn.lead, turn.left);
        } finally {
          this.#led = null;
          await turn.lead.end();
        }
    }
  }

  async #pause(): Promise<boolean> {
    this.#show({ state: 'paused' });
    const pauseMs = Math.min(MAX_AGAIN_MS, AGAIN_MS * 2 ** this.#failures);
    await this.#target.deps.clock.sleep(pauseMs, this.#closing.signal);
    return false;
  }

  async #follow(mark: WarmUpMark | null): Promise<boolean> {
    this.#show({ state: 'following', ...(mark?.state === 'running' && shownOf(mark)) });
    await this.#desk.untilChanged(FOLLOW_MS, this.#closing.signal).catch(() => undefined);
    return false;
  }

  async #lead(wish: Wish, lead: WarmUpLead | null, left: WarmUpMark | null): Promise<boolean> {
    const now = this.#target.deps.clock.wallTime();
    if (left !== null && isFulfilled(wish, left, now - this.plan.restMs)) {
      this.#show({ ...shownOf(left), state: left.state === 'stopped' ? 'stopped' : 'finished' });
      return true;
    }
    const begun = beginningOf(wish, left, now);
    this.#show({ ...shownOf(begun), state: 'running' });
    if (lead !== null && !(await this.#mayBegin(lead, { begun, left }))) return this.#pause();
    this.#budget.pause();
    this.#target.deps.bus.emit(startedEvent(this, begun));
    const { end, reason, counts, after } = await this.#run(lead, begun);
    return this.#end(lead, { ...begun, ...counts, after }, { end, reason });
  }

  // Where no end of the one before is known, another process may believe that it leads until its own time is over: Redis
  // may have lost its lease. Both together would ask too much of the source.
  async #mayBegin(
    lead: WarmUpLead,
    { begun, left }: { readonly begun: WarmUpMark; readonly left: WarmUpMark | null },
  ): Promise<boolean> {
    if (!(await this.#save(lead, begun))) return false;
    if (isAlone(begun, left)) return true;
    await this.#target.deps.clock.sleep(this.plan.takeoverMs, this.#closing.signal);
    return lead.isHeld;
  }

  async #run(lead: WarmUpLead | null, begun: WarmUpMark): Promise<Ran> {
    const { signal } = this.#closing;
    const { keyspace } = this.#target.deps;
    let saved: Pick<Ran, 'after' | 'counts'> = { after: begun.after, counts: begun };
    const run = new WarmUpRun(
      {
        ...{ target: this.#target, plan: this.plan, budget: this.#budget },
        ...{ signal, own: this.#own },
        mayLead: () => lead === null || (lead.isHeld && !keyspace.isAway),
        save: async (after, counts) => {
          this.#show(counts);
          saved = { after, counts };
          return lead === null || this.#save(lead, { ...begun, ...counts, after });
        },
        recent: () => this.#recent.keys(),
        onCount: (counts) => {
          this.#totals = sumOf(this.#totals, counts);
        },
      },
      begun,
    );
    this.#isLoading = true;
    try {
      const end = await run.run();
      return { ...saved, end, reason: null };
    } catch (error) {
      // What gives the keys has failed: it is the application's, and must not bring it down.
      return { ...saved, end: 'stopped', reason: reasonOf(error) };
    } finally {
      this.#isLoading = false;
    }
  }

  async #end(
    lead: WarmUpLead | null,
    mark: WarmUpMark,
    { end, reason }: Pick<Ran, 'end' | 'reason'>,
  ): Promise<boolean> {
    if (end === 'closed') return true;
    if (end === 'lost') return this.#pause();
    if (reason !== null && ++this.#failures < MAX_FAILURES) return this.#pause();
    const state = end === 'finished' ? 'finished' : 'stopped';
    const ended = { ...mark, state, endedAt: this.#target.deps.clock.wallTime() } as const;
    if (lead !== null && !(await this.#save(lead, ended))) return this.#pause();
    this.#failures = 0;
    this.#show({ ...shownOf(ended), state });
    this.#target.deps.bus.emit(finishedEvent(this, ended, reason));
    return true;
  }

  async #save(lead: WarmUpLead, mark: WarmUpMark): Promise<boolean> {
    const isSaved = await lead.save(mark);
    if (isSaved && lead.written !== null) this.#watch.note(lead.written);
    return isSaved;
  }

  #show(change: Partial<WarmUpProgress>): void {
    if (this.#progress.value.state === 'closed') return;
    this.#progress.set({ ...this.#progress.value, ...change });
  }
}

interface Ran {
  readonly end: RunEnd;
  readonly reason: string | null;
  readonly after: string | null;
  readonly counts: WarmUpCounts;
}
