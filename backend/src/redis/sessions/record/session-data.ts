import { ValueTooLargeError, ValueUnserializableError } from '../../base/errors/index.js';
import { findJsonFault, type JsonRules, parseJson } from '../../base/json/index.js';

// In a text the quotes would have a backslash before them.
const PROTOTYPE_MEMBER = /(?<!\\)"__proto__":/;
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
  if (sealedIn(value) !== null) throw unserializable('what marks encrypted data');
  if (PROTOTYPE_MEMBER.test(json)) throw unserializable('a member named __proto__');
  return checkedSize(json, maxBytes);
}

/** The same for an object with its own JSON, such as a session of express-session: it is not checked. */
export function toForeignJson(value: unknown, maxBytes: number): string {
  return checkedSize(stringify(value), maxBytes);
}

/** What {@link toJson} wrote. @throws SyntaxError when it is no JSON. */
export const fromJson: (text: string) => unknown = parseJson;

// As JSON it can stand wherever the data would.
const SEALED_MEMBER = 'nestjs-redis-ha/encrypted';

/** Returns sealed bytes as data of a record. */
export function sealedData(sealed: Buffer): object {
  return { [SEALED_MEMBER]: sealed.toString('base64') };
}

/** Returns the sealed bytes in the data of a record; `null` when it is not sealed. */
export function sealedIn(data: unknown): Buffer | null {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return null;
  const [first, ...others] = Object.entries(data) as [string, unknown][];
  if (first?.[0] !== SEALED_MEMBER || others.length > 0) return null;
  return typeof first[1] === 'string' ? Buffer.from(first[1], 'base64') : Buffer.alloc(0);
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
    `The data of a session has ${bytes} bytes, and maxDataBytes allows ${maxBytes}. Keep less in it, such as the id of what is large, or raise maxDataBytes`,
    { bytes, maxBytes },
  );
}

function unserializable(culprit: string, path = 'data'): ValueUnserializableError {
  return new ValueUnserializableError(
    `The data of a session must be plain JSON, and there is ${culprit} in it (at ${path})`,
    { culprit },
  );
}
