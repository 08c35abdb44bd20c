import { InvalidArgumentError } from '../../base/errors/index.js';
import type { Keyspace } from '../../keyspace/index.js';
import { CONTENTS, NOTHING_DONE, sumOf, type WarmUpCounts } from './warm-up-mark.js';
import { resolvePlan } from './warm-up-plan.js';
import type { WarmUpProgress } from './warm-up-progress.js';
import type { WarmUpTarget } from './warm-up-target.js';
import { WarmUp } from './warm-up.js';

/** The keyspace in which warm-ups keep their marks. */
const KEYSPACE = 'warm-ups';
// What is shown has a bound.
const MAX_PLANS = 20;

/** All warm-ups of a cache. */
export class WarmUps {
  readonly #openMarks: (name: string) => Keyspace;
  readonly #all = new Map<string, WarmUp>();
  readonly #isReachable: () => boolean;
  #marks: Keyspace<unknown> | null = null;
  #isClosed = false;

  /**
   * @param openMarks - opens a keyspace with the policy `strict`
   * @param isReachable - whether there is a primary that takes writes
   */
  constructor(openMarks: (name: string) => Keyspace, isReachable: () => boolean) {
    this.#openMarks = openMarks;
    this.#isReachable = isReachable;
  }

  /**
   * Takes a plan, and begins it.
   *
   * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) for a plan that cannot be used.
   */
  add(plan: object, target: WarmUpTarget): WarmUp {
    target.loader.runner.assertOpen();
    const resolved = resolvePlan(plan, target.options);
    this.#checkRoom(resolved.name);
    this.#marks ??= this.#openMarks(KEYSPACE).decodedBy(CONTENTS);
    const home = { marks: this.#marks, isReachable: this.#isReachable };
    const warmUp = new WarmUp(resolved, target, home);
    this.#all.set(resolved.name, warmUp);
    if (this.#isClosed) warmUp.close();
    return warmUp;
  }

  /** How far each of them is. */
  get progress(): readonly WarmUpProgress[] {
    return [...this.#all.values()].map(({ progress }) => progress);
  }

  /** What this process has done for all of them since it started. */
  get totals(): WarmUpCounts {
    return [...this.#all.values()].reduce((sum, { totals }) => sumOf(sum, totals), NOTHING_DONE);
  }

  /**
   * Begins the warm-up of that name, or all, one after the other, and tells how far it is.
   *
   * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) when there is none of that name.
   */
  async *warm(name?: string): AsyncGenerator<WarmUpProgress> {
    for (const warmUp of name === undefined ? this.#all.values() : [this.#find(name)]) {
      warmUp.begin('demand');
      yield* warmUp.watch();
    }
  }

  /** Stops all at once. */
  close(): void {
    this.#isClosed = true;
    for (const warmUp of this.#all.values()) warmUp.close();
  }

  #find(name: string): WarmUp {
    const warmUp = this.#all.get(name);
    if (warmUp !== undefined) return warmUp;
    const known = [...this.#all.keys()].join(', ');
    const remedy =
      known === '' ? 'Give a namespace a plan: namespace.warmUp({ … })' : `There are ${known}`;
    throw new InvalidArgumentError({
      field: 'name',
      value: name,
      message: 'there is no warm-up of this name',
      remedy,
    });
  }

  #checkRoom(name: string): void {
    const refused = (message: string, remedy: string): InvalidArgumentError =>
      new InvalidArgumentError({ field: 'warmUp.name', value: name, message, remedy });
    if (this.#all.has(name)) {
      throw refused('there is a warm-up of this name already', 'Give each a name of its own');
    }
    if (this.#all.size >= MAX_PLANS) {
      const message = `there are ${String(MAX_PLANS)} warm-ups already`;
      throw refused(message, 'Put keys of one namespace into one plan');
    }
  }
}
