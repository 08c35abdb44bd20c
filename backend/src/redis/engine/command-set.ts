import type { RedisEngine } from './redis-engine.js';
import {
  CALL_OPTIONS,
  CommandMethods,
  defineCommandMethods,
  newBatch,
  newScript,
  type BatchResult,
  type CallOptions,
  type RunCommand,
  type Script,
  type ScriptDefinition,
} from '../commands/index.js';
import type { ChainableCommander, Encoding } from '../cluster/connection/index.js';

/**
 * Every data command of ioredis, with its types, run by the engine. `redis.with(options)` gives the
 * same commands with a deadline, a signal or a read policy of their own.
 */
export class RedisCommandSet extends CommandMethods {
  readonly #engine: RedisEngine;
  readonly #options: CallOptions | null;

  constructor(engine: RedisEngine, options: CallOptions | null) {
    super();
    this.#engine = engine;
    this.#options = options;
  }

  /** The same commands with options of their own: `redis.with({ timeoutMs: 50 }).get('key')`. */
  with(options: CallOptions): RedisCommandSet {
    CALL_OPTIONS.check(options);
    return new RedisCommandSet(this.#engine, { ...this.#options, ...options });
  }

  /** Any command by its name, for those without a method. */
  call(name: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.runCommand(name, [...args], 'utf8');
  }

  /** As {@link RedisCommandSet.call}, with replies as Buffers. */
  callBuffer(name: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.runCommand(name, [...args], null);
  }

  /** Commands that are sent together; each has its own result. Nothing is atomic about it. */
  pipeline(commands?: unknown[][]): ChainableCommander {
    return newBatch(
      (queued) => this.#run(() => this.#engine.connected.runner.runPipeline(queued, this.#options)),
      commands,
    );
  }

  /** Commands that are executed together or not at all. For `WATCH` see {@link RedisService.exclusive}. */
  multi(commands?: unknown[][]): ChainableCommander {
    return newBatch(
      (queued) =>
        this.#run(() => this.#engine.connected.runner.runTransaction(queued, this.#options)),
      commands,
    );
  }

  /** Makes a function of a Lua script. It is loaded where it is missing, after a failover too. */
  script<T = unknown>(definition: ScriptDefinition): Script<T> {
    const run = newScript<T>(definition, (name, args, options) =>
      this.#run(() => this.#engine.connected.runner.run(name, args, 'utf8', options)),
    );
    return (keys, args, options) => run(keys, args, { ...this.#options, ...options });
  }

  /** @internal */
  runCommand(name: string, args: unknown[], encoding: Encoding): Promise<unknown> {
    return this.#run(() => this.#engine.connected.runner.run(name, args, encoding, this.#options));
  }

  // In memory mode the refusal comes as a rejected promise, as every other failure does.
  #run<T>(run: () => Promise<T>): Promise<T> {
    if (this.#engine.connectedOrNull === null) return Promise.reject(this.#engine.refusal);
    return run();
  }
}

defineCommandMethods(
  RedisCommandSet.prototype,
  (self): RunCommand =>
    (name, args, encoding) =>
      self.runCommand(name, args, encoding),
);

/** The outcome of a pipeline or transaction, one entry for each command. */
export type { BatchResult };
