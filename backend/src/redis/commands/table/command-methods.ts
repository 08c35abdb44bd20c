import {
  driverCommandNames,
  type DriverCommander,
  type Encoding,
} from '../../cluster/connection/index.js';
import type {
  AnyArguments,
  ArgumentsOf,
  ManyForms,
  UncalledArguments,
} from './chained-arguments.js';
import { callbackError } from './command-arguments.js';
import type { BatchResult, QueuedCommand } from './payloads.js';
import type { ScriptArguments, ScriptKeys } from './script-words.js';

/** Commands that have no method, because they belong to one connection or to administrators of the server. */
export const WITHHELD_COMMANDS = [
  'asking',
  'auth',
  'call',
  'client',
  'cluster',
  'debug',
  'discard',
  'exec',
  'failover',
  'hello',
  'monitor',
  'multi',
  'psubscribe',
  'psync',
  'punsubscribe',
  'quit',
  'readonly',
  'readwrite',
  'replconf',
  'replicaof',
  'reset',
  'restore-asking',
  'script',
  'select',
  'shutdown',
  'slaveof',
  'ssubscribe',
  'subscribe',
  'sunsubscribe',
  'sync',
  'unsubscribe',
  'unwatch',
  'wait',
  'waitaof',
  'watch',
] as const;

type Withheld = (typeof WITHHELD_COMMANDS)[number];

/** Every data command, with the arguments and replies that ioredis gives it. */
export type RedisCommands = Omit<
  DriverCommander<{ type: 'default' }>,
  Withheld | `${Withheld}Buffer`
>;

/** What a batch has beside its commands. `Self` is its own type. */
interface BatchMethods<Self> {
  /** The number of collected commands. */
  readonly length: number;
  /** Adds any command by its name, also one without a method. */
  call<A extends readonly unknown[]>(name: string, ...args: UncalledArguments<A>): Self;
  /** Sends all commands. Resolves with the error or result of each, in their order. */
  exec(callback?: NodeCallback): Promise<BatchResult[] | null>;
}

type DataCommands = DriverCommander<{ type: 'default' }>;
type Many = ManyForms | `${ManyForms}Buffer`;

/** The commands of a batch. `R` says what each of its scripts answers. */
type ChainedMethods<R extends object> = {
  [K in keyof DataCommands as Exclude<K, Withheld | `${Withheld}Buffer`>]: (
    ...args: K extends Many ? AnyArguments : ArgumentsOf<DataCommands[K]>
  ) => Chained<R>;
};

type Chained<R extends object> = [keyof R] extends [never] ? ChainedCommands : ChainedScripts<R>;

// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- no script at all
type NoScripts = {};

/** The commands of a pipeline or transaction: each is collected, until `exec` sends them all. */
export interface ChainedCommands extends ChainedMethods<NoScripts>, BatchMethods<ChainedCommands> {}

/** The same with a method for each script. `R` says what each script answers. */
export type ChainedScripts<R extends object> = ChainedMethods<R> &
  BatchMethods<ChainedScripts<R>> & {
    readonly [K in keyof R]: (keys: ScriptKeys, args?: ScriptArguments) => ChainedScripts<R>;
  };

/**
 * Base class of the classes that have a method for each command. It has only the types of the methods.
 * {@link defineCommandMethods} adds the methods themselves.
 */
export const CommandMethods = Object as unknown as new () => RedisCommands;

export type { UncalledArguments } from './chained-arguments.js';

/** Runs one command and resolves with its reply. */
export type RunCommand = (name: string, args: unknown[], encoding: Encoding) => Promise<unknown>;

type AnyMethod = (this: unknown, ...args: unknown[]) => unknown;
type NodeCallback = (error: unknown, result?: unknown) => void;

const withheld: ReadonlySet<string> = new Set(WITHHELD_COMMANDS);

/** Adds one method for each data command to a prototype. Each calls `runCommand` of its object. */
export function defineCommandMethods(prototype: { readonly runCommand: RunCommand }): void {
  defineMethods(prototype, (name, encoding) => {
    return function command(this: unknown, ...args: unknown[]) {
      const self = this as { readonly runCommand: RunCommand };
      if (typeof args.at(-1) !== 'function') return self.runCommand(name, args, encoding);
      const callback = args.pop() as NodeCallback;
      return answerTo(callback, self.runCommand(name, args, encoding));
    };
  });
}

/** Runs the commands that a batch collected. */
export type RunBatch = (commands: readonly QueuedCommand[]) => Promise<BatchResult[] | null>;

/** Collects commands to be run together. Callers see it as {@link ChainedCommands}. */
export class CommandBatch {
  readonly #commands: QueuedCommand[] = [];
  readonly #run: RunBatch;

  /** @param run - called once, by `exec` */
  constructor(run: RunBatch) {
    this.#run = run;
  }

  /** The number of collected commands. */
  get length(): number {
    return this.#commands.length;
  }

  /** Adds a command by its name. Throws for a callback, which would never be called. */
  add(name: string, args: readonly unknown[], encoding: Encoding): this {
    if (typeof args.at(-1) === 'function')
      throw callbackError(`${name} argument ${String(args.length)}`);
    return this.addQueued({ name, args, encoding });
  }

  /** Adds a command of which more is known than its name. */
  addQueued(command: QueuedCommand): this {
    this.#commands.push(command);
    return this;
  }

  /** Adds any command by its name, like `call` of the driver. */
  call(name: string, ...args: unknown[]): this {
    return this.add(name, args, 'utf8');
  }

  /** Sends all commands. Resolves with the error or result of each, in their order. */
  exec(callback?: NodeCallback): Promise<BatchResult[] | null> {
    const results = this.#run([...this.#commands]);
    return callback === undefined
      ? results
      : (answerTo(callback, results) as Promise<BatchResult[] | null>);
  }
}

/** Returns a new batch with the types of the commands, filled with the given commands, after `prepare`. */
export function newBatch(
  run: RunBatch,
  commands: readonly unknown[][] = [],
  prepare: (batch: CommandBatch) => void = () => undefined,
): ChainedCommands {
  const batch = new CommandBatch(run);
  prepare(batch);
  for (const [name, ...args] of commands) batch.add(String(name), args, 'utf8');
  return batch as unknown as ChainedCommands;
}

defineMethods(CommandBatch.prototype, (name, encoding) => {
  return function collect(this: unknown, ...args: unknown[]) {
    return (this as CommandBatch).add(name, args, encoding);
  };
});

function defineMethods(
  prototype: object,
  methodFor: (name: string, encoding: Encoding) => AnyMethod,
): void {
  for (const name of driverCommandNames()) {
    for (const [method, encoding] of [
      [name, 'utf8'],
      [`${name}Buffer`, null],
    ] as const) {
      if (withheld.has(name) || method in prototype) continue;
      Object.defineProperty(prototype, method, {
        value: methodFor(name, encoding),
        configurable: true,
        writable: true,
      });
    }
  }
}

function answerTo(callback: NodeCallback, reply: Promise<unknown>): Promise<unknown> {
  reply.then(
    (result) => {
      callback(null, result);
    },
    (error: unknown) => {
      callback(error);
    },
  );
  return reply;
}
