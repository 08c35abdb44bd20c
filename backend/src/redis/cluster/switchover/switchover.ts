import type { NodeAddress } from '../../base/address/index.js';
import { SwitchoverFailedError } from '../../base/errors/index.js';
import { anything, option, OptionSet, rule, type RowsOf } from '../../base/options/index.js';
import type { RedisNode } from '../connection/index.js';
import { areInStep } from './catch-up.js';
import { findNodes } from './find-nodes.js';
import { failure, Handover, type SwitchoverReport, type SwitchoverTools } from './handover.js';
import { type Obstacle, obstaclesIn } from './obstacle.js';
import { PriorityChange } from './priority-change.js';
import { Steps, type Waiting } from './steps.js';

/** Options of a planned switchover. */
export interface SwitchoverOptions {
  /** The replica that shall become the primary, as Sentinel announces it: `host:port`, or an object. @defaultValue Sentinel's choice */
  readonly to?: NodeAddress | string;
  /** When to give up and undo what can be undone, in ms. @defaultValue 30000 */
  readonly timeoutMs?: number;
}

const MIN_TIMEOUT_MS = 3_000;

/** The options of a switchover. */
export const SWITCHOVER = new OptionSet(
  {
    // Looked up among the replicas that are known then.
    to: option(anything<NodeAddress | string>(), null),
    timeoutMs: option(
      rule<number>(
        `a number of milliseconds from ${String(MIN_TIMEOUT_MS)}`,
        (value) => Number.isFinite(value) && Number(value) >= MIN_TIMEOUT_MS,
        {
          remedy:
            'Sentinel alone takes more than a second, and a switchover is only undone before that; 30000 is the default',
        },
      ),
      30_000,
    ),
  } satisfies RowsOf<SwitchoverOptions>,
  { path: '', example: '{ timeoutMs: 30_000 }' },
);

const NEARLY_BYTES = 256 * 1024;
// Sentinel looks every ten seconds: asking it all the time makes it no quicker.
const LOOK_EVERY_MS = 50;

/**
 * Moves the primary on purpose without losing an acknowledged write: holds back writes, waits until
 * the replicas have everything, lets Sentinel promote one, and makes the old primary its replica.
 */
export async function switchover(
  tools: SwitchoverTools,
  options: SwitchoverOptions = {},
): Promise<SwitchoverReport> {
  const { to: wanted, timeoutMs } = SWITCHOVER.over(options, SWITCHOVER.defaults);
  const steps = new Steps(tools.clock, timeoutMs, tools.closing);
  const { to } = findNodes(tools.tracker, wanted);
  const priorities = new PriorityChange(tools, steps);
  try {
    const old = await new Preparation(tools, { wanted, to }, priorities, steps).run();
    return await new Handover(tools, old, to, steps).run();
  } finally {
    await priorities.restore();
  }
}

interface Target {
  /** As the caller wrote it. */
  readonly wanted: NodeAddress | string | null;
  readonly to: NodeAddress | null;
}

/** Everything that takes long, while writes go on: until nothing keeps the Sentinels from a failover that lasts. */
class Preparation {
  readonly #tools: SwitchoverTools;
  readonly #target: Target;
  readonly #priorities: PriorityChange;
  readonly #steps: Steps;
  #lookedAt = -Infinity;

  constructor(tools: SwitchoverTools, target: Target, priorities: PriorityChange, steps: Steps) {
    this.#tools = tools;
    this.#target = target;
    this.#priorities = priorities;
    this.#steps = steps;
  }

  /** Returns the primary that is to be left: a failover that was under way may have moved it. */
  async run(): Promise<RedisNode> {
    const { to } = this.#target;
    try {
      if (to !== null) await this.#priorities.prefer(to);
      await this.#tools.sentinels.lookAgain();
      // All at one moment: while one is waited for, another may come again.
      await this.#steps.until(
        () => this.#waiting(),
        () => this.#isReady(),
        () => {
          this.#lookAgain();
        },
      );
      return this.#find();
    } catch (error) {
      throw error instanceof SwitchoverFailedError ? failure(error, 'Nothing was changed.') : error;
    }
  }

  #obstacles(): Obstacle[] {
    return obstaclesIn(this.#tools.sentinels.views(), this.#target.to);
  }

  #find(): RedisNode {
    return findNodes(this.#tools.tracker, this.#target.wanted).old;
  }

  #isReady(): boolean {
    const { to } = this.#target;
    if (this.#obstacles().length > 0) return false;
    // A failover that ends makes Sentinel read the replicas, and their priorities, anew.
    if (to !== null && !this.#priorities.isSeen(to)) return false;
    const { tracker, sentinels } = this.#tools;
    const views = sentinels.views();
    return areInStep({ tracker, primary: this.#find(), to, views }, NEARLY_BYTES);
  }

  #waiting(): Waiting {
    const obstacles = this.#obstacles();
    const [first] = obstacles;
    if (first === undefined) return { what: this.#missing(), details: {} };
    const all = obstacles.map(({ seen }) => seen).join('; ');
    return {
      what: `the Sentinels to be ready: ${all}. ${first.remedy}`,
      details: { obstacles: obstacles.map(({ kind, seen, remedy }) => ({ kind, seen, remedy })) },
    };
  }

  #missing(): string {
    const { to } = this.#target;
    return to === null || this.#priorities.isSeen(to)
      ? 'replicas to be nearly in step'
      : 'the Sentinels to see the new priority';
  }

  #lookAgain(): void {
    const { clock, sentinels, tracker } = this.#tools;
    if (clock.now() - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#lookedAt = clock.now();
    void sentinels.lookAgain();
    for (const node of [tracker.primary, ...tracker.replicas]) node?.nudge();
  }
}
