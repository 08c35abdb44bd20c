import type { Stop } from '../../base/timing/index.js';
import type { Stamp } from '../../keyspace/index.js';
import type { Loader } from '../loading/value-loader.js';
import { reasonOf } from '../values/load-failure.js';
import { LoadBudget } from './load-budget.js';
import type { RecentUse } from './recent-use.js';
import type { LeadDesk, WarmUpLead } from './warm-up-lead.js';
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

/** How long until Redis, or what gives the keys, is asked again. */
const AGAIN_MS = 1_000;
const MAX_AGAIN_MS = 30_000;
const FOLLOW_MS = 1_000;
/** So often in a row may what gives the keys fail. */
const MAX_FAILURES = 5;

/** What a {@link WarmUpDrive} is given. */
interface WarmUpDriveDeps {
  readonly plan: ResolvedPlan;
  readonly target: WarmUpTarget;
  readonly desk: LeadDesk;
  readonly recent: RecentUse;
  readonly isReachable: () => boolean;
  readonly signal: AbortSignal;
  readonly show: (change: Partial<WarmUpProgress>) => void;
  /** There is a mark of this stamp. */
  readonly onMark: (stamp: Stamp) => void;
}

/** Drives the warm-up of one plan from a wish to its end: leads it or follows who leads, and goes on after every break. */
export class WarmUpDrive {
  readonly #deps: WarmUpDriveDeps;
  readonly #budget: LoadBudget;
  readonly #own = new WeakSet<Loader>();
  readonly #stopCharging: Stop;
  #totals: WarmUpCounts = NOTHING_DONE;
  #wish: Wish | null = null;
  #led: WarmUpLead | null = null;
  #isDriving = false;
  #isLoading = false;
  #failures = 0;

  constructor(deps: WarmUpDriveDeps) {
    const { plan, target } = deps;
    this.#deps = deps;
    this.#budget = new LoadBudget(plan.perSecond, target.deps.clock);
    this.#stopCharging = target.loader.runner.onCall((loader) => {
      if (!this.#own.has(loader as Loader)) this.#budget.charge(1);
    });
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
    const { target, signal, show } = this.#deps;
    if (signal.aborted) return;
    this.#wish = { cause, since: target.deps.clock.wallTime() };
    if (this.#isDriving) return;
    this.#isDriving = true;
    this.#failures = 0;
    show({ state: 'paused', cause, ...NOTHING_DONE, startedAt: null, endedAt: null });
    target.deps.tasks.add(this.#drive());
  }

  /** Takes no notice of live loads any more. */
  close(): void {
    this.#stopCharging();
  }

  async #drive(): Promise<void> {
    const { signal } = this.#deps;
    try {
      for (let wish = this.#wish; wish !== null && !signal.aborted; wish = this.#wish) {
        const isDone = await this.#turn(wish);
        if (isDone && this.#wish === wish) this.#wish = null;
      }
    } catch (error) {
      // Nobody waits for it, and it must not bring the application down.
      this.#wish = null;
      const { clock, bus } = this.#deps.target.deps;
      this.#deps.show({ state: 'stopped', endedAt: clock.wallTime() });
      bus.emit({ type: 'listener.failed', event: 'warm-up', error });
    } finally {
      this.#isDriving = false;
    }
  }

  // Returns whether the wish is fulfilled, or given up.
  async #turn(wish: Wish): Promise<boolean> {
    // A breaker must not open because a process that starts asks too early.
    if (!this.#deps.isReachable()) return this.#pause();
    const turn = await this.#deps.desk.take();
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
    this.#deps.show({ state: 'paused' });
    const pauseMs = Math.min(MAX_AGAIN_MS, AGAIN_MS * 2 ** this.#failures);
    await this.#deps.target.deps.clock.sleep(pauseMs, this.#deps.signal);
    return false;
  }

  async #follow(mark: WarmUpMark | null): Promise<boolean> {
    this.#deps.show({ state: 'following', ...(mark?.state === 'running' && shownOf(mark)) });
    await this.#deps.desk.untilChanged(FOLLOW_MS, this.#deps.signal).catch(() => undefined);
    return false;
  }

  async #lead(wish: Wish, lead: WarmUpLead | null, left: WarmUpMark | null): Promise<boolean> {
    const now = this.#deps.target.deps.clock.wallTime();
    if (left !== null && isFulfilled(wish, left, now - this.#deps.plan.restMs)) {
      this.#deps.show({
        ...shownOf(left),
        state: left.state === 'stopped' ? 'stopped' : 'finished',
      });
      return true;
    }
    const begun = beginningOf(wish, left, now);
    this.#deps.show({ ...shownOf(begun), state: 'running' });
    if (lead !== null && !(await this.#mayBegin(lead, { begun, left }))) return this.#pause();
    this.#budget.pause();
    this.#deps.target.deps.bus.emit(startedEvent(this.#subject, begun));
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
    await this.#deps.target.deps.clock.sleep(this.#deps.plan.takeoverMs, this.#deps.signal);
    return lead.isHeld;
  }

  async #run(lead: WarmUpLead | null, begun: WarmUpMark): Promise<Ran> {
    const { signal } = this.#deps;
    const { keyspace } = this.#deps.target.deps;
    let saved: Pick<Ran, 'after' | 'counts'> = { after: begun.after, counts: begun };
    const run = new WarmUpRun(
      {
        ...{ target: this.#deps.target, plan: this.#deps.plan, budget: this.#budget },
        ...{ signal, own: this.#own },
        mayLead: () => lead === null || (lead.isHeld && !keyspace.isAway),
        save: async (after, counts) => {
          this.#deps.show(counts);
          saved = { after, counts };
          return lead === null || this.#save(lead, { ...begun, ...counts, after });
        },
        recent: () => this.#deps.recent.keys(),
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
    const ended = { ...mark, state, endedAt: this.#deps.target.deps.clock.wallTime() } as const;
    if (lead !== null && !(await this.#save(lead, ended))) return this.#pause();
    this.#failures = 0;
    this.#deps.show({ ...shownOf(ended), state });
    this.#deps.target.deps.bus.emit(finishedEvent(this.#subject, ended, reason));
    return true;
  }

  async #save(lead: WarmUpLead, mark: WarmUpMark): Promise<boolean> {
    const isSaved = await lead.save(mark);
    if (isSaved && lead.written !== null) this.#deps.onMark(lead.written);
    return isSaved;
  }

  get #subject(): { readonly plan: ResolvedPlan; readonly namespace: string } {
    const { plan, target } = this.#deps;
    return { plan, namespace: target.deps.keyspace.name };
  }
}

interface Ran {
  readonly end: RunEnd;
  readonly reason: string | null;
  readonly after: string | null;
  readonly counts: WarmUpCounts;
}
