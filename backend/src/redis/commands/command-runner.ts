import type { Encoding } from '../cluster/connection/index.js';
import { InvalidArgumentError, RedisHaError } from '../base/errors/index.js';
import type { BlockingCalls } from './dedicated/blocking-calls.js';
import type { CallOptions } from './table/call-options.js';
import { checkedArguments, checkTransaction, refusal } from './table/command-arguments.js';
import { type CommandIntent, intentOf, isRepeatable, TRANSACTION } from './table/command-intent.js';
import {
  type BatchResult,
  CommandPayload,
  type QueuedCommand,
  TransactionPayload,
} from './table/payloads.js';
import type { CommandRouter } from './shared/command-router.js';
import { rejectedError } from './shared/outcome-errors.js';

/** Turns commands, pipelines and transactions into calls, and runs them. */
export class CommandRunner {
  readonly #router: CommandRouter;
  readonly #blocking: BlockingCalls;

  constructor(router: CommandRouter, blocking: BlockingCalls) {
    this.#router = router;
    this.#blocking = blocking;
  }

  /** Runs one command. */
  run(
    name: string,
    args: readonly unknown[],
    encoding: Encoding,
    options: CallOptions | null,
  ): Promise<unknown> {
    const checked = checkedArguments(name, args);
    if (checked instanceof InvalidArgumentError) return Promise.reject(checked);
    return this.#start(intentOf(name, checked), { name, args: checked, encoding }, options);
  }

  #start(
    intent: CommandIntent,
    { name, args, encoding }: QueuedCommand,
    options: CallOptions | null,
  ): Promise<unknown> {
    const payload = new CommandPayload(name, args, encoding);
    switch (intent.route) {
      case 'refused':
        return Promise.reject(refusal(intent));
      case 'blocking':
        return this.#router.recorder.watch(
          'blocking',
          this.#blocking.run(payload, intent, isRepeatable(intent, args), options),
        );
      case 'read':
      case 'primary':
        return this.#router.execute(payload, intent, isRepeatable(intent, args), options);
    }
  }

  /** Sends the commands together. Never rejects: each command has its own result or error. */
  runPipeline(
    commands: readonly QueuedCommand[],
    options: CallOptions | null,
  ): Promise<BatchResult[]> {
    // A pipeline that changes anything reads from the primary too, so that it sees its own writes.
    const changes = commands.some(({ name, args }) => intentOf(name, args).route !== 'read');
    return Promise.all(
      commands.map((command) =>
        this.#runInOrder(command, changes, options).then(
          (result): BatchResult => [null, result],
          (error: unknown): BatchResult => [error as Error, undefined],
        ),
      ),
    );
  }

  #runInOrder(
    command: QueuedCommand,
    withWrites: boolean,
    options: CallOptions | null,
  ): Promise<unknown> {
    const { name, encoding } = command;
    const args = checkedArguments(name, command.args);
    if (args instanceof InvalidArgumentError) return Promise.reject(args);
    const intent = intentOf(name, args);
    const isRead = intent.route === 'read' && withWrites;
    const routed: CommandIntent = isRead ? { ...intent, route: 'primary' } : intent;
    return this.#start(routed, { name, args, encoding }, options);
  }

  /** Runs the commands in `MULTI` … `EXEC`. Rejects when Redis refuses the transaction as a whole. */
  async runTransaction(
    queued: readonly QueuedCommand[],
    options: CallOptions | null,
  ): Promise<BatchResult[] | null> {
    const commands = checkTransaction(queued);
    if (commands.length === 0) return [];
    const intents = commands.map(({ name, args }) => intentOf(name, args));
    const repeatable = intents.every((intent, i) => isRepeatable(intent, commands[i]?.args ?? []));
    const changes = intents.some((intent) => intent.changes);
    const answer = await this.#router.execute(
      new TransactionPayload(commands),
      { ...TRANSACTION, changes },
      repeatable,
      options,
    );
    return withSafeErrors(answer as BatchResult[] | null, commands);
  }
}

function withSafeErrors(
  results: BatchResult[] | null,
  commands: readonly QueuedCommand[],
): BatchResult[] | null {
  return (
    results?.map(([error, result], i): BatchResult => {
      if (error === null || RedisHaError.is(error)) return [error, result];
      return [rejectedError(commands[i]?.name ?? 'multi', error), undefined];
    }) ?? null
  );
}
