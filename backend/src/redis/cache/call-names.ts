import { createHash } from 'node:crypto';
import { findJsonFault } from '../base/json/index.js';
import { refusal } from './values/cache-keys.js';

/** What a call is of: of two owners with one name, one would get the values of the other. */
type Owner = readonly object[];

const MAX_PLAIN_BYTES = 256;
// A bundler that shortens names gives these, and in the next build to something else.
const SHORTENED = /^.{0,2}$/;

/** Who has which name in the keys of each namespace, from the first call on. */
const OWNERS = new WeakMap<object, Map<string, Owner>>();

/**
 * Takes a name in the keys of a namespace.
 *
 * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) when something else has it already.
 */
export function claimName(namespace: object, name: string, owner: Owner): void {
  let owners = OWNERS.get(namespace);
  if (owners === undefined) OWNERS.set(namespace, (owners = new Map<string, Owner>()));
  const present = owners.get(name);
  if (present === undefined) owners.set(name, owner);
  else if (owner.some((part, i) => part !== present[i])) throw taken(name);
}

/** Returns the name of a class or function in keys. */
export function nameInKeys({ name }: { readonly name: string }): string {
  if (!SHORTENED.test(name)) return name;
  const what = name === '' ? 'has no name' : 'has a name that a bundler may have given it';
  throw refusal(
    'name',
    name,
    `what is cached ${what}, so its calls could not be told from those of others`,
    "Give it a name of its own: { name: 'users.find' }, or make the whole key: { key: (id) => 'user:' + id }",
  );
}

/**
 * Returns the key of a call: a name, and its arguments as JSON. `undefined` at the end is no argument; `0` and `-0` are
 * one, as for `===`.
 *
 * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) for arguments that JSON cannot tell apart:
 * two different calls would get one value.
 */
export function keyOfCall(name: string, args: readonly unknown[]): string {
  const given = withoutTrailing(args);
  const fault = findJsonFault(given, { name: 'arguments', mayBecomeOther: false });
  if (fault !== null) {
    const message = `${fault.what} (at ${fault.path}) cannot be part of a key`;
    throw refusal('key', name, message, 'Give a function: key: (user) => user.id');
  }
  const text = JSON.stringify(given);
  if (Buffer.byteLength(text) <= MAX_PLAIN_BYTES) return `${name}:${text}`;
  return `${name}:${createHash('sha256').update(text).digest('base64url')}`;
}

function withoutTrailing(args: readonly unknown[]): readonly unknown[] {
  let count = args.length;
  while (count > 0 && args[count - 1] === undefined) count--;
  return count === args.length ? args : args.slice(0, count);
}

function taken(name: string): Error {
  return refusal(
    'name',
    name,
    'two classes or functions of this name are cached in one namespace, so one would get the values of the other',
    "Give one of them a name of its own: { name: 'orders.find' }, or another namespace. What is made anew each time needs a key: { key: (id) => 'order:' + id }",
  );
}
