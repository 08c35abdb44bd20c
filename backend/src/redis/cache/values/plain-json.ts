import { types } from 'node:util';

/** A part of a value that JSON would change. */
export interface JsonFault {
  /** For example `a Map`. */
  readonly what: string;
  /** Where it stands, for example `value.orders[…].total`. */
  readonly path: string;
}

const MAX_DEPTH = 500;
// The names of members are mostly words of the program; names that might be data are not shown.
const WORD = /^[A-Za-z_$]{1,32}$/;

/** Returns the first part of a value that JSON would silently change; `null` when there is none. */
export function findJsonFault(value: unknown): JsonFault | null {
  return value === undefined ? { what: 'undefined', path: 'value' } : inspect(value, 'value', []);
}

function inspect(value: unknown, path: string, above: readonly object[]): JsonFault | null {
  if (typeof value === 'object') {
    return value === null ? null : inspectObject(value, path, above);
  }
  const what = scalarFault(value);
  return what === null ? null : { what, path };
}

function scalarFault(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return null;
    case 'number':
      return Number.isFinite(value) ? null : String(value);
    case 'undefined':
      return 'undefined in a list';
    default:
      return `a ${typeof value}`;
  }
}

function inspectObject(value: object, path: string, above: readonly object[]): JsonFault | null {
  if (above.includes(value)) return { what: 'a circle', path };
  if (above.length >= MAX_DEPTH) return { what: `more than ${MAX_DEPTH} levels`, path };
  const within = [...above, value];
  if (Array.isArray(value)) return inspectList(value, path, within);
  const what = classFault(value);
  if (what !== null) return { what, path };
  const shown = hasToJson(value) ? value.toJSON() : value;
  if (shown === value) return inspectMembers(value, path, within);
  if (typeof shown === 'object' && shown !== null) return inspect(shown, path, within);
  // `toJSON` may return another object; text or a number, as from a Date, is not what the caller gave.
  return { what: `${nameOf(value)}, which turns into ${kindOf(shown)}`, path };
}

function inspectMembers(value: object, path: string, above: readonly object[]): JsonFault | null {
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const fault = inspect(member, `${path}.${WORD.test(name) ? name : '…'}`, above);
    if (fault !== null) return fault;
  }
  return null;
}

function inspectList(
  list: readonly unknown[],
  path: string,
  above: readonly object[],
): JsonFault | null {
  // By position, so that holes are seen too.
  for (let i = 0; i < list.length; i++) {
    const fault = inspect(list[i], `${path}[…]`, above);
    if (fault !== null) return fault;
  }
  return null;
}

function nameOf(value: object): string {
  const name = value.constructor.name;
  return WORD.test(name) ? `a ${name}` : 'an object';
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}

function hasToJson(value: object): value is object & { toJSON: () => unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

const CLASSES: readonly (readonly [(value: object) => boolean, string])[] = [
  [types.isMap, 'a Map'],
  [types.isSet, 'a Set'],
  [types.isWeakMap, 'a WeakMap'],
  [types.isWeakSet, 'a WeakSet'],
  [types.isNativeError, 'an Error'],
  [types.isRegExp, 'a RegExp'],
  [types.isPromise, 'a Promise'],
  [types.isAnyArrayBuffer, 'an ArrayBuffer'],
  [types.isBoxedPrimitive, 'a wrapped primitive'],
  [(value) => ArrayBuffer.isView(value), 'a Buffer or typed array'],
];

function classFault(value: object): string | null {
  if (Object.getPrototypeOf(value) === Object.prototype) return null;
  return CLASSES.find(([isOne]) => isOne(value))?.[1] ?? null;
}
