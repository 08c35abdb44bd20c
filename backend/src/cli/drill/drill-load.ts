import { codeOf } from '../../redis/base/errors/index.js';
import type { Clock } from '../../redis/base/timing/index.js';
import type { RedisCommandSet } from '../../redis/engine/index.js';
import { longestGap, now, OpenLoop } from '../measure/index.js';

/** What the load is made of. */
export interface LoadPlan {
  readonly commands: RedisCommandSet;
  readonly clock: Clock;
  /** What every key begins with; of this drill alone. */
  readonly prefix: string;
  /** Writes per second, and as many reads. */
  readonly rate: number;
}

/** One call, on the clock of the machine. */
export interface DrillCall {
  readonly kind: 'write' | 'read';
  readonly dueAt: number;
  settledAt: number;
  /** The stable code of what went wrong; `null` where it was answered. */
  failure: string | null;
}

/** What became of the calls of one kind. */
export interface CallFigures {
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  /** How often each error came. */
  readonly errors: Readonly<Record<string, number>>;
}

/** A stretch without an acknowledged write, on the clock of the machine. */
export interface WriteGap {
  readonly from: number;
  readonly ms: number;
}

/** Keys end by themselves: whoever is killed leaves none behind for long. */
const KEY_LIVES_MS = 900_000;
const BATCH = 500;
const LOOK_EVERY_MS = 20;
const LOOK_WITHIN_MS = 15_000;

/**
 * Writes a sequence, each number under a key of its own, and reads what was acknowledged, on a schedule that waits for no
 * answer. Afterwards each acknowledged number is looked for.
 */
export class DrillLoad {
  readonly #plan: LoadPlan;
  readonly #loop: OpenLoop;
  readonly #calls: DrillCall[] = [];
  readonly #acknowledged: { readonly number: number; readonly at: number }[] = [];
  #written = 0;
  #isStopped = false;
  #pending = 0;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    const issue = (_: number, dueAt: number): void => {
      this.#write(dueAt);
      this.#read(dueAt);
    };
    this.#loop = new OpenLoop(plan.rate, issue, { noteStallsAfterMs: 0 });
  }

  get calls(): readonly DrillCall[] {
    return this.#calls;
  }

  /** The longest time in which this program itself could not run: no figure is more exact than that. */
  get stalledMs(): number {
    return this.#loop.stall.ms;
  }

  /** How many writes were acknowledged until now. */
  get acknowledged(): number {
    return this.#acknowledged.length;
  }

  /** How many calls failed until now. */
  get failed(): number {
    return this.#calls.filter(({ failure }) => failure !== null).length;
  }

  start(): void {
    this.#loop.start();
  }

  /** Begins no further call; resolves when all are answered, or when that takes too long. */
  async stop(withinMs: number): Promise<void> {
    // Stopped again, it would issue what was due meanwhile.
    if (!this.#isStopped) this.#loop.stop();
    this.#isStopped = true;
    const until = now() + withinMs;
    while (this.#pending > 0 && now() < until) await this.#plan.clock.sleep(LOOK_EVERY_MS);
  }

  /** The longest stretch without an acknowledged write, from the first one on. */
  get gap(): WriteGap {
    const times = this.#acknowledged.map(({ at }) => at);
    const [first, last] = [Math.min(...times), Math.max(...times)];
    return times.length === 0 ? { from: 0, ms: Infinity } : longestGap(times, first, last);
  }

  figuresOf(wanted: DrillCall['kind']): CallFigures {
    const calls = this.#calls.filter(({ kind }) => kind === wanted);
    const failures = calls.flatMap(({ failure }) => failure ?? []);
    const errors: Record<string, number> = {};
    for (const code of failures) errors[code] = (errors[code] ?? 0) + 1;
    const answered = calls.filter(({ settledAt, failure }) => settledAt > 0 && failure === null);
    return { sent: calls.length, answered: answered.length, failed: failures.length, errors };
  }

  /** Looks for every acknowledged number on the primary. Returns how many are not there. */
  async countLost(): Promise<number> {
    const numbers = this.#acknowledged.map(({ number }) => number);
    let lost = 0;
    for (const batch of batchesOf(numbers)) {
      const keys = batch.map((number) => this.#keyOf(number));
      const found = await this.#patient.mget(...keys);
      lost += batch.filter((number, at) => found[at] !== String(number)).length;
    }
    return lost;
  }

  /** Removes every key that it wrote or may have written. */
  async removeKeys(): Promise<void> {
    const numbers = Array.from({ length: this.#written }, (_, number) => number);
    for (const batch of batchesOf(numbers)) {
      await this.#patient.unlink(...batch.map((number) => this.#keyOf(number)));
    }
  }

  get #patient(): RedisCommandSet {
    return this.#plan.commands.with({ readPolicy: 'primary', timeoutMs: LOOK_WITHIN_MS });
  }

  #write(dueAt: number): void {
    const number = this.#written++;
    const { commands } = this.#plan;
    const sent = commands.set(this.#keyOf(number), String(number), 'PX', KEY_LIVES_MS);
    this.#note({ kind: 'write', dueAt, settledAt: 0, failure: null }, sent, (at) => {
      this.#acknowledged.push({ number, at });
    });
  }

  #read(dueAt: number): void {
    const last = this.#acknowledged.at(-1);
    if (last === undefined) return;
    const sent = this.#plan.commands.get(this.#keyOf(last.number));
    this.#note({ kind: 'read', dueAt, settledAt: 0, failure: null }, sent);
  }

  #note(call: DrillCall, sent: Promise<unknown>, onAnswer?: (at: number) => void): void {
    this.#calls.push(call);
    this.#pending += 1;
    const settle = (failure: string | null): void => {
      call.settledAt = now();
      call.failure = failure;
      this.#pending -= 1;
      if (failure === null) onAnswer?.(call.settledAt);
    };
    sent.then(
      () => {
        settle(null);
      },
      (error: unknown) => {
        settle(codeOf(error) ?? 'UNKNOWN');
      },
    );
  }

  #keyOf(number: number): string {
    return `${this.#plan.prefix}${String(number)}`;
  }
}

function batchesOf(numbers: readonly number[]): number[][] {
  const count = Math.ceil(numbers.length / BATCH);
  return Array.from({ length: count }, (_, at) => numbers.slice(at * BATCH, (at + 1) * BATCH));
}
