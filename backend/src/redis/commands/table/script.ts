import { createHash } from 'node:crypto';
import { CommandRejectedError } from '../../base/errors/index.js';
import { flag, option, OptionSet, required, text, type RowsOf } from '../../base/options/index.js';
import type { Encoding } from '../../cluster/connection/index.js';
import { CALL_OPTIONS, type CallOptions, type TracedOptions } from './call-options.js';
import type { QueuedCommand } from './payloads.js';
import { type ScriptArguments, type ScriptKeys, scriptWords } from './script-words.js';

/** A Lua script and its properties. */
export interface ScriptDefinition {
  readonly lua: string;
  /** It changes nothing, so replicas may run it. Needs Redis 7. @defaultValue false */
  readonly readOnly?: boolean;
  /** Running it twice leaves the same data, so it is sent again when its answer was lost. @defaultValue false */
  readonly idempotent?: boolean;
  /** Its replies come as Buffers. @defaultValue false */
  readonly buffers?: boolean;
}

const EXAMPLE = '{ lua: \'return redis.call("GET", KEYS[1])\', readOnly: true }';

/** What a script is made of. */
export const SCRIPT = new OptionSet(
  {
    lua: required(text('a piece of Lua', /\S/, `For example: ${EXAMPLE}`)),
    readOnly: option(flag, false),
    idempotent: option(flag, false),
    buffers: option(flag, false),
  } satisfies RowsOf<ScriptDefinition>,
  { path: '', example: EXAMPLE },
);

/** Runs a script. Its keys are given apart from its arguments, as Redis wants them. */
export type Script<T> = (
  keys: ScriptKeys,
  args?: ScriptArguments,
  options?: CallOptions,
) => Promise<T>;

/** Sends one of the four commands that run scripts. */
export type RunScript = (
  name: string,
  args: readonly unknown[],
  options: TracedOptions,
  encoding: Encoding,
) => Promise<unknown>;

/** Returns a function that sends the digest of a script, and the script itself where Redis does not know it yet. */
export function newScript<T>(definition: ScriptDefinition, run: RunScript): Script<T> {
  SCRIPT.check(definition);
  const { lua, readOnly = false, idempotent = false } = definition;
  const encoding = encodingOf(definition);
  const digest = createHash('sha1').update(lua).digest('hex');
  const suffix = readOnly ? '_ro' : '';
  const usual: CallOptions = { idempotent };
  return async (keys, args = [], options) => {
    if (options !== undefined) CALL_OPTIONS.check(options);
    const tail = scriptWords(keys, args);
    const safe = { ...usual, ...options, script: { operation: null } };
    try {
      return (await run(`evalsha${suffix}`, [digest, ...tail], safe, encoding)) as T;
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return (await run(`eval${suffix}`, [lua, ...tail], safe, encoding)) as T;
    }
  };
}

/** Returns whether Redis has no script with the digest that it was sent. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof CommandRejectedError && error.details['reply'] === 'NOSCRIPT';
}

/**
 * Returns a script as one command of a pipeline or transaction. It is sent whole: a digest that the server
 * does not know would fail in the middle of the others.
 */
export function queuedScript(
  definition: ScriptDefinition,
  keys: ScriptKeys,
  args: ScriptArguments = [],
): QueuedCommand {
  const { lua, readOnly = false, idempotent = false } = definition;
  return {
    name: readOnly ? 'eval_ro' : 'eval',
    args: [lua, ...scriptWords(keys, args)],
    encoding: encodingOf(definition),
    isIdempotent: idempotent,
  };
}

function encodingOf({ buffers = false }: ScriptDefinition): Encoding {
  return buffers ? null : 'utf8';
}
