import type { Encoding, Loan } from '../../cluster/connection/index.js';
import {
  CommandTimeoutError,
  ConnectionLostError,
  InvalidArgumentError,
} from '../../base/errors/index.js';
import type { Clock } from '../../base/timing/index.js';
import { type CommandIntent, intentOf, TRANSACTION } from '../table/command-intent.js';
import {
  type ChainedCommands,
  CommandMethods,
  defineCommandMethods,
  newBatch,
} from '../table/command-methods.js';
import {
  type BatchResult,
  CommandPayload,
  type Payload,
  TransactionPayload,
} from '../table/payloads.js';
import { checkedArguments, checkTransaction, refusal } from '../table/command-arguments.js';
import { runExclusively, TryElsewhere } from './exclusive-call.js';
import type { PrimaryLoans } from './primary-loans.js';

const REFUSAL_PAUSE_MS = 10;

// The commands that such a connection is for. The others that change the state of a connection are
// refused: the next holder of the connection would inherit that state.
const OWN_COMMANDS = new Set(['watch', 'unwatch', 'wait', 'waitaof']);

/**
 * A lent connection to the primary, for commands whose effect belongs to one connection: `WATCH`,
 * `WAIT`. A command that Redis refuses for now is tried again until its deadline. Nothing is repeated on
 * another connection: when this one is lost, the watched keys are forgotten.
 */
export class ExclusiveConnection extends CommandMethods {
  readonly #loan: Loan;
  readonly #loans: PrimaryLoans;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #isWatching = false;

  constructor(loan: Loan, loans: PrimaryLoans, clock: Clock, timeoutMs: number) {
    super();
    this.#loan = loan;
    this.#loans = loans;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
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
    return this.#isWatching;
  }

  /** Sends any command by its name. */
  call(name: string, ...args: unknown[]): Promise<unknown> {
    return this.runCommand(name, args, 'utf8');
  }

  /** Starts a transaction on this connection. `exec` resolves with `null` when a watched key changed. */
  multi(commands?: unknown[][]): ChainedCommands {
    return newBatch(async (queued) => {
      const commands = checkTransaction(queued);
      return (await this.#run(new TransactionPayload(commands), TRANSACTION)) as
        BatchResult[] | null;
    }, commands);
  }

  /** @internal */
  runCommand(name: string, args: unknown[], encoding: Encoding): Promise<unknown> {
    const checked = checkedArguments(name, args);
    if (checked instanceof InvalidArgumentError) return Promise.reject(checked);
    return this.#run(new CommandPayload(name, checked, encoding), intentOf(name, checked));
  }

  async #run(payload: Payload, intent: CommandIntent): Promise<unknown> {
    if (intent.route === 'refused' && !OWN_COMMANDS.has(intent.name)) throw refusal(intent);
    this.#requireConnection(payload.label);
    // The fence applies here too: a write that the old primary acknowledges now would be lost.
    if (intent.changes) await this.#loans.whenWritable(this.#timeoutMs);
    // During the wait the primary may have moved, which closes this connection.
    this.#requireConnection(payload.label);
    // Set before it is sent: the next holder of the connection must not get watched keys.
    if (intent.name === 'watch') this.#isWatching = true;
    const deadlineAt = this.#clock.now() + this.#timeoutMs;
    for (;;) {
      const outcome = await this.#attempt(payload, intent, deadlineAt);
      if (outcome !== 'refused') return outcome.reply;
      await this.#clock.sleep(REFUSAL_PAUSE_MS);
    }
  }

  async #attempt(
    payload: Payload,
    intent: CommandIntent,
    deadlineAt: number,
  ): Promise<'refused' | { readonly reply: unknown }> {
    const timeoutMs = Math.max(1, deadlineAt - this.#clock.now());
    try {
      const call = { payload, intent, timeoutMs, signal: null };
      const reply = await runExclusively(this.#loan, call, this.#clock);
      this.#noteDone(intent.name);
      return { reply };
    } catch (error) {
      if (!(error instanceof TryElsewhere)) throw error;
      this.#requireConnection(payload.label, error);
      // After a refused EXEC Redis has forgotten the watched keys, so it must not be tried again.
      const isFutile = intent.name === 'multi' && this.#isWatching;
      if (isFutile || timeoutMs <= REFUSAL_PAUSE_MS) throw refusedForNow(payload.label, error);
      return 'refused';
    }
  }

  #noteDone(name: string): void {
    if (name === 'unwatch' || name === 'multi') this.#isWatching = false;
  }

  #requireConnection(command: string, cause?: unknown): void {
    if (!this.#loan.wire.isReady) throw this.#lost(command, cause);
  }

  #lost(command: string, cause?: unknown): ConnectionLostError {
    return new ConnectionLostError(
      `The exclusive connection is closed, so ${command} was not executed. Call redis.exclusive() again.`,
      { command },
      { cause },
    );
  }
}

defineCommandMethods(
  ExclusiveConnection.prototype,
  (self) => (name, args, encoding) => self.runCommand(name, args, encoding),
);

function refusedForNow(command: string, cause: unknown): CommandTimeoutError {
  return new CommandTimeoutError(
    `Redis refused ${command} for now, and it was not executed. Call redis.exclusive() again.`,
    { command },
    { cause },
  );
}

/** Lends an exclusive connection to `work` and takes it back afterwards. */
export async function withExclusive<T>(
  work: (connection: ExclusiveConnection) => Promise<T>,
  loans: PrimaryLoans,
  clock: Clock,
  timeoutMs: number,
): Promise<T> {
  const loan = await loans.acquireTakingWrites(timeoutMs);
  const connection = new ExclusiveConnection(loan, loans, clock, timeoutMs);
  try {
    const result = await work(connection);
    // The work has succeeded, even if its connection cannot be used again.
    if (connection.isWatching) loan.discard();
    else loan.release();
    return result;
  } catch (error) {
    // The state of the connection is unknown now: there may be a watched key or half a transaction.
    loan.discard();
    throw error;
  }
}
