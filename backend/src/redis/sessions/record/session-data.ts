import { ValueTooLargeError, ValueUnserializableError } from '../../base/errors/index.js';
import { findJsonFault, type JsonRules } from '../../base/json/index.js';

// What an instance knew is lost when the session is read. JSON.stringify says what is too deep.
const RULES: JsonRules = { name: 'data', mayBecomeOther: false, maxDepth: Infinity };

/**
 * Returns the JSON of a value that JSON restores unchanged. `undefined` members may be left out.
 * @throws ValueUnserializableError when something would be lost or changed, naming its kind and not its content.
 * @throws ValueTooLargeError when the text has more than `maxBytes`.
 */
export function toJson(value: unknown, maxBytes: number): string {
  const json = stringify(value);
  const fault = attempt(() => findJsonFault(value, RULES));
  if (fault !== null) throw unserializable(fault.what, fault.path);
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

function unserializable(culprit: string, path = 'data'): ValueUnserializableError {
  return new ValueUnserializableError(
    `The data of a session must be plain JSON, and there is ${culprit} in it (at ${path})`,
    { culprit },
  );
}
