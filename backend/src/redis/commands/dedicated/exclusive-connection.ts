import type { Encoding } from '../../cluster/connection/index.js';
import {
  ClosedError,
  CommandTimeoutError,
  ConnectionLostError,
  InvalidArgumentError,
} from '../../base/errors/index.js';
import type { CommandOperation } from '../../base/operations/index.js';
import type { Clock } from '../../base/timing/index.js';
import type { TracedOptions } from '../table/call-options.js';
import { type CommandIntent, intentOf, TRANSACTION } from '../table/command-intent.js';
import {
  type ChainedCommands,
  type ChainedScripts,
  CommandMethods,
  defineCommandMethods,
  newBatch,
} from '../table/command-methods.js';
import {
  type BatchResult,
  CommandPayload,
  type Payload,
  type QueuedCommand,
  TransactionPayload,
} from '../table/payloads.js';
import { checkedArguments, checkTransaction, refusal } from '../table/command-arguments.js';
import { newScript, type Script, type ScriptDefinition } from '../table/script.js';
import {
  addScripts,
  defineMethod,
  NO_SCRIPTS,
  type ScriptBook,
  scriptBook,
  type ScriptDefinitions,
} from '../table/script-methods.js';
import type { ScriptArguments, ScriptKeys } from '../table/script-words.js';
import type { LoanCall, LoanPlace } from './loan-call.js';
import type { PrimaryLoans } from './primary-loans.js';
import type { PrimaryLoan } from './wait-ender.js';

// The commands that such a connection is for. The others that change the state of a connection are
// refused: the next holder of the connection would inherit that state.
const OWN_COMMANDS = new Set(['watch', 'unwatch', 'wait', 'waitaof']);

/** A connection that is lent to one caller. */
interface Lending {
  readonly loan: PrimaryLoan;
  readonly loans: PrimaryLoans;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** What its caller does with it; with scripts or without, it is one connection. */
interface Work {
  readonly open: Set<Promise<unknown>>;
  isWatching: boolean;
  hasEnded: boolean;
}

const newWork = (): Work => ({ open: new Set(), isWatching: false, hasEnded: false });

/**
 * A lent connection to the primary, for commands whose effect belongs to one connection: `WATCH`,
 * `WAIT`. A command that Redis refuses for now is tried again until its deadline. Nothing is repeated on
 * another connection: when this one is lost, the watched keys are forgotten.
 */
export class ExclusiveConnection extends CommandMethods {
  readonly #lending: Lending;
  readonly #work: Work;
  readonly #scripts: ScriptBook;

  constructor(lending: Lending, work = newWork(), scripts = NO_SCRIPTS) {
    super();
    this.#lending = lending;
    this.#work = work;
    this.#scripts = scripts;
    for (const [name, definition] of scripts) defineMethod(this, name, this.#script(definition));
  }

  /** Watches keys: `exec` of the next transaction resolves with `null` if one of them changes before it. */
  watch(...keys: (string | Buffer)[]): Promise<unknown> {
    return this.call('watch', ...keys);
  }

  /** Forgets all watched keys. */
  unwatch(): Promise<unknown> {
    return this.call('unwatch');
  }

  /** Waits until so many replicas have the writes of this connection, at most `timeoutMs`. Returns how many have. */
  wait(replicas: number, timeoutMs: number): Promise<number> {
    return this.call('wait', replicas, timeoutMs) as Promise<number>;
  }

  /** Whether keys are watched now. */
  get isWatching(): boolean {
    return this.#work.isWatching;
  }

  /** Sends any command by its name. */
  call(name: string, ...args: unknown[]): Promise<unknown> {
    return this.runCommand(name, args, 'utf8');
  }

  /** Starts a transaction on this connection. `exec` resolves with `null` when a watched key changed. */
  multi(commands?: unknown[][]): ChainedCommands {
    return newBatch(
      (queued) => {
        const { operations } = this.#lending.loans;
        if (!operations.areWatched) return this.#runTransaction(queued);
        return operations.ofBatch('MULTI', queued, null, ({ operation }) =>
          this.#runTransaction(queued, operation),
        );
      },
      commands,
      (batch) => {
        addScripts(batch, this.#scripts);
      },
    );
  }

  /** Returns this same connection with a method for each script, also in `multi()`. `R` says what each script answers. */
  withScripts<R extends object>(scripts: ScriptDefinitions<R>): ExclusiveScripts<R> {
    const book = scriptBook(scripts, ExclusiveConnection.prototype);
    // The constructor gives it a method for each.
    return new ExclusiveConnection(this.#lending, this.#work, book) as ExclusiveScripts<R>;
  }

  /** @internal */
  runCommand(name: string, args: unknown[], encoding: Encoding): Promise<unknown> {
    return this.#runCommand({ name, args, encoding }, null);
  }

  /** @internal Refuses whatever comes later, and waits for what was begun. Returns whether the next caller may have the connection. */
  async end(): Promise<boolean> {
    this.#work.hasEnded = true;
    await Promise.allSettled(this.#work.open);
    return !this.#work.isWatching && this.#lending.loan.wire.isReady;
  }

  #script(
    definition: ScriptDefinition,
  ): (...args: Parameters<Script<unknown>>) => Promise<unknown> {
    const run = newScript(definition, (name, args, options, encoding) =>
      this.#runCommand({ name, args, encoding }, options),
    );
    return async (keys, args, options?: unknown) => {
      if (options !== undefined) throw noOptions();
      return run(keys, args);
    };
  }

  #runCommand(command: QueuedCommand, options: TracedOptions | null): Promise<unknown> {
    const { operations } = this.#lending.loans;
    if (!operations.areWatchedFor(options)) return this.#runOne(command);
    return operations.ofCommand(command, options, ({ operation }) =>
      this.#runOne(command, operation),
    );
  }

  #runOne({ name, args, encoding }: QueuedCommand, operation?: CommandOperation): Promise<unknown> {
    const checked = checkedArguments(name, args);
    if (checked instanceof InvalidArgumentError) return Promise.reject(checked);
    const payload = new CommandPayload(name, checked, encoding);
    return this.#run(payload, intentOf(name, checked), operation);
  }

  async #runTransaction(
    queued: readonly QueuedCommand[],
    operation?: CommandOperation,
  ): Promise<BatchResult[] | null> {
    const payload = new TransactionPayload(checkTransaction(queued));
    return (await this.#run(payload, TRANSACTION, operation)) as BatchResult[] | null;
  }

  #run(payload: Payload, intent: CommandIntent, operation?: CommandOperation): Promise<unknown> {
    const reply = this.#start(payload, intent, operation);
    const { open } = this.#work;
    open.add(reply);
    const close = (): void => {
      open.delete(reply);
    };
    reply.then(close, close);
    return reply;
  }

