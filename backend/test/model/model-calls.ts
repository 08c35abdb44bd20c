import { getEventListeners } from 'node:events';
import { RedisHaError } from '../../src/redis/base/errors/index.js';
import type { CommandRouter } from '../../src/redis/commands/shared/command-router.js';
import {
  intentOf,
  isRepeatable,
  TRANSACTION,
} from '../../src/redis/commands/table/command-intent.js';
import { CommandPayload, TransactionPayload } from '../../src/redis/commands/table/payloads.js';
import type { ModelClock } from './model-clock.js';
import type { Executions } from './model-server.js';

/** One call, and how it ended. */
export interface Outcome {
  readonly id: number;
  readonly name: string;
  readonly abort: AbortController | null;
  readonly deadlineAt: number;
  times: number;
  code: string | null;
}

/** What the calls are looked at by. */
interface CallsDeps {
  readonly router: CommandRouter;
  readonly clock: ModelClock;
  readonly executions: Executions;
  /** The port of the node that is followed as the primary. */
  readonly primaryPort: () => number | undefined;
  readonly report: (fault: string) => void;
}

// What is promised as not executed.
const NOT_EXECUTED = new Set(['NO_PRIMARY', 'CLOSED', 'QUEUE_FULL', 'COMMAND_ABORTED']);
// What only a deadline may say.
const AT_THE_DEADLINE = new Set(['NO_PRIMARY', 'NO_REPLICA', 'COMMAND_TIMEOUT']);
const ONCE = new Set(['incr', 'eval', 'multi']);
const CHANGES = new Set(['set', 'incr', 'multi']);
// The router looks at the deadlines this often.
const DEADLINE_CHECK_MS = 10;

/** The calls of a history: makes them, and checks what each is told and when. */
export class ModelCalls {
  readonly #deps: CallsDeps;
  readonly #all: Outcome[] = [];
  #open = new Set<Outcome>();

  constructor(deps: CallsDeps) {
    this.#deps = deps;
  }

  submit(name: string, timeoutMs: number, isFaulty = false): Outcome {
    const { clock } = this.#deps;
    const id = this.#all.length;
    // A signal costs more than all the rest, so only some have one.
    const abort = id % 3 === 0 ? new AbortController() : null;
    const deadlineAt = clock.now() + timeoutMs;
    const outcome: Outcome = { id, name, abort, deadlineAt, times: 0, code: null };
    this.#all.push(outcome);
    this.#open.add(outcome);
    this.#execute(name, [id, isFaulty], {
      timeoutMs,
      ...(abort === null ? {} : { signal: abort.signal }),
    }).then(
      () => {
        this.#settle(outcome, 'OK');
      },
      (error: unknown) => {
        this.#settle(outcome, RedisHaError.is(error) ? error.code : String(error));
      },
    );
    return outcome;
  }

  /** Aborts one of them, mostly one that is not over. */
  abortOne(dice: number): void {
    const open = [...this.#open].filter(({ abort }) => abort !== null);
    const from = open.length > 0 ? open : this.#all;
    from[Math.floor(dice * from.length)]?.abort?.abort();
  }

  /** Aborts the last one: nobody waits for it any more before it is written. */
  abortLast(): void {
    this.#all.at(-1)?.abort?.abort();
  }

  /** The calls that are open after their deadline. */
  get late(): readonly string[] {
    const due = this.#deps.clock.now() - DEADLINE_CHECK_MS;
    const late = [...this.#open].filter(({ deadlineAt }) => deadlineAt < due);
    return late.map(({ id, name }) => `${name} no. ${String(id)}`);
  }

  /** Looks at all of them when everything is over. */
  lookAtTheEnd(isClosed: boolean): void {
    const { executions, report } = this.#deps;
    for (const { id, name, times, code } of this.#all) {
      const what = `${name} no. ${String(id)}`;
      const executed = executions.counts.get(id) ?? 0;
      if (times !== 1) report(`${what} was settled ${String(times)} times`);
      if (ONCE.has(name) && executed > 1) report(`${what} was executed ${String(executed)} times`);
      if (code === 'CLOSED' && !isClosed)
        report(`${what} was refused although nobody closed anything`);
    }
  }

  /** Looks for listeners on signals that were left behind. */
  lookForListeners(): void {
    const listening = this.#all.filter(
      ({ abort }) => abort !== null && getEventListeners(abort.signal, 'abort').length > 0,
    );
    if (listening.length > 0) this.#deps.report(`${String(listening.length)} listeners are left`);
  }

  #execute(
    name: string,
    args: readonly [number, boolean],
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<unknown> {
    const { router } = this.#deps;
    if (name === 'multi') {
      const commands = ['incr', 'set'].map((each) => ({
        name: each,
        args,
        encoding: 'utf8' as const,
      }));
      return router.execute(new TransactionPayload(commands), TRANSACTION, false, options);
    }
    const intent = intentOf(name, args);
    const payload = new CommandPayload(name, args, 'utf8');
    return router.execute(payload, intent, isRepeatable(intent, args), options);
  }

  #settle(outcome: Outcome, code: string): void {
    const { executions, clock, primaryPort, report } = this.#deps;
    this.#open.delete(outcome);
    outcome.times++;
    outcome.code = code;
    const executed = executions.counts.get(outcome.id) ?? 0;
    const what = `${outcome.name} no. ${String(outcome.id)}`;
    if (code === 'OK' && executed === 0) report(`${what} succeeded and was not executed`);
    const isChange = CHANGES.has(outcome.name);
    const saysNo = NOT_EXECUTED.has(code) || code === 'COMMAND_REJECTED';
    if (isChange && saysNo && executed > 0) report(`${what} was executed, but: ${code}`);
    // A write that was refused ends a little earlier, so that it is not under way at its deadline.
    const isRead = !ONCE.has(outcome.name) && !isChange;
    if (isRead && AT_THE_DEADLINE.has(code) && clock.now() < outcome.deadlineAt) {
      report(`${what} ends as ${code} before its deadline`);
    }
    const on = executions.lastOn.get(outcome.id)?.address.port;
    if (code === 'OK' && isChange && on !== primaryPort()) {
      report(`${what} was acknowledged by a node that is not the primary any more`);
    }
  }
}
