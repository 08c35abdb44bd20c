import { InflightTable } from '../../base/collections/index.js';
import type { Entry, Found } from '../../keyspace/index.js';
import type { CacheDeps } from '../values/cache-deps.js';
import type { ResolvedLoadOptions } from '../values/cache-options.js';
import type { Answer, KeyLoader, LoadJob } from './key-loader.js';
import { type Load, type LoadRunner, type Loads, takeOut } from './load-runner.js';
import type { LoadTime } from './load-time.js';
import { RecentKeys } from './recent-keys.js';

/** Runs a load with the job of one of several keys. */
export type WithJob = <A>(
  key: string,
  time: LoadTime,
  run: (job: LoadJob) => Promise<A>,
) => Promise<A>;

// Longer than most loads take, and short enough to notice soon that the other process died.
const REFRESH_AGAIN_MS = 250;
// The share of its life after which a value is loaded anew while its key is hot.
const REFRESH_WHILE_HOT = 0.8;

/** Loads values anew in the background before their time is over, so that no call waits for it. */
export class RefreshAhead {
  readonly #deps: CacheDeps;
  readonly #runner: LoadRunner;
  readonly #loader: KeyLoader;
  readonly #refreshes: Loads<Answer | null> = new InflightTable();
  // Keys that another process refreshes: asking again at each hit would only cost commands.
  readonly #refreshedElsewhere: RecentKeys;

  constructor(deps: CacheDeps, runner: LoadRunner, loader: KeyLoader) {
    this.#deps = deps;
    this.#runner = runner;
    this.#loader = loader;
    this.#refreshedElsewhere = new RecentKeys(deps.clock);
  }

  /** The reload of a key that is under way. */
  of(key: string): Load<Answer | null> | undefined {
    return this.#refreshes.get(key);
  }

  /** Whether a hit is to reload its value, and it was not tried a moment ago. */
  isDue(key: string, options: ResolvedLoadOptions, { entry }: Found<unknown>): boolean {
    const share = options.refreshAhead ?? this.#shareWhileHot(key);
    if (share === null || !this.#isOldEnough(entry, share)) return false;
    if (this.#refreshes.get(key) !== undefined) return false;
    if (this.#runner.failures.isRecent(key, options.retryAfterMs)) return false;
    return !this.#refreshedElsewhere.isRecent(key, REFRESH_AGAIN_MS);
  }

  /** Starts to reload a value in the background. */
  start(job: LoadJob, known: Found<unknown>): void {
    const { key, options } = job;
    this.#runner.begin(this.#refreshes, key, options.hardTimeoutMs, (_key, time) =>
      this.#refresh(job, known, time),
    );
  }

  /**
   * The same for several values.
   *
   * @param withJob - runs what it is given with the job of a key
   */
  startEach(due: ReadonlyMap<string, Found<unknown>>, timeoutMs: number, withJob: WithJob): void {
    this.#runner.beginEach(this.#refreshes, [...due.keys()], timeoutMs, async (key, time) => {
      const known = due.get(key);
      if (known === undefined) return null;
      return withJob(key, time, (job) => this.#refresh(job, known, time));
    });
  }

  /** The key was written or deleted here: later callers must not get the earlier value. */
  forget(key: string): void {
    takeOut(this.#refreshes, key);
    this.#refreshedElsewhere.forget(key);
  }

  /** The same for all keys. */
  forgetAll(): void {
    for (const { key } of this.#refreshes.toArray()) takeOut(this.#refreshes, key);
  }

  async #refresh(
    job: LoadJob,
    { entry, value }: Found<unknown>,
    time: LoadTime,
  ): Promise<Answer | null> {
    const start = { seen: entry.stamp, value, mayWrite: true, mayWait: false, isAway: false };
    const answer = await this.#loader.obtain(job, start, time);
    if (answer === null) this.#refreshedElsewhere.note(job.key);
    return answer;
  }

  // While many ask for a key, none of them is to wait until it is loaded.
  #shareWhileHot(key: string): number | null {
    return this.#deps.keyspace.isSpared(key) ? REFRESH_WHILE_HOT : null;
  }

  #isOldEnough({ freshUntil, madeAt }: Entry, share: number): boolean {
    if (freshUntil === 0) return false;
    return this.#deps.clock.wallTime() >= madeAt + (freshUntil - madeAt) * share;
  }
}
