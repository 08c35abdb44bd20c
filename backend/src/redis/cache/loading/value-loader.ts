import { type ByteGate, InflightTable } from '../../base/collections/index.js';
import type { CacheOperation } from '../../base/operations/index.js';
import { atDeadline, endsWithin } from '../../base/timing/index.js';
import {
  compareStamps,
  type Entry,
  type Found,
  isOfOthers,
  type Reading,
  type Stamp,
} from '../../keyspace/index.js';
import type { CacheDeps } from '../values/cache-deps.js';
import { refusal } from '../values/cache-keys.js';
import type { ResolvedLoadOptions } from '../values/cache-options.js';
import { type EntryReader, isFresh, valueIn } from '../values/entry-reader.js';
import type { EntryWriter } from '../values/entry-writer.js';
import { isLoadFailure } from '../values/load-failure.js';
import { LoadLeases, type LoadLease } from './load-lease.js';
import { LoadFrame } from './load-frame.js';
import { type Load, LoadRunner, type Loads } from './load-runner.js';
import type { LoadTime } from './load-time.js';
import { RecentKeys } from './recent-keys.js';

/** What a loader receives. */
export interface LoadContext<T = unknown> {
  readonly key: string;
  /** Fires on the timeout of the load. */
  readonly signal: AbortSignal;
  /** The stale value, if there is one: for conditional requests. */
  readonly stale: T | undefined;
}

/** Makes the value of a key that is not cached. `undefined` says that there is none; `null` is a value. */
export type Loader<T = unknown> = (context: LoadContext<T>) => T | Promise<T>;

/** A request for a value. */
export interface LoadRequest {
  readonly key: string;
  readonly loader: Loader;
  readonly options: ResolvedLoadOptions;
  /** The call, if somebody watches it. */
  readonly operation?: CacheOperation | undefined;
}

/** A key to load, and how. */
export interface LoadJob {
  readonly key: string;
  readonly options: ResolvedLoadOptions;
  /** Makes the value. The stale one is given, if there is one. */
  readonly make: (stale: unknown, time: LoadTime) => Promise<unknown>;
  /** Called when another process loads the key, before it is waited for. */
  readonly onHeld?: () => void;
  /** Lets so many loaded values at once be written; without it any number. */
  readonly writes?: ByteGate;
}

/** Runs a load with the job of one of several keys. */
export type WithJob = <A>(
  key: string,
  time: LoadTime,
  run: (job: LoadJob) => Promise<A>,
) => Promise<A>;

/** A value and where it came from. */
export interface Answer {
  readonly value: unknown;
  readonly from: 'cache' | 'stale' | 'load';
}

// Longer than most loads take, and short enough to notice soon that the other process died.
const REFRESH_AGAIN_MS = 250;
// The share of its life after which a value is loaded anew while its key is hot.
const REFRESH_WHILE_HOT = 0.8;

/** Finds a value, or loads it once for all callers that want it meanwhile, in this process and in others. */
export class ValueLoader {
  readonly runner: LoadRunner;
  readonly loads: Loads<Answer> = new InflightTable();
  readonly #deps: CacheDeps;
  readonly #reader: EntryReader;
  readonly #writer: EntryWriter;
  readonly #leases: LoadLeases;
  readonly #refreshes: Loads<Answer | null> = new InflightTable();
  // Keys that another process refreshes: asking again at each hit would only cost commands.
  readonly #refreshedElsewhere: RecentKeys;

  constructor(deps: CacheDeps, reader: EntryReader, writer: EntryWriter) {
    this.#deps = deps;
    this.#reader = reader;
    this.#writer = writer;
    this.#leases = new LoadLeases(deps);
    this.runner = new LoadRunner(deps);
    this.#refreshedElsewhere = new RecentKeys(deps.clock);
  }

  /** Returns the value of a key of which this is known: what is fresh, or from a load. */
  async answer(request: LoadRequest, known: Reading<unknown>): Promise<Answer> {
    const { key, options } = request;
    if (isFresh(known)) {
      this.refreshIfDue(request, known);
      return { value: known.value, from: 'cache' };
    }
    const stale = valueIn(known);
    if (stale !== null && this.isResting(key, options))
      return { value: stale.value, from: 'stale' };
    this.refuseToWaitForItself(key, stale, options);
    const underWay = this.loads.get(key);
    if (underWay === undefined) {
      const load = this.#begin(request, known);
      return stale === null ? load.answer : this.settle(load, stale, options);
    }
    const answer = await this.join(underWay, stale, options);
    if (answer.from === 'load') this.#deps.counters.add('joined');
    return answer;
  }

  /** Starts to reload a value in the background if enough of its life is over. */
  refreshIfDue(request: LoadRequest, known: Found<unknown>): void {
    const { key, options } = request;
    if (!this.isRefreshDue(key, options, known)) return;
    this.runner.begin(this.#refreshes, key, options.hardTimeoutMs, (_key, time) =>
      this.#refresh(this.#jobOf(request), known, time),
    );
  }

