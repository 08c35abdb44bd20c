import type { BenchClient } from '../clients/bench-client.js';
import { now, sleep } from '../common/clock.js';
import { OpenLoop, type Stall } from '../common/open-loop.js';
import { LedgerBook, type OperationKind } from './ledger.js';

/** Programs are slow when they are new, with a fault or without: what happens meanwhile has no times. */
export const WARM_UP_MS = 1000;

/** The key that everybody reads. */
export const READ_KEY = 'bench:read';

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
  readonly book = new LedgerBook();
  private readonly loop: OpenLoop;

  constructor(
    private readonly client: BenchClient,
    private readonly prefix: string,
    perSecond: number,
  ) {
    const issue = (index: number): void => {
      this.issue(index);
    };
    this.loop = new OpenLoop(perSecond, issue, WARM_UP_MS);
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
    while (this.book.pending > 0 && now() < stoppedAt + graceMs) await sleep(20);
    return stoppedAt;
  }

  private issue(index: number): void {
    const kind = kindOf(index);
    const number = this.book.begin(kind, now());
    this.run(kind, index).then(
      () => {
        this.book.settle(number, now(), null);
      },
      (error: unknown) => {
        this.book.settle(number, now(), codeOf(error));
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

/** The stable code of an error, or the beginning of what it says, without numbers and addresses. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string') return code;
  const said = error.message.replace(/\d+/g, '#').slice(0, 60);
  return `${error.name}: ${said}`;
}
