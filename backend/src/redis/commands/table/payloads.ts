import {
  forward,
  type Encoding,
  type ReplySink,
  type Wire,
} from '../../cluster/connection/index.js';
import { keyIndexes } from './command-keys.js';

/** What a payload needs of the wire that it is written to. */
export type PayloadWire = Pick<
  Wire,
  'keyPrefix' | 'send' | 'newCommand' | 'write' | 'writeCommand'
>;

const COMMAND_OVERHEAD_BYTES = 64;

/** Something to send: a command, or several that belong together. */
export interface Payload {
  /** The command's name for messages, without its arguments. */
  readonly label: string;
  /** Returns about how many bytes it occupies while it waits. */
  weigh(): number;
  write(wire: PayloadWire, sink: ReplySink): void;
  /** Set when it is sent again although it may have been executed. */
  mayHaveRunBefore?: boolean;
}

/** One command. */
export class CommandPayload implements Payload {
  readonly label: string;
  readonly args: readonly unknown[];
  readonly #encoding: Encoding;

  constructor(name: string, args: readonly unknown[], encoding: Encoding) {
    this.label = name;
    this.args = args;
    this.#encoding = encoding;
  }

  weigh(): number {
    return COMMAND_OVERHEAD_BYTES + weighArguments(this.args);
  }

  write(wire: PayloadWire, sink: ReplySink): void {
    const { label, args } = this;
    const words = wire.keyPrefix === '' ? args : withKeyPrefix(label, args, wire);
    wire.send(label, words, this.#encoding, sink);
  }
}

/** One command of a transaction. */
export interface QueuedCommand {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly encoding: Encoding;
  /** Whether repeating it is harmless, where whoever queued it knows better than the table. */
  readonly isIdempotent?: boolean;
}

/** The outcome of one command of a transaction or pipeline, as ioredis gives it. */
export type BatchResult = [error: Error | null, result: unknown];

/** `MULTI` … `EXEC`, written in one go, so that no other command gets between them. */
export class TransactionPayload implements Payload {
  readonly label = 'multi';
  mayHaveRunBefore = false;
  readonly #commands: readonly QueuedCommand[];

  constructor(commands: readonly QueuedCommand[]) {
    this.#commands = commands;
  }

  weigh(): number {
    let bytes = 2 * COMMAND_OVERHEAD_BYTES;
    for (const { args } of this.#commands) bytes += COMMAND_OVERHEAD_BYTES + weighArguments(args);
    return bytes;
  }

  write(wire: PayloadWire, sink: ReplySink): void {
    forward(this.#run(wire), sink);
  }

  async #run(wire: PayloadWire): Promise<BatchResult[] | null> {
    // All commands are created first: if one cannot be, MULTI must not be sent without its EXEC.
    const commands = this.#commands.map(({ name, args, encoding }) =>
      wire.newCommand(
        name,
        wire.keyPrefix === '' ? args : withKeyPrefix(name, args, wire),
        encoding,
      ),
    );
    const begun = wire.write('multi', [], 'utf8');
    const queued = commands.map((command) => wire.writeCommand(command));
    const executed = wire.write('exec', [], null);
    const refusals = Promise.allSettled([begun, ...queued]);
    try {
      const answers = await executed;
      if (!Array.isArray(answers)) return null;
      return answers.map((answer: unknown, i): BatchResult => {
        if (answer instanceof Error) return [answer, undefined];
        return [null, commands[i]?.transformReply(answer as Buffer)];
      });
    } catch (error) {
      throw withRefusals(error, await refusals);
    }
  }
}

// EXECABORT alone does not say whether it may be tried again: the refusals before it do.
function withRefusals(error: unknown, settled: PromiseSettledResult<unknown>[]): unknown {
  const previousErrors = settled
    .filter((one) => one.status === 'rejected')
    .map((one) => one.reason as unknown);
  return error instanceof Error ? Object.assign(error, { previousErrors }) : error;
}

// The driver puts the prefix before the keys of the commands that it knows, which those of modules are not.
function withKeyPrefix(
  name: string,
  args: readonly unknown[],
  { keyPrefix }: PayloadWire,
): readonly unknown[] {
  if (!name.includes('.')) return args;
  const words = args.flat();
  for (const index of keyIndexes(name, words)) {
    const key = words[index];
    words[index] =
      key instanceof Uint8Array
        ? Buffer.concat([Buffer.from(keyPrefix), key])
        : `${keyPrefix}${String(key)}`;
  }
  return words;
}

function weighArguments(args: readonly unknown[]): number {
  let bytes = 0;
  for (const arg of args) {
    if (typeof arg === 'string') bytes += arg.length;
    else if (arg instanceof Uint8Array) bytes += arg.byteLength;
    else if (Array.isArray(arg)) bytes += weighArguments(arg);
    else if (arg instanceof Map) bytes += weighArguments([...arg]);
    else if (typeof arg === 'object' && arg !== null) bytes += weighArguments(Object.entries(arg));
    else bytes += 8;
  }
  return bytes;
}
