import type { RedisEngine } from './redis-engine.js';
import {
  addScripts,
  CALL_OPTIONS,
  CommandMethods,
  defineCommandMethods,
  defineMethod,
  newBatch,
  newScript,
  NO_SCRIPTS,
  scriptBook,
  type BatchResult,
  type CallOptions,
  type ChainedCommands,
  type ChainedScripts,
  type CommandRunner,
  type QueuedCommand,
  type Script,
  type ScriptBook,
  type ScriptDefinition,
  type ScriptDefinitions,
  type ScriptMethods,
  type UncalledArguments,
} from '../commands/index.js';
import { InvalidArgumentError } from '../base/errors/index.js';
import type { Encoding } from '../cluster/connection/index.js';
import type { PlainCommands } from '../hot-keys/index.js';

/**
 * Every data command of ioredis, with its types, run by the engine. `redis.with(options)` returns the
 * same commands with another deadline, signal or read policy.
 */
export class RedisCommandSet extends CommandMethods {
  readonly #engine: RedisEngine;
  readonly #options: CallOptions | null;
  readonly #scripts: ScriptBook;

  constructor(engine: RedisEngine, options: CallOptions | null, scripts: ScriptBook = NO_SCRIPTS) {
    super();
    this.#engine = engine;
    this.#options = options;
    this.#scripts = scripts;
    for (const [name, definition] of scripts) defineMethod(this, name, this.script(definition));
  }

  /** Returns the same commands with these options: `redis.with({ timeoutMs: 50 }).get('key')`. */
  with(options: CallOptions): RedisCommandSet {
    CALL_OPTIONS.check(options);
    return new RedisCommandSet(this.#engine, { ...this.#options, ...options }, this.#scripts);
  }

  /** Sends any command by its name, also one without a method. */
  call<A extends readonly unknown[]>(
    name: string,
    ...args: UncalledArguments<A>
  ): Promise<unknown> {
    return this.runCommand(name, [...args], 'utf8');
  }

  /** Like {@link RedisCommandSet.call}, with replies as Buffers. */
  callBuffer<A extends readonly unknown[]>(
    name: string,
    ...args: UncalledArguments<A>
  ): Promise<unknown> {
    return this.runCommand(name, [...args], null);
  }

  /** Starts a pipeline: commands that are sent together, each with its own result. It is not atomic. */
  pipeline(commands?: unknown[][]): ChainedCommands {
    if (this.#options?.replicas !== undefined) throw unconfirmedPipeline();
    return this.#newBatch(commands, (queued) => {
      this.#engine.plain?.noteAll(queued);
      return this.#engine.connected.runner.runPipeline(queued, this.#options);
    });
  }

  /** Starts a transaction: `MULTI` … `EXEC`. For `WATCH` see {@link RedisService.exclusive}. */
  multi(commands?: unknown[][]): ChainedCommands {
    return this.#newBatch(commands, (queued) => {
      this.#engine.plain?.noteAll(queued);
      return this.#engine.connected.runner.runTransaction(queued, this.#options);
    });
  }

  /** Returns a function that runs a Lua script. Loads the script where it is missing, also after a failover. */
  script<T = unknown>(definition: ScriptDefinition): Script<T> {
    const run = newScript<T>(definition, (name, args, options, encoding) =>
      this.#run(() => {
        this.#engine.plain?.note(name, args);
        return this.#engine.connected.runner.run(name, args, encoding, options);
      }),
    );
    return (keys, args, options) => run(keys, args, { ...this.#options, ...options });
  }

  /**
   * Returns the same commands with a method for each script, also in `pipeline()` and `multi()`. `R` says what
   * each script answers: `redis.withScripts<{ release: number }>({ release: { lua } })`.
   */
  withScripts<R extends object>(scripts: ScriptDefinitions<R>): ScriptedCommands<R> {
    const book = scriptBook(scripts, RedisCommandSet.prototype);
    // The constructor gives it a method for each.
    return new RedisCommandSet(this.#engine, this.#options, book) as ScriptedCommands<R>;
  }

  /** @internal */
  runCommand(name: string, args: unknown[], encoding: Encoding): Promise<unknown> {
    const connected = this.#engine.connectedOrNull;
    if (connected === null) return Promise.reject(this.#engine.refusal);
    const { plain } = this.#engine;
    const options = this.#options;
    if (plain !== null) {
      // Whoever has terms of his own gets an answer of his own.
      if (plain.sharesReads && options === null) {
        return shared(plain, connected.runner, { name, args, encoding });
      }
      plain.note(name, args);
    }
    return connected.runner.run(name, args, encoding, options);
  }

  #newBatch(
    commands: unknown[][] | undefined,
    run: (queued: readonly QueuedCommand[]) => Promise<BatchResult[] | null>,
  ): ChainedCommands {
    return newBatch(
      (queued) => this.#run(() => run(queued)),
      commands,
      (batch) => {
        addScripts(batch, this.#scripts);
      },
    );
  }

  // In memory mode the promise is rejected, instead of an error being thrown, as with every other failure.
  #run<T>(run: () => Promise<T>): Promise<T> {
    if (this.#engine.connectedOrNull === null) return Promise.reject(this.#engine.refusal);
    return run();
  }
}

defineCommandMethods(RedisCommandSet.prototype);

/** The commands with a method for each script. */
export type ScriptedCommands<R extends object> = ScriptMethods<R> & {
  with(options: CallOptions): ScriptedCommands<R>;
  pipeline(commands?: unknown[][]): ChainedScripts<R>;
  multi(commands?: unknown[][]): ChainedScripts<R>;
} & RedisCommandSet;

// Apart, so that other calls make nothing for it.
function shared(
  plain: PlainCommands,
  runner: CommandRunner,
  command: Omit<QueuedCommand, 'isIdempotent'>,
): Promise<unknown> {
  const { name, args, encoding } = command;
  return plain.run(command, () => runner.run(name, args, encoding, null));
}

function unconfirmedPipeline(): InvalidArgumentError {
  return new InvalidArgumentError({
    field: 'replicas',
    value: 'pipeline()',
    message:
      'the commands of a pipeline share a connection with others, whose writes WAIT would count',
    remedy: 'Use multi(), or give replicas to one write',
  });
}

/** The outcome of a pipeline or transaction, one entry for each command. */
export type { BatchResult };
