import { isRedisAway } from './redis-away.js';
import type { Clock } from '../../base/timing/index.js';
import type { Reading } from '../../keyspace/index.js';
import type { LoadContext, Loader } from '../loading/value-loader.js';
import { isFresh } from '../values/entry-reader.js';
import { keyBatches } from './key-batches.js';
import type { LoadBudget } from './load-budget.js';
import { NOTHING_DONE, sumOf, type WarmUpCounts, type WarmUpMark } from './warm-up-mark.js';
import type { ResolvedPlan } from './warm-up-plan.js';
import type { WarmUpTarget } from './warm-up-target.js';

/** What one run of a warm-up is given. */
interface WarmUpRunDeps {
  readonly target: WarmUpTarget;
  readonly plan: ResolvedPlan;
  readonly budget: LoadBudget;
  readonly signal: AbortSignal;
  /** Whether this process still leads. */
  readonly mayLead: () => boolean;
  /** Keeps what is done. Returns false when the lead was lost. */
  readonly save: (after: string | null, counts: WarmUpCounts) => Promise<boolean>;
  /** Keys that were used a moment ago. */
  readonly recent: () => Promise<readonly string[]>;
  /** Counts what happened to keys. */
  readonly onCount: (counts: WarmUpCounts) => void;
  /** Loaders of warm-ups: live traffic is all others. */
  readonly own: WeakSet<Loader>;
}

/**
 * How a run ended: `finished`; `lost`, because another process leads or Redis is away: it goes on later; `stopped`,
 * because the source, or what gives the keys, fails again and again; `closed`.
 */
export type RunEnd = 'finished' | 'lost' | 'stopped' | 'closed';

interface OpenKey {
  readonly key: string;
  readonly known: Reading<unknown>;
}

/** How long what gives the keys may take for the next of them. */
const STEP_MS = 30_000;
const PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;
/** So many batches in a row may fail whole. */
const MAX_BAD_BATCHES = 5;

/** Makes the keys of a plan warm, once through. */
export class WarmUpRun {
  readonly #deps: WarmUpRunDeps;
  readonly #clock: Clock;
  #counts: WarmUpCounts;
  #after: string | null;
  #badBatches = 0;

  /** @param left - where an earlier run stopped */
  constructor(deps: WarmUpRunDeps, left: WarmUpMark | null) {
    this.#deps = deps;
    this.#clock = deps.target.deps.clock;
    this.#counts = sumOf(NOTHING_DONE, left ?? NOTHING_DONE);
    this.#after = left?.after ?? null;
  }

  /** What is done. */
  get counts(): WarmUpCounts {
    return this.#counts;
  }

  /** Goes through the keys. */
  async run(): Promise<RunEnd> {
    try {
      return (await this.#recent()) ?? (await this.#planned()) ?? 'finished';
    } catch (error) {
      if (this.#deps.signal.aborted) return 'closed';
      if (isRedisAway(error)) return 'lost';
      throw error;
    }
  }

  async #recent(): Promise<RunEnd | null> {
    if (this.#deps.plan.recent === 0 || this.#after !== null) return null;
    const keys = await this.#deps.recent();
    return this.#through(
      keyBatches(() => keys, this.#position(), this.#steps),
      false,
    );
  }

  async #planned(): Promise<RunEnd | null> {
    const { keys } = this.#deps.plan;
    if (keys === null) return null;
    return this.#through(keyBatches(keys, this.#position(), this.#steps), true);
  }

  #position(): { after: string | null; signal: AbortSignal } {
    return { after: this.#after, signal: this.#deps.signal };
  }

  get #steps(): { clock: Clock; stepMs: number } {
    return { clock: this.#clock, stepMs: STEP_MS };
  }

  async #through(
    batches: AsyncGenerator<readonly string[]>,
    isInOrder: boolean,
  ): Promise<RunEnd | null> {
    for await (const batch of batches) {
      if (!(await this.#warm([...new Set(batch)]))) return this.#why();
      if (this.#badBatches >= MAX_BAD_BATCHES) return 'stopped';
      if (isInOrder && this.#badBatches === 0) this.#after = batch.at(-1) ?? this.#after;
      if (!(await this.#deps.save(this.#after, this.counts))) return this.#why();
      if (!(await this.#rest())) return this.#why();
    }
    return this.#deps.signal.aborted ? 'closed' : null;
  }

  #why(): RunEnd {
    return this.#deps.signal.aborted ? 'closed' : 'lost';
  }

  // A source that is down is not asked all the time.
  async #rest(): Promise<boolean> {
    if (this.#badBatches === 0) return true;
    const pauseMs = Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** this.#badBatches);
    await this.#clock.sleep(pauseMs, this.#deps.signal);
    return this.#mayGoOn();
  }

  /** Makes these keys warm. Returns false when it was interrupted. */
  async #warm(keys: readonly string[]): Promise<boolean> {
    const { plan, signal } = this.#deps;
    const { retryAfterMs } = plan.options;
    let open = await this.#notFresh(keys);
    this.#count({ skipped: keys.length - open.length });
    const wanted = open.length;
    for (let round = 0; open.length > 0 && round <= plan.retries; round++) {
      if (round > 0) {
        await this.#clock.sleep(Math.max(retryAfterMs, PAUSE_MS) * 2 ** (round - 1), signal);
      }
      const failed = await this.#loadAll(open);
      if (failed === null) return false;
      open = failed;
    }
    this.#count({ failed: open.length });
    this.#badBatches = wanted > 0 && open.length === wanted ? this.#badBatches + 1 : 0;
    return true;
  }

  async #notFresh(keys: readonly string[]): Promise<OpenKey[]> {
    const readings = await this.#deps.target.reader.readMany(keys);
    return keys.flatMap((key, i) => {
      const known: Reading<unknown> = readings[i] ?? { state: 'unknown' };
      return isFresh(known) ? [] : [{ key, known }];
    });
  }

  /** Loads these keys. Returns those that could not be loaded; `null` when it was interrupted. */
  async #loadAll(open: readonly OpenKey[]): Promise<OpenKey[] | null> {
    const { budget, plan, signal } = this.#deps;
    const failed: OpenKey[] = [];
    // All take from one list.
    const left = open.values();
    const work = async (): Promise<boolean> => {
      for (const one of left) {
        if (!(await budget.reserve(signal)) || !this.#mayGoOn()) return false;
        if (!(await this.#load(one))) failed.push(one);
      }
      return true;
    };
    const areDone = await Promise.all(Array.from({ length: plan.concurrency }, work));
    return areDone.every(Boolean) ? failed : null;
  }

  #mayGoOn(): boolean {
    const { signal, mayLead } = this.#deps;
    return !signal.aborted && mayLead();
  }

  async #load({ key, known }: OpenKey): Promise<boolean> {
    const { target, plan, budget, signal, own } = this.#deps;
    const calls: string[] = [];
    const loader = async (context: LoadContext): Promise<unknown> => {
      calls.push(key);
      await budget.begin(signal);
      return plan.load(context);
    };
    own.add(loader);
    try {
      const { from } = await target.loader.answer({ key, loader, options: plan.options }, known);
      // The old value: the load has failed, and that is reported already.
      if (from === 'stale') return false;
    } catch {
      return false;
    }
    this.#count(calls.length > 0 ? { loaded: 1 } : { skipped: 1 });
    return true;
  }

  #count({ loaded = 0, skipped = 0, failed = 0 }: Partial<WarmUpCounts>): void {
    const more = { done: loaded + skipped + failed, loaded, skipped, failed };
    this.#counts = sumOf(this.#counts, more);
    this.#deps.onCount(more);
  }
}