  /** Whether a hit is to reload its value, and nobody does it already. */
  isRefreshDue(key: string, options: ResolvedLoadOptions, { entry }: Found<unknown>): boolean {
    const share = options.refreshAhead ?? this.#shareWhileHot(key);
    if (share === null || !this.#isDue(entry, share)) return false;
    if (this.loads.get(key) !== undefined || this.#refreshes.get(key) !== undefined) return false;
    if (this.runner.failures.isRecent(key, options.retryAfterMs)) return false;
    return !this.#refreshedElsewhere.isRecent(key, REFRESH_AGAIN_MS);
  }

  /**
   * Starts to reload several values in the background.
   *
   * @param withJob - runs what it is given with the job of a key
   */
  refreshEach(due: ReadonlyMap<string, Found<unknown>>, timeoutMs: number, withJob: WithJob): void {
    this.runner.beginEach(this.#refreshes, [...due.keys()], timeoutMs, async (key, time) => {
      const known = due.get(key);
      if (known === undefined) return null;
      return withJob(key, time, (job) => this.#refresh(job, known, time));
    });
  }

  /** Returns the result of a load, or the stale value when the load fails or takes too long. */
  async settle(
    { answer, startedAt }: Load<Answer>,
    stale: Found<unknown>,
    options: ResolvedLoadOptions,
  ): Promise<Answer> {
    try {
      return await this.#withPatience(
        answer,
        startedAt,
        { value: stale.value, from: 'stale' },
        options,
      );
    } catch (error) {
      if (isLoadFailure(error)) return { value: stale.value, from: 'stale' };
      throw error;
    }
  }

  /** The same for a load that another call has begun. */
  join(
    load: Load<Answer>,
    stale: Found<unknown> | null,
    options: ResolvedLoadOptions,
  ): Promise<Answer> {
    const settled = stale === null ? load.answer : this.settle(load, stale, options);
    return isLetGo(stale, options) ? settled : this.runner.waitFor(load.key, settled);
  }

  /** Whether to serve a stale value at once, because loading the key failed a moment ago. */
  isResting(key: string, { retryAfterMs }: ResolvedLoadOptions): boolean {
    return this.runner.failures.isRecent(key, retryAfterMs);
  }

  /** Throws when who asks is a loader that would wait for itself, until its own time is over. */
  refuseToWaitForItself(
    key: string,
    stale: Found<unknown> | null,
    options: ResolvedLoadOptions,
  ): void {
    if (!LoadFrame.wouldWaitForItself(key, this.runner) || isLetGo(stale, options)) return;
    throw waitsForItself(this.#deps.keyspace.name);
  }

  /** The key was written or deleted here: later callers must not get the earlier value. */
  forget(key: string): void {
    takeOut(this.loads, key);
    takeOut(this.#refreshes, key);
    this.runner.failures.forget(key);
    this.#refreshedElsewhere.forget(key);
  }

  /** The same for all keys. */
  forgetAll(): void {
    for (const { key } of this.loads.toArray()) takeOut(this.loads, key);
    for (const { key } of this.#refreshes.toArray()) takeOut(this.#refreshes, key);
  }

  /** Loads a key of which this is known, as the one of all processes, or waits for the one that does. */
  async load(job: LoadJob, known: Reading<unknown>, time: LoadTime): Promise<Answer> {
    // A waiter gets the lease in the end, or finds a changed entry, or times out.
    return (await this.#obtain(job, startOf(known), time)) as Answer;
  }

  #begin(request: LoadRequest, known: Reading<unknown>): Load<Answer> {
    const { key, options } = request;
    return this.runner.begin(this.loads, key, options.hardTimeoutMs, async (_key, time) => {
      const refresh = this.#refreshes.get(key);
      // The value expired while it was being refreshed.
      const refreshed = refresh === undefined ? null : await time.within(orNull(refresh.answer));
      return refreshed ?? this.load(this.#jobOf(request), known, time);
    });
  }

  async #refresh(
    job: LoadJob,
    { entry, value }: Found<unknown>,
    time: LoadTime,
  ): Promise<Answer | null> {
    const start = { seen: entry.stamp, value, mayWrite: true, mayWait: false, isAway: false };
    const answer = await this.#obtain(job, start, time);
    if (answer === null) this.#refreshedElsewhere.note(job.key);
    return answer;
  }

  #jobOf({ key, loader, options }: LoadRequest): LoadJob {
    const make: LoadJob['make'] = (stale, time) => {
      const context: LoadContext = {
        key,
        // Few loaders look at it, and making one costs as much as reading a value from memory.
        get signal() {
          return time.signal;
        },
        stale,
      };
      return this.runner.call([key], loader, context, time);
    };
    return { key, options, make };
  }

  /** Loads, alone or as the one of all processes. `null` when another one loads and waiting is not wanted. */
  async #obtain(job: LoadJob, start: LoadStart, time: LoadTime): Promise<Answer | null> {
    const { key, options, onHeld } = job;
    const isAlone = !options.shareLoads || !start.mayWrite || start.isAway;
    if (isAlone) return this.#loadNow(job, start, null, time);
    for (let { seen } = start; ;) {
      const { mayWait } = start;
      const grant = await this.#leases.take(key, { seen, time, mayWait, onHeld });
      if (grant.kind === 'busy') return null;
      if (grant.kind === 'go') {
        const isAway = grant.lease === null;
        return this.#loadNow(job, { ...start, isAway }, grant.lease, time);
      }
      const known = this.#reader.noted(grant.reading);
      if (isFresh(known)) return { value: known.value, from: 'load' };
      const next = startOf(known);
      if (!isNews(next, seen)) {
        return this.#loadNow(job, { ...start, mayWrite: next.mayWrite }, null, time);
      }
      seen = next.seen;
    }
  }

  async #loadNow(
    { key, options, make, writes }: LoadJob,
    { value: stale, mayWrite, isAway }: LoadStart,
    lease: LoadLease | null,
    time: LoadTime,
  ): Promise<Answer> {
    let isStored = false;
    try {
      const stamp = lease?.stamp ?? this.#deps.keyspace.birth();
      const value = await make(stale, time);
      if (mayWrite) {
        const load = { stamp, replacesValue: stale !== undefined, isAway };
        const fill = (): Promise<boolean> => this.#writer.fill(key, value, options, load);
        isStored = await this.runner.keep(writes?.run(1, fill) ?? fill(), { isAway, time });
      }
      return { value, from: 'load' };
    } finally {
      lease?.end(isStored);
    }
  }

  async #withPatience(
    answer: Promise<Answer>,
    startedAt: number,
    stale: Answer,
    { softTimeoutMs }: ResolvedLoadOptions,
  ): Promise<Answer> {
    if (softTimeoutMs === null) return answer;
    const { clock } = this.#deps;
    const leftMs = Math.max(0, startedAt + softTimeoutMs - clock.now());
    return (await endsWithin(answer, atDeadline(clock, leftMs))) ? answer : stale;
  }

