import type { Encoding } from '../cluster/connection/index.js';
import { InvalidArgumentError, RedisHaError } from '../base/errors/index.js';
import type { Clock } from '../base/timing/index.js';
import type { BlockingCalls } from './dedicated/blocking-calls.js';
import { type ConfirmedWrites, unconfirmable } from './dedicated/confirmed-writes.js';
import type { TracedOptions } from './table/call-options.js';
import { checkedArguments, checkTransaction, refusal } from './table/command-arguments.js';
import { type CommandIntent, intentOf, isRepeatable, TRANSACTION } from './table/command-intent.js';
import { intentWith } from './table/declared-intent.js';
import {
  type BatchResult,
  CommandPayload,
  type Payload,
  type QueuedCommand,
  TransactionPayload,
} from './table/payloads.js';
import { isUnknownScript } from './table/script.js';
import { CommandOperations } from './operations/command-operations.js';
import { PipelineWrites } from './pipeline-writes.js';
import type { CommandRouter } from './shared/command-router.js';
import { rejectedError, repeatedError } from './shared/outcome-errors.js';

/** A pipeline that is on its way. */
interface Pipeline {
  /** Its writes that are not over; `null` if it has none. */
  readonly writes: PipelineWrites | null;
  readonly options: TracedOptions | null;
  readonly deadlineAt: number;
}

/** The calls that share connections with others. */
export type SharedCalls = Pick<CommandRouter, 'execute' | 'mayRepeat' | 'recorder'> &
  Partial<Pick<CommandRouter, 'place'>>;

/** The calls that have a connection of their own. */
export interface OwnConnectionCalls {
  readonly blocking: Pick<BlockingCalls, 'run'>;
  readonly confirmed: Pick<ConfirmedWrites, 'run'>;
}

/** Turns commands, pipelines and transactions into calls, and runs them. */
export class CommandRunner {
  /** Shows what is run here to those who watch. */
  readonly operations: CommandOperations;
  readonly #router: SharedCalls;
  readonly #own: OwnConnectionCalls;
  readonly #clock: Clock;
  readonly #writeTimeoutMs: number;

  constructor(router: SharedCalls, own: OwnConnectionCalls, clock: Clock, writeTimeoutMs: number) {
    this.#router = router;
    this.#own = own;
    this.#clock = clock;
    this.#writeTimeoutMs = writeTimeoutMs;
    this.operations = new CommandOperations(router.place);
  }

  /** Runs one command. */
  run(
    name: string,
    args: readonly unknown[],
    encoding: Encoding,
    options: TracedOptions | null,
  ): Promise<unknown> {
    if (this.operations.areWatchedFor(options)) {
      return this.operations.ofCommand({ name, args }, options, (watched) =>
        this.run(name, args, encoding, watched),
      );
    }
    const checked = checkedArguments(name, args);
    if (checked instanceof InvalidArgumentError) return Promise.reject(checked);
    if (options?.as !== undefined || options?.replicas !== undefined)
      return this.#runAsTold({ name, args: checked, encoding }, options);
    const intent = intentOf(name, checked);
    if (intent.route !== 'read')
      return this.#start(intent, { name, args: checked, encoding }, options);
    return this.#router.execute(new CommandPayload(name, checked, encoding), intent, true, options);
  }

