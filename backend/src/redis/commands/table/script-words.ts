import { InvalidArgumentError } from '../../base/errors/index.js';

/** The keys of a script. */
export type ScriptKeys = readonly (string | Buffer)[];
/** The arguments of a script. */
export type ScriptArguments = readonly (string | Buffer | number)[];

/**
 * Returns what follows a script or its digest. Throws for what is no list: a text would be taken apart, letter
 * by letter.
 */
export function scriptWords(keys: ScriptKeys, args: ScriptArguments): unknown[] {
  for (const [field, list] of [
    ['keys', keys],
    ['args', args],
  ] as const) {
    if (Array.isArray(list)) continue;
    throw new InvalidArgumentError({
      field,
      value: typeof list,
      message: 'the keys and the arguments of a script are two lists',
      remedy: "For example: release(['lock'], ['token'])",
    });
  }
  return [keys.length, ...keys, ...args];
}
