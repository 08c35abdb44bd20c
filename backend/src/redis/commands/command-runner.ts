import type { Encoding } from '../cluster/connection/index.js';
import { InvalidArgumentError, RedisHaError } from '../base/errors/index.js';
import type { Clock } from '../base/timing/index.js';
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
import { PipelineWrites } from './pipeline-writes.js';
import type { CommandRouter } from './shared/command-router.js';
import { rejectedError, repeatedError } from './shared/outcome-errors.js';

/** A pipeline that is on its way. */
interface Pipeline {
  /** Its writes that are not over; `null` if it has none. */
  readonly writes: PipelineWrites | null;
  readonly options: CallOptions | null;
  readonly deadlineAt: number;
}

/** The ways on which a {@link CommandRunner} sends what it is given. */
export interface CommandWays {
  readonly router: Pick<CommandRouter, 'execute' | 'recorder'>;
  readonly blocking: Pick<BlockingCalls, 'run'>;
}

/** Turns commands, pipelines and transactions into calls, and runs them. */
export class CommandRunner {
  readonly #router: CommandWays['router'];
  readonly #blocking: CommandWays['blocking'];
  readonly #clock: Clock;
  readonly #writeTimeoutMs: number;

  constructor(
    router: CommandWays['router'],
    blocking: CommandWays['blocking'],
    clock: Clock,
    writeTimeoutMs: number,
  ) {
    this.#router = router;
    this.#blocking = blocking;
    this.#clock = clock;
    this.#writeTimeoutMs = writeTimeoutMs;
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
    const intent = intentOf(name, checked);
    if (intent.route !== 'read')
      return this.#start(intent, { name, args: checked, encoding }, options);
    return this.#router.execute(new CommandPayload(name, checked, encoding), intent, true, options);
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
    const onlyReads = commands.every(({ name, args }) => intentOf(name, args).route === 'read');
    const pipeline: Pipeline = {
      writes: onlyReads ? null : new PipelineWrites(),
      options,
      deadlineAt: this.#clock.now() + (options?.timeoutMs ?? this.#writeTimeoutMs),
    };
    return Promise.all(
      commands.map((command) =>
        this.#runInOrder(command, pipeline).then(
          (result): BatchResult => [null, result],
          (error: unknown): BatchResult => [error as Error, undefined],
        ),
      ),
    );
  }

  #runInOrder(queued: QueuedCommand, { writes, options, deadlineAt }: Pipeline): Promise<unknown> {
    const { name, encoding } = queued;
    const args = checkedArguments(name, queued.args);
    if (args instanceof InvalidArgumentError) return Promise.reject(args);
    const command = { name, args, encoding };
    const intent = intentOf(name, args);
    if (writes === null) return this.#start(intent, command, options);
    const ordered: CommandIntent =
      intent.route === 'read' ? { ...intent, route: 'primary' } : intent;
    const reply = this.#start(ordered, command, options);
    // Blocking commands have connections of their own, in no order with the rest.
    if (ordered.route !== 'primary') return reply;
    if (!intent.changes) {
      const again = (): Promise<unknown> => {
        const timeoutMs = Math.max(1, deadlineAt - this.#clock.now());
        return this.#start(ordered, command, { ...options, timeoutMs });
      };
      return seeing(writes, reply, again);
    }
    writes.add(reply);
    return reply;
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
    const payload = new TransactionPayload(commands);
    const answer = await this.#router.execute(
      payload,
      { ...TRANSACTION, changes },
      repeatable,
      options,
    );
    return withSafeErrors(answer as BatchResult[] | null, commands, payload.mayHaveRunBefore);
  }
}

// A read whose answer came before that of an earlier write has not seen it, and asks again.
async function seeing(
  writes: PipelineWrites,
  reply: Promise<unknown>,
  again: () => Promise<unknown>,
): Promise<unknown> {
  const { place } = writes;
  // An error counts as an answer: what the pipeline has written may be what is missing.
  const overtaken = await reply.then(
    () => writes.openBefore(place),
    () => writes.openBefore(place),
  );
  if (overtaken.length === 0) return reply;
  const isMissed = (await Promise.all(overtaken)).includes(true);
  return isMissed ? again() : reply;
}

function withSafeErrors(
  results: BatchResult[] | null,
  commands: readonly QueuedCommand[],
  mayHaveRunBefore: boolean,
): BatchResult[] | null {
  return (
    results?.map(([error, result], i): BatchResult => {
      if (error === null || RedisHaError.is(error)) return [error, result];
      const name = commands[i]?.name ?? 'multi';
      if (!mayHaveRunBefore) return [rejectedError(name, error), undefined];
      // The transaction was sent twice: the error says nothing about the first time.
      return [repeatedError(name, error), undefined];
    }) ?? null
  );
}