  /** Runs a command of which the caller says what it does, or who is to confirm it. */
  #runAsTold(command: QueuedCommand, options: TracedOptions): Promise<unknown> {
    const { name, args, encoding } = command;
    const intent = intentWith(command, options);
    if (intent instanceof InvalidArgumentError) return Promise.reject(intent);
    const { replicas } = options;
    if (replicas === undefined || intent.route === 'refused')
      return this.#start(intent, command, options);
    const unfit = unconfirmable(intent);
    if (unfit !== null) return Promise.reject(unfit);
    const payload = new CommandPayload(name, args, encoding);
    return this.#confirm(payload, intent, isRepeatable(intent, args), { ...options, replicas });
  }

  #confirm(
    payload: Payload,
    intent: CommandIntent,
    isHarmless: boolean,
    options: TracedOptions & { readonly replicas: number },
  ): Promise<unknown> {
    const { replicas, idempotent } = options;
    const isRepeatable = idempotent ?? this.#router.mayRepeat(intent, isHarmless);
    const write = { payload, intent, isRepeatable, replicas, options };
    const goesOn = options.script === undefined ? undefined : isUnknownScript;
    return this.#router.recorder.watch('write', this.#own.confirmed.run(write), goesOn);
  }

  #start(
    intent: CommandIntent,
    { name, args, encoding }: QueuedCommand,
    options: TracedOptions | null,
  ): Promise<unknown> {
    const payload = new CommandPayload(name, args, encoding);
    switch (intent.route) {
      case 'refused':
        return Promise.reject(refusal(intent));
      case 'blocking':
        return this.#router.recorder.watch(
          'blocking',
          this.#own.blocking.run(payload, intent, isRepeatable(intent, args), options),
        );
      case 'read':
      case 'primary':
        return this.#router.execute(payload, intent, isRepeatable(intent, args), options);
    }
  }

  /** Sends the commands together. Never rejects: each command has its own result or error. */
  runPipeline(
    commands: readonly QueuedCommand[],
    options: TracedOptions | null,
  ): Promise<BatchResult[]> {
    if (this.operations.areWatchedFor(options)) {
      return this.operations.ofBatch('PIPELINE', commands, options, (watched) =>
        this.runPipeline(commands, watched),
      );
    }
    // A pipeline that changes anything reads from the primary too, so that it sees its own writes.
    const onlyReads = commands.every((command) => isRead(intentWith(command, options)));
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

  #runInOrder(
    queued: QueuedCommand,
    { writes, options: given, deadlineAt }: Pipeline,
  ): Promise<unknown> {
    const { name, encoding } = queued;
    const args = checkedArguments(name, queued.args);
    if (args instanceof InvalidArgumentError) return Promise.reject(args);
    const command = { name, args, encoding };
    const options = optionsOf(queued, given);
    const intent = intentWith(command, options);
    if (intent instanceof InvalidArgumentError) return Promise.reject(intent);
    if (writes === null) return this.#start(intent, command, options);
    const ordered: CommandIntent =
      intent.route === 'read' ? { ...intent, route: 'primary' } : intent;
    // Blocking commands have connections of their own, in no order with the rest.
    if (ordered.route !== 'primary') return this.#start(ordered, command, options);
    if (intent.changes) {
      const reply = this.#start(ordered, command, options);
      writes.add(reply);
      return reply;
    }
    // It may take two commands, and is one.
    const part = { ...options, isCountedByCaller: true };
    const again = (): Promise<unknown> => {
      const timeoutMs = Math.max(1, deadlineAt - this.#clock.now());
      return this.#start(ordered, command, { ...part, timeoutMs });
    };
    const seen = seeing(writes, this.#start(ordered, command, part), again);
    return this.#router.recorder.watch('write', seen);
  }

  /** Runs the commands in `MULTI` … `EXEC`. Rejects when Redis refuses the transaction as a whole. */
  async runTransaction(
    queued: readonly QueuedCommand[],
    options: TracedOptions | null,
  ): Promise<BatchResult[] | null> {
    if (this.operations.areWatchedFor(options)) {
      return this.operations.ofBatch('MULTI', queued, options, (watched) =>
        this.runTransaction(queued, watched),
      );
    }
    const commands = checkTransaction(queued);
    if (commands.length === 0) return [];
    const { changes, isHarmless } = judge(commands, options);
    const payload = new TransactionPayload(commands);
    const answer = await this.#send(payload, { ...TRANSACTION, changes }, isHarmless, options);
    return withSafeErrors(answer as BatchResult[] | null, commands, payload.mayHaveRunBefore);
  }

  #send(
    payload: TransactionPayload,
    intent: CommandIntent,
    isHarmless: boolean,
    options: TracedOptions | null,
  ): Promise<unknown> {
    const replicas = options?.replicas;
    if (replicas === undefined) return this.#router.execute(payload, intent, isHarmless, options);
    const unfit = unconfirmable(intent);
    if (unfit !== null) throw unfit;
    return this.#confirm(payload, intent, isHarmless, { ...options, replicas });
  }
}

function optionsOf(
  { isIdempotent }: QueuedCommand,
  options: TracedOptions | null,
): TracedOptions | null {
  return isIdempotent === undefined ? options : { idempotent: isIdempotent, ...options };
}

function isRead(intent: CommandIntent | InvalidArgumentError): boolean {
  return !(intent instanceof InvalidArgumentError) && intent.route === 'read';
}

/** What a transaction does as a whole. Throws when it is said of a command that it does something else. */
function judge(
  commands: readonly QueuedCommand[],
  options: TracedOptions | null,
): { readonly changes: boolean; readonly isHarmless: boolean } {
  let changes = false;
  let isHarmless = true;
  for (const command of commands) {
    const intent = intentWith(command, options);
    if (intent instanceof InvalidArgumentError) throw intent;
    changes ||= intent.changes;
    isHarmless &&= command.isIdempotent ?? isRepeatable(intent, command.args);
  }
  return { changes, isHarmless };
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