  async #start(
    payload: Payload,
    intent: CommandIntent,
    operation?: CommandOperation,
  ): Promise<unknown> {
    if (intent.route === 'refused' && !OWN_COMMANDS.has(intent.name)) throw refusal(intent);
    if (this.#work.hasEnded) throw endedError(payload.label);
    const call: LoanCall = {
      payload,
      intent,
      isRepeatable: !intent.changes,
      deadlineAt: this.#lending.clock.now() + this.#lending.timeoutMs,
      signal: null,
      operation,
    };
    const reply = await this.#lending.loans.calls.run(call, this.#place);
    if (intent.name === 'unwatch' || intent.name === 'multi') this.#work.isWatching = false;
    return reply;
  }

  /** Every call belongs to this one connection. */
  readonly #place: LoanPlace = {
    enter: async (call) => {
      this.#requireConnection(call);
      // The fence applies here too: a write that the old primary acknowledges now would be lost.
      const { loan, loans, clock } = this.#lending;
      const leftMs = call.deadlineAt - clock.now();
      if (call.intent.changes) await loans.whenWritableFor(loan, leftMs);
      // During the wait the primary may have moved, which closes this connection.
      this.#requireConnection(call);
      // Set before it is sent: the next holder of the connection must not get watched keys.
      if (call.intent.name === 'watch') this.#work.isWatching = true;
      return loan;
    },
    leave: () => undefined,
    // After a refused EXEC Redis has forgotten the watched keys, so it must not be tried again.
    hasConnection: ({ intent }, failure) =>
      this.#lending.loan.wire.isReady &&
      (failure === 'not-sent' || intent.name !== 'multi' || !this.#work.isWatching),
    lostError: (call, cause) =>
      this.#lending.loan.wire.isReady
        ? refusedForNow(call.payload.label, cause)
        : this.#lostError(call, cause),
  };

  #requireConnection(call: LoanCall): void {
    if (!this.#lending.loan.wire.isReady) throw this.#lostError(call, null);
  }

  #lostError({ payload }: LoanCall, cause: unknown): Error {
    const command = payload.label;
    if (this.#lending.loans.isClosed) return new ClosedError('Redis is shutting down', { command });
    return new ConnectionLostError(
      `The exclusive connection is closed, so ${command} was not executed. Call redis.exclusive() again.`,
      { command },
      { cause },
    );
  }
}

defineCommandMethods(ExclusiveConnection.prototype);

/** An exclusive connection with a method for each script. Their deadline is that of the connection. */
export type ExclusiveScripts<R extends object> = {
  readonly [K in keyof R]: (keys: ScriptKeys, args?: ScriptArguments) => Promise<R[K]>;
} & { multi(commands?: unknown[][]): ChainedScripts<R> } & ExclusiveConnection;

function noOptions(): InvalidArgumentError {
  return new InvalidArgumentError({
    field: 'options',
    value: '(given)',
    message: 'a script of an exclusive connection has the deadline of that connection',
    remedy: 'Leave them out, or give timeoutMs to redis.exclusive()',
  });
}

function refusedForNow(command: string, cause: unknown): CommandTimeoutError {
  return new CommandTimeoutError(
    `Redis refused ${command} for now, and it was not executed. Call redis.exclusive() again.`,
    { command },
    { cause },
  );
}

function endedError(command: string): ConnectionLostError {
  return new ConnectionLostError(
    `The work of redis.exclusive() has ended and its connection is given back, so ${command} was not executed. ` +
      'Is an await missing in the work, or is the connection used outside of it?',
    { command },
  );
}
