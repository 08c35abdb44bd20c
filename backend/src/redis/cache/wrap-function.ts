import { createHash } from 'node:crypto';
import { findJsonFault } from '../base/json/index.js';
import { aFunction, option, OptionSet, type RowsOf } from '../base/options/index.js';
import { refusal } from './values/cache-keys.js';
import { CALL_ROWS, type GetOrSetOptions } from './values/cache-options.js';

/** How a function is wrapped. */
export interface WrapOptions<A extends unknown[], R> extends GetOrSetOptions<R> {
  /** Makes the key of a call. @defaultValue the name of the function with its arguments as JSON */
  readonly key?: (...args: A) => string;
}

type MakeKey = NonNullable<WrapOptions<unknown[], unknown>['key']>;

const WRAP_ROWS = {
  ...CALL_ROWS,
  key: option(aFunction<MakeKey>(), null),
} satisfies RowsOf<WrapOptions<unknown[], unknown>>;

/** The options of a wrapped function. */
export const WRAP = new OptionSet(WRAP_ROWS, { path: '', example: '{ ttlMs: 60_000 }' });

const MAX_PLAIN_BYTES = 256;

/**
 * The key of a call: the function's name and its arguments. Throws for arguments that JSON cannot tell
 * apart: two different calls would get the same value.
 */
export function keyOfCall(name: string, args: readonly unknown[]): string {
  const fault = findJsonFault(args, { name: 'arguments' });
  if (fault !== null) {
    const message = `${fault.what} (at ${fault.path}) cannot be part of a key`;
    throw refusal('key', name, message, 'Give a function: key: (user) => user.id');
  }
  const text = JSON.stringify(args);
  if (Buffer.byteLength(text) <= MAX_PLAIN_BYTES) return `${name}:${text}`;
  return `${name}:${createHash('sha256').update(text).digest('base64url')}`;
}

/** The name of a function, as used in keys. */
export function nameOfFunction(fn: { readonly name: string }): string {
  if (fn.name !== '') return fn.name;
  throw refusal(
    'key',
    undefined,
    'a function without a name needs a key, or its calls could not be told from those of others',
    "Give one: wrap(fn, { key: (id) => 'user:' + id })",
  );
}
