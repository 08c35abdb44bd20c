import type { BenchClient } from '../clients/bench-client.js';
import { now, sleep } from '../common/clock.js';
import { OpenLoop, type Stall } from '../../src/cli/measure/open-loop.js';
import { codeOf, Ledger, OK } from '../common/ledger.js';

/** Programs are slow when they are new, with a fault or without: what happens meanwhile has no times. */
export const WARM_UP_MS = 1000;

/** What an operation does. */
export const KINDS = ['set', 'incr', 'get'] as const;

/** One of them. */
export type OperationKind = (typeof KINDS)[number];

// Several clients issue at the same time: so they leave the machine more time for everything else.
const GRAIN_MS = 5;

/** The key that everybody reads. */
export const READ_KEY = 'bench:read';

/** What it holds. */
export const READ_VALUE = 'x'.repeat(100);

/** The outcome of a read that was answered with something else: by a node that is none of ours, or an empty one. */
export const WRONG_VALUE = 'WRONG_VALUE';

/** The key that one operation of one client writes. */
export function keyOf(prefix: string, index: number): string {
  return `${prefix}:${String(index)}`;
}

/** The counter of one client. */
export function counterOf(prefix: string): string {
  return `${prefix}:counter`;
}

/** Half reads, half writes; of the writes nine in ten set a key of their own, one in ten counts. */
export function kindOf(index: number): OperationKind {
  if (index % 2 === 1) return 'get';
  return (index >> 1) % 10 === 9 ? 'incr' : 'set';
}

/** Puts the load on one client and keeps its books. */
export class Workload {
  readonly ledger = new Ledger(KINDS);
  private readonly loop: OpenLoop;

  constructor(
    private readonly client: BenchClient,
    private readonly prefix: string,
    perSecond: number,
  ) {
    const issue = (index: number, dueAt: number): void => {
      this.issue(index, dueAt);
    };
    const pace = { grainMs: GRAIN_MS, noteStallsAfterMs: WARM_UP_MS };
    this.loop = new OpenLoop(perSecond, issue, pace);
  }

  /** The longest time in which nothing could be issued. */
  get stall(): Stall {
    return this.loop.stall;
  }

  start(): number {
    return this.loop.start();
  }

  /** Issues no more and waits for what is under way, but not longer than `graceMs`. */
  async stop(graceMs: number): Promise<number> {
    const stoppedAt = this.loop.stop();
    while (this.ledger.pending > 0 && now() < stoppedAt + graceMs) await sleep(20);
    return stoppedAt;
  }

  private issue(index: number, dueAt: number): void {
    const kind = kindOf(index);
    const number = this.ledger.begin(kind, dueAt, now());
    this.run(kind, index).then(
      (value) => {
        const isWrong = kind === 'get' && value !== READ_VALUE;
        this.ledger.settle(number, now(), isWrong ? WRONG_VALUE : OK);
      },
      (error: unknown) => {
        this.ledger.settle(number, now(), codeOf(error));
      },
    );
  }

  private async run(kind: OperationKind, index: number): Promise<unknown> {
    const { client, prefix } = this;
    if (kind === 'get') return client.get(READ_KEY);
    if (kind === 'incr') return client.incr(counterOf(prefix));
    return client.set(keyOf(prefix, index), String(index));
  }
}
