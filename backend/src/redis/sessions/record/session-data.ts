import { ValueTooLargeError, ValueUnserializableError } from '../../base/errors/index.js';

/**
 * Returns the JSON of a value that JSON restores unchanged. `undefined` members may be left out.
 * @throws ValueUnserializableError when something would be lost or changed, naming its kind and not its content.
 * @throws ValueTooLargeError when the text has more than `maxBytes`.
 */
export function toJson(value: unknown, maxBytes: number): string {
  const json = stringify(value);
  const culprit = attempt(() => firstChanged(value));
  if (culprit !== null) throw unserializable(culprit);
  return checkedSize(json, maxBytes);
}

/** The same for an object with its own JSON, such as a session of express-session: it is not checked. */
export function toForeignJson(value: unknown, maxBytes: number): string {
  return checkedSize(stringify(value), maxBytes);
}

function stringify(value: unknown): string {
  const json = attempt((): unknown => JSON.stringify(value));
  if (typeof json !== 'string') throw unserializable(typeof value);
  return json;
}

// Fails on cycles, bigints, throwing getters and too much depth. Their own errors show parts of the data.
function attempt<R>(look: () => R): R {
  try {
    return look();
  } catch {
    throw unserializable('a cycle, a bigint, or something too deep');
  }
}

function checkedSize(json: string, maxBytes: number): string {
  const bytes = Buffer.byteLength(json);
  if (bytes <= maxBytes) return json;
  throw new ValueTooLargeError(
    `The data of a session has ${bytes} bytes, and maxDataBytes allows ${maxBytes}`,
    { bytes, maxBytes },
  );
}

function unserializable(culprit: string): ValueUnserializableError {
  return new ValueUnserializableError(
    `The data of a session must be plain JSON, and there is ${culprit} in it`,
    { culprit },
  );
}

/** Returns the kind of the first part that JSON would lose or change; `null` when there is none. */
function firstChanged(value: unknown): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : 'a number without a value';
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return null;
  if (Array.isArray(value)) return firstOf(value);
  if (typeof value !== 'object') return `something of the type ${typeof value}`;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (!isPlain) return 'an object of a class';
  return firstOf(Object.values(value).filter((member) => member !== undefined));
}

function firstOf(values: readonly unknown[]): string | null {
  for (const value of values) {
    const culprit = firstChanged(value);
    if (culprit !== null) return culprit;
  }
  return null;
}