  // While many ask for a key, none of them is to wait until it is loaded.
  #shareWhileHot(key: string): number | null {
    return this.#deps.keyspace.isSpared(key) ? REFRESH_WHILE_HOT : null;
  }

  #isDue({ freshUntil, madeAt }: Entry, share: number): boolean {
    if (freshUntil === 0) return false;
    return this.#deps.clock.wallTime() >= madeAt + (freshUntil - madeAt) * share;
  }
}

// Nobody joins it any more: it began before the key was changed.
function takeOut<A>(loads: Loads<A>, key: string): void {
  const load = loads.get(key);
  if (load !== undefined) loads.remove(load);
}

function orNull<A>(answer: Promise<A>): Promise<A | null> {
  return answer.catch(() => null);
}

/** Where a load starts from. */
interface LoadStart {
  readonly seen: Stamp | null;
  /** The stale value. */
  readonly value: unknown;
  readonly mayWrite: boolean;
  readonly mayWait: boolean;
  /** Redis did not answer this call before. */
  readonly isAway: boolean;
}

// Who has a stale value and little patience does not wait for the end of a load.
function isLetGo(stale: Found<unknown> | null, { softTimeoutMs }: ResolvedLoadOptions): boolean {
  return stale !== null && softTimeoutMs !== null;
}

function waitsForItself(namespace: string): Error {
  const message =
    `the loader of a key asks for a key of the namespace ${namespace} whose loader waits for it, ` +
    'so it would wait for itself';
  const remedy = 'Load the value without the cache, or use `stale`, which the loader is given';
  return refusal('key', '(its own)', message, remedy);
}

// An unreadable entry has no stamp to compare: asking again would give the same result for ever.
function isNews({ seen, mayWrite }: LoadStart, before: Stamp | null): boolean {
  if (seen === null || !mayWrite) return false;
  return before === null || compareStamps(seen, before) !== 0;
}

function startOf(known: Reading<unknown>): LoadStart {
  const start = { seen: null, value: undefined, mayWrite: true, mayWait: true, isAway: false };
  switch (known.state) {
    case 'found':
      return {
        ...start,
        seen: known.entry.stamp,
        value: known.value,
        isAway: known.source !== 'redis',
      };
    case 'deleted':
      return { ...start, seen: known.stamp, isAway: known.source !== 'redis' };
    case 'missing':
      // An entry that has just expired is not newer than what the caller has read.
      return { ...start, seen: known.stamp ?? null };
    case 'unreadable':
      return { ...start, seen: known.stamp, mayWrite: !isOfOthers(known.fault) };
    case 'unknown':
      return { ...start, isAway: true };
  }
}
