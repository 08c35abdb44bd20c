import { types } from 'node:util';

/** Something that would not come back from JSON as what it was. */
interface JsonFault {
  /** For example `a Map`. */
  readonly what: string;
  /** Where it stands, for example `value.orders[…].total`. */
  readonly path: string;
}

/** What counts as plain, where those who ask differ. */
export interface JsonRules {
  /** What the value is called in a path. */
  readonly name: string;
  /**
   * Whether an object may come back as another one: an instance of a class as a plain object, what has a
   * `toJSON` as what that returns, and anything without its hidden members.
   */
  readonly mayBecomeOther: boolean;
  /** How deep it may be nested. */
  readonly maxDepth: number;
}

/** Where an inspection is: the objects that hold what it looks at, and its rules. */
interface Walk {
  readonly above: object[];
  readonly rules: JsonRules;
}

interface Named {
  readonly [Symbol.toStringTag]: string;
}

const PROTOTYPE = '__proto__';
// Few texts have an escape at all, and looking for a text is faster than looking for an expression.
const ESCAPED_ASCII = '\\u00';
const ESCAPED_LETTER = /\\u00[5-7]/i;
const USUAL: JsonRules = { name: 'value', mayBecomeOther: true, maxDepth: 500 };
// The names of members are mostly words of the program; whatever might be data instead is not shown.
const WORD = /^[A-Za-z_$]{1,32}$/;

/**
 * Returns what JSON says, without members named `__proto__`: whoever copies one with `Object.assign` would give
 * the copy a prototype of the sender's choice.
 */
export function parseJson(text: string): unknown {
  // Its letters may be written as escapes.
  const mayHaveOne =
    text.includes(PROTOTYPE) || (text.includes(ESCAPED_ASCII) && ESCAPED_LETTER.test(text));
  return mayHaveOne ? JSON.parse(text, withoutPrototype) : JSON.parse(text);
}

function withoutPrototype(name: string, member: unknown): unknown {
  return name === PROTOTYPE ? undefined : member;
}

/** The first part of a value that JSON would silently change, or `null` when there is none. */
export function findJsonFault(value: unknown, given: Partial<JsonRules> = {}): JsonFault | null {
  const rules = { ...USUAL, ...given };
  if (value === undefined) return { what: 'undefined', path: rules.name };
  return inspect(value, rules.name, { above: [], rules });
}

function inspect(value: unknown, path: string, walk: Walk): JsonFault | null {
  if (typeof value === 'object') {
    return value === null ? null : inspectObject(value, path, walk);
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

function inspectObject(value: object, path: string, walk: Walk): JsonFault | null {
  const { above, rules } = walk;
  if (above.includes(value)) return { what: 'a circle', path };
  if (above.length >= rules.maxDepth) return { what: `more than ${rules.maxDepth} levels`, path };
  above.push(value);
  const fault = Array.isArray(value)
    ? inspectList(value, path, walk)
    : inspectOwn(value, path, walk);
  above.pop();
  return fault;
}

function inspectOwn(value: object, path: string, walk: Walk): JsonFault | null {
  const what = classFault(value, walk.rules);
  if (what !== null) return { what, path };
  // Where nothing may become other, a `toJSON` is a function among the members.
  const mayTurn = walk.rules.mayBecomeOther && hasToJson(value);
  const shown = mayTurn ? value.toJSON() : value;
  if (shown === value) return inspectMembers(value, path, walk);
  if (typeof shown === 'object' && shown !== null) return inspect(shown, path, walk);
  // It may become another object; text or a number, as with a Date, is not what the caller gave.
  return { what: `${nameOf(value)}, which turns into ${kindOf(shown)}`, path };
}

function inspectMembers(value: object, path: string, walk: Walk): JsonFault | null {
  const members = Object.entries(value);
  const hidden = walk.rules.mayBecomeOther ? null : hiddenIn(value, members.length);
  if (hidden !== null) return { what: hidden, path };
  for (const [name, member] of members) {
    if (member === undefined) continue;
    if (name === PROTOTYPE) return { what: `a member ${PROTOTYPE}`, path };
    const fault = inspect(member, `${path}.${WORD.test(name) ? name : '…'}`, walk);
    if (fault !== null) return fault;
  }
  return null;
}

// JSON leaves out members that have a symbol for a name or are not enumerable, and all that a list has besides its
// elements.
function hiddenIn(value: object, shown: number): string | null {
  const names = Reflect.ownKeys(value);
  if (names.length === shown) return null;
  const isSymbol = names.some((name) => typeof name === 'symbol');
  return isSymbol ? 'a member whose name is a symbol' : 'a hidden member';
}

function listFault(list: readonly unknown[]): string | null {
  const prototype: unknown = Object.getPrototypeOf(list);
  const isOne = prototype === Array.prototype || isListPrototype(prototype);
  // Its length is no element.
  return isOne ? hiddenIn(list, list.length + 1) : 'an object of a class';
}

function inspectList(list: readonly unknown[], path: string, walk: Walk): JsonFault | null {
  // By position, so that holes are seen too.
  for (let i = 0; i < list.length; i++) {
    const fault = inspect(list[i], `${path}[…]`, walk);
    if (fault !== null) return fault;
  }
  const what = walk.rules.mayBecomeOther ? null : listFault(list);
  return what === null ? null : { what, path };
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

function classFault(value: object, { mayBecomeOther }: JsonRules): string | null {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return null;
  const known = CLASSES.find(([isOne]) => isOne(value))?.[1];
  if (known !== undefined) return known;
  if (mayBecomeOther) return isOpaque(value) ? nameOfKind(value) : null;
  return isPlain(prototype) ? null : 'an object of a class';
}

// What the platform names so and keeps out of its members, such as Headers or an iterator: nothing of it would come back.
function isOpaque(value: object): boolean {
  if (typeof (value as Partial<Named>)[Symbol.toStringTag] !== 'string') return false;
  return !hasToJson(value) && Object.keys(value).length === 0;
}

function nameOfKind(value: object): string {
  const kind = (value as Named)[Symbol.toStringTag].replaceAll(' ', '');
  return WORD.test(kind) ? `a ${kind}` : 'an object without members';
}

// Not compared with `Object.prototype`: it may be a plain object of another realm.
function isPlain(prototype: unknown): boolean {
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function isListPrototype(prototype: unknown): boolean {
  return prototype !== null && isPlain(Object.getPrototypeOf(prototype));
}
