import type { Encoding } from '../connection/index.js';
import { InvalidArgumentError, RedisHaError } from '../errors/index.js';
import type { BlockingCalls } from './blocking-calls.js';
import type { CallOptions } from './call.js';
import { problemOf } from './command-arguments.js';
import { insteadOf, intentOf, isRepeatable, type CommandIntent } from './command-intent.js';
import type { CommandRouter } from './command-router.js';
import { rejectedError } from './outcome-errors.js';
import {
  CommandPayload,
  TransactionPayload,
  type BatchResult,
  type QueuedCommand,
} from './payloads.js';

const TRANSACTION: CommandIntent = {
  name: 'multi',
  route: 'primary',
  changes: true,
  idempotent: false,
};

/** Turns a command by name, a pipeline or a transaction into calls of the right kind. */
export class CommandRunner {
  readonly #router: CommandRouter;
  readonly #blocking: BlockingCalls;

  constructor(router: CommandRouter, blocking: BlockingCalls) {
    this.#router = router;
    this.#blocking = blocking;
  }

  /** One command. */
  run(
    name: string,
    args: readonly unknown[],
    encoding: Encoding,
    options: CallOptions | null,
  ): Promise<unknown> {
    const problem = problemOf(name, args);
    if (problem !== null) return Promise.reject(problem);
    return this.#start(intentOf(name, args), { name, args, encoding }, options);
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
        return this.#router.meter.watch(
          'blocking',
          this.#blocking.run(payload, intent, isRepeatable(intent, args), options),
        );
      case 'read':
      case 'primary':
        return this.#router.execute(payload, intent, isRepeatable(intent, args), options);
    }
  }

  /** Each command for itself, sent together. Never rejects: each result has its own error. */
  runPipeline(
    commands: readonly QueuedCommand[],
    options: CallOptions | null,
  ): Promise<BatchResult[]> {
    // A pipeline that changes anything reads in line with its writes: what it has written, it sees.
    const changes = commands.some(({ name, args }) => intentOf(name, args).route !== 'read');
    return Promise.all(
      commands.map((command) =>
        this.#runInLine(command, changes, options).then(
          (result): BatchResult => [null, result],
          (error: unknown): BatchResult => [error as Error, undefined],
        ),
      ),
    );
  }

  #runInLine(
    command: QueuedCommand,
    withWrites: boolean,
    options: CallOptions | null,
  ): Promise<unknown> {
    const { name, args } = command;
    const problem = problemOf(name, args);
    if (problem !== null) return Promise.reject(problem);
    const intent = intentOf(name, args);
    const isRead = intent.route === 'read' && withWrites;
    return this.#start(isRead ? { ...intent, route: 'primary' } : intent, command, options);
  }

  /** All or nothing, in `MULTI` … `EXEC`. Rejects when Redis refuses the whole. */
  async runTransaction(
    commands: readonly QueuedCommand[],
    options: CallOptions | null,
  ): Promise<BatchResult[] | null> {
    checkTransaction(commands);
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

/** Refuses a transaction with a command that cannot be sent or does not belong in one. */
export function checkTransaction(commands: readonly QueuedCommand[]): void {
  for (const { name, args } of commands) {
    const problem = problemOf(name, args);
    if (problem !== null) throw problem;
    const intent = intentOf(name, args);
    if (intent.route === 'refused') throw refusal(intent);
  }
}

/** The answer to a command that would change a connection for others. */
export function refusal(intent: CommandIntent): InvalidArgumentError {
  return new InvalidArgumentError({
    field: 'command',
    value: intent.name,
    message: 'it would change the state of a connection that all callers share',
    remedy: insteadOf(intent),
  });
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
