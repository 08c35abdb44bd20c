import { InvalidArgumentError } from '../../base/errors/index.js';
import { isGiven } from '../../base/options/index.js';
import { queuedScript, SCRIPT, type Script, type ScriptDefinition } from './script.js';
import { CommandBatch } from './command-methods.js';
import type { ScriptArguments, ScriptKeys } from './script-words.js';

/** Scripts by the names of their methods. `R` says what each of them answers. */
export type ScriptDefinitions<R extends object> = { readonly [K in keyof R]: ScriptDefinition };

/** A method for each script. */
export type ScriptMethods<R extends object> = { readonly [K in keyof R]: Script<R[K]> };

/** Scripts that were checked. */
export type ScriptBook = ReadonlyMap<string, ScriptDefinition>;

/** No scripts. */
export const NO_SCRIPTS: ScriptBook = new Map();

/** Returns the scripts, checked. Throws for one that is none, or whose name is taken. */
export function scriptBook(scripts: unknown, taken: object): ScriptBook {
  if (!isGiven(scripts)) {
    throw new InvalidArgumentError({
      field: 'scripts',
      value: typeof scripts,
      message: 'must be an object that gives each script a name',
      remedy: `For example: redis.withScripts({ release: ${SCRIPT.remedy.replace('Write ', '')} })`,
    });
  }
  const entries = Object.entries(scripts);
  for (const [name, definition] of entries) {
    SCRIPT.check(definition);
    if (isTaken(name, taken)) throw takenError(name);
  }
  // Each was checked by its rows.
  return new Map(entries as [string, ScriptDefinition][]);
}

/** Adds a method for each script to a batch. */
export function addScripts(batch: CommandBatch, scripts: ScriptBook): void {
  for (const [name, definition] of scripts) {
    defineMethod(batch, name, (keys: ScriptKeys, args?: ScriptArguments) =>
      batch.addQueued(queuedScript(definition, keys, args)),
    );
  }
}

/** Adds a method to one object. */
export function defineMethod(
  target: object,
  name: string,
  value: (...args: never[]) => unknown,
): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

// With a method named `then` it would be taken for a promise.
function isTaken(name: string, taken: object): boolean {
  return name === 'then' || name in taken || name in CommandBatch.prototype;
}

function takenError(name: string): InvalidArgumentError {
  return new InvalidArgumentError({
    field: 'scripts',
    value: name,
    message: 'there is another method of this name',
    remedy: 'Choose another name for the script',
  });
}
