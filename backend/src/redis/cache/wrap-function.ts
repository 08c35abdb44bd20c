import { createHash } from 'node:crypto';
import { findJsonFault, refusal } from './values/index.js';

const MAX_PLAIN_BYTES = 256;

/**
 * The key of a call: the function's name and its arguments. Throws for arguments that JSON cannot tell
 * apart: two different calls would get the same value.
 */
export function keyOfCall(name: string, args: readonly unknown[]): string {
  const fault = findJsonFault(args);
  if (fault !== null) {
    const path = fault.path.replace(/^value/, 'arguments');
    const message = `${fault.what} (at ${path}) cannot be part of a key`;
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
