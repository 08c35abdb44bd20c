import { InvalidArgumentError } from '../../base/errors/index.js';
import { insteadOf, intentOf, type CommandIntent } from './command-intent.js';
import type { QueuedCommand } from './payloads.js';

/**
 * Returns the arguments of a command as the driver takes them, or the error for one that it does not. The
 * driver makes text of anything while it writes: `1,2,3` of a `Uint8Array`, `[object Object]` of an object,
 * nothing of `undefined`. In the middle of a transaction it might fail, and half of it would be sent.
 */
export function checkedArguments(
  name: unknown,
  args: readonly unknown[],
): readonly unknown[] | InvalidArgumentError {
  if (typeof name !== 'string' || name === '') {
    return new InvalidArgumentError({
      field: 'command',
      value: typeof name,
      message: 'the name of a command is a text',
      remedy: "For example: redis.call('GET', 'key')",
    });
  }
  for (const arg of args) {
    // Nearly all arguments are text, and need no second look.
    if (typeof arg !== 'string' && !isReady(arg)) return prepared(name, args);
  }
  return args;
}

/** Returns the commands with the arguments as the driver takes them. Throws if one cannot be sent in a transaction. */
export function checkTransaction(commands: readonly QueuedCommand[]): QueuedCommand[] {
  return commands.map((command) => {
    const { name, args } = command;
    const checked = checkedArguments(name, args);
    if (checked instanceof InvalidArgumentError) throw checked;
    const intent = intentOf(name, checked);
    if (intent.route === 'refused') throw refusal(intent);
    return { ...command, args: checked };
  });
}

function isReady(arg: unknown): boolean {
  return (
    typeof arg === 'string' || (typeof arg === 'number' && arg === arg) || Buffer.isBuffer(arg)
  );
}

function prepared(name: string, args: readonly unknown[]): unknown[] | InvalidArgumentError {
  const words: unknown[] = [];
  for (const [i, arg] of args.entries()) {
    const mayBeFields = i === args.length - 1 && FIELDS_AT.get(name.toLowerCase()) === i;
    for (const word of wordsIn(arg, mayBeFields)) {
      if (word instanceof Uint8Array) words.push(asBuffer(word));
      else if (isReady(word) || typeof word === 'bigint' || typeof word === 'boolean')
        words.push(word);
      else return unfit(name, i, Array.isArray(arg) ? word : arg);
    }
  }
  return words;
}

function wordsIn(arg: unknown, mayBeFields: boolean): readonly unknown[] {
  if (Array.isArray(arg)) return arg as unknown[];
  return mayBeFields ? fieldsOf(arg) : [arg];
}

// These commands take a whole object or Map as fields and values, in this place.
const FIELDS_AT: ReadonlyMap<string, number> = new Map([
  ['mset', 0],
  ['msetnx', 0],
  ['hset', 1],
  ['hmset', 1],
]);

function fieldsOf(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [value];
  return value instanceof Map ? [...value].flat() : Object.entries(value).flat();
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function unfit(name: string, index: number, value: unknown): InvalidArgumentError {
  if (typeof value === 'function') return callbackError(`${name} argument ${String(index + 1)}`);
  return new InvalidArgumentError({
    field: `${name} argument ${String(index + 1)}`,
    value: kindOf(value),
    message: 'Redis stores text and bytes, and this is neither',
    remedy:
      'Pass a string, a number, a Buffer or a Uint8Array, or a list of these; serialize objects first, ' +
      'with JSON.stringify',
  });
}

/** The error for a function in the place of an argument. */
export function callbackError(field: string): InvalidArgumentError {
  return new InvalidArgumentError({
    field,
    value: 'function',
    message: 'callbacks are not called here',
    remedy: 'Await the promise; the results of a pipeline or transaction are those of exec()',
  });
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Number.isNaN(value)) return 'NaN';
  return Array.isArray(value) ? 'a list within a list' : typeof value;
}

/** Returns the error for a command that would change the state of a shared connection. */
export function refusal(intent: CommandIntent): InvalidArgumentError {
  return new InvalidArgumentError({
    field: 'command',
    value: intent.name,
    message: 'it would change the state of a connection that all callers share',
    remedy: insteadOf(intent),
  });
}
