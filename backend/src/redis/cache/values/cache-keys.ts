import { InvalidArgumentError, type Problem } from '../../base/errors/index.js';
import { isWellFormed } from '../../base/json/index.js';
import { MAX_GROUP_BYTES, MAX_GROUPS } from '../../keyspace/index.js';

/** How many bytes a key can have. */
const MAX_KEY_BYTES = 1024;

// One UTF-16 unit becomes at most three bytes: up to this length nothing needs to be counted.
const SURELY_SHORT = Math.floor(MAX_KEY_BYTES / 3);

/** Throws when the argument cannot be a key. Keys are data: the error does not show them. */
export function checkKey(key: unknown): asserts key is string {
  if (typeof key !== 'string') {
    throw refusal('key', kindOf(key), 'a key must be text', 'Give a string');
  }
  if (key === '') throw refusal('key', '', 'a key must not be empty', 'Give at least one letter');
  if (key.length > SURELY_SHORT && Buffer.byteLength(key) > MAX_KEY_BYTES) {
    const shown = `(${String(Buffer.byteLength(key))} bytes)`;
    const message = `a key has at most ${String(MAX_KEY_BYTES)} bytes`;
    throw refusal('key', shown, message, 'Use a hash of the long part');
  }
  if (!isWellFormed(key)) {
    const message = 'a key must be well-formed text, and half a character is in it';
    throw refusal('key', '(text)', message, 'Encode binary data, for example as base64url');
  }
}

/** Throws when an element of the list cannot be a key. */
export function checkKeys(keys: unknown): asserts keys is readonly string[] {
  if (!Array.isArray(keys)) {
    throw refusal('keys', kindOf(keys), 'keys must be a list', 'Give an array of strings');
  }
  for (const key of keys) checkKey(key);
}

/** Throws when the argument cannot be a tag. */
export function checkTag(tag: unknown): asserts tag is string {
  const problem = tagProblem(tag);
  if (problem !== null) throw new InvalidArgumentError(problem);
}

/** Returns the tags without repetitions. Throws when they cannot be the tags of one entry. */
export function checkTags(tags: unknown): readonly string[] {
  const problem = tagsProblem(tags);
  if (problem !== null) throw new InvalidArgumentError(problem);
  return [...new Set(tags as readonly string[])];
}

/** What is wrong with the tags of one entry; `null` when nothing is. */
export function tagsProblem(tags: unknown): Problem | null {
  if (!Array.isArray(tags)) {
    const [message, remedy] = ['tags must be a list', 'Give an array of strings'];
    return { field: 'tags', value: kindOf(tags), message, remedy };
  }
  for (const tag of tags) {
    const problem = tagProblem(tag);
    if (problem !== null) return problem;
  }
  if (tags.length <= MAX_GROUPS) return null;
  const distinct = new Set(tags as readonly string[]).size;
  if (distinct <= MAX_GROUPS) return null;
  const message = `an entry has at most ${String(MAX_GROUPS)} tags`;
  const remedy = 'Use fewer, broader tags';
  return { field: 'tags', value: `(${String(distinct)} tags)`, message, remedy };
}

function tagProblem(tag: unknown): Problem | null {
  const isTag = typeof tag === 'string' && tag !== '' && isWellFormed(tag);
  if (isTag && Buffer.byteLength(tag) <= MAX_GROUP_BYTES) return null;
  const shown = typeof tag === 'string' ? `(${String(Buffer.byteLength(tag))} bytes)` : kindOf(tag);
  const message = `a tag must be well-formed text of 1 to ${String(MAX_GROUP_BYTES)} bytes`;
  const remedy = 'Shorten it, or use a hash of the long part';
  return { field: 'tag', value: shown, message, remedy };
}

/** The error of a refused argument. */
export function refusal(
  field: string,
  value: unknown,
  message: string,
  remedy: string,
): InvalidArgumentError {
  return new InvalidArgumentError({ field, value, message, remedy });
}

/** Throws for `undefined` as a value: it means that there is no value. */
export function checkValue(value: unknown): void {
  if (value !== undefined) return;
  const message = 'undefined cannot be stored: it means that there is no value';
  throw refusal('value', value, message, 'Store null, or delete the key');
}

/** Throws for what cannot be added to a number in Redis. */
export function checkCount(by: unknown): void {
  if (Number.isSafeInteger(by)) return;
  throw refusal('by', String(by), 'it must be a whole number', 'For example: 1, or -1');
}

/** Throws for what cannot be the holder of a lock. */
export function checkHolder(holder: unknown): void {
  const isHolder = typeof holder === 'string' && holder !== '' && isWellFormed(holder);
  if (isHolder && Buffer.byteLength(holder) <= MAX_KEY_BYTES) return;
  const message = `a holder must be well-formed text of 1 to ${String(MAX_KEY_BYTES)} bytes`;
  throw refusal('holder', kindOf(holder), message, 'For example: randomUUID()');
}

/** Throws for what cannot be the TTL of a number or a lock. */
export function checkLife(ttlMs: unknown, mayBeNull: boolean): void {
  if (mayBeNull && ttlMs === null) return;
  if (Number.isSafeInteger(ttlMs) && Number(ttlMs) > 0) return;
  const nullToo = mayBeNull ? ', or null (it never expires)' : '';
  const message = `it must be a whole number of milliseconds, at least 1${nullToo}`;
  throw refusal('ttlMs', String(ttlMs), message, 'For example: 60_000');
}

function kindOf(value: unknown): string {
  if (value === undefined) return '(not set)';
  return value === null ? '(null)' : `(${Array.isArray(value) ? 'list' : typeof value})`;
}
