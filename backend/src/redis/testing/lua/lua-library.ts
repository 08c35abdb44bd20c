import type { Reply } from './replies.js';

/** What a script sees of Redis. Texts are binary: one character a byte. */
export interface ScriptHost {
  call(name: string, args: readonly string[]): Reply;
}

/** An error that a script did not catch. */
export class ScriptError extends Error {}

type LuaValue = string | number | boolean | undefined | LuaTable;
type LuaTable = LuaValue[] | { readonly err?: string; readonly ok?: string };

const CLASSES: Readonly<Record<string, string>> = {
  u: '[A-Z]',
  l: '[a-z]',
  a: '[A-Za-z]',
  d: '[0-9]',
  x: '[0-9A-Fa-f]',
  s: '\\s',
  w: '[A-Za-z0-9]',
};
const PATTERNS = new Map<string, RegExp>();

/** The functions and values that a compiled script may use. */
export class LuaLibrary {
  readonly KEYS: readonly string[];
  readonly ARGV: readonly string[];
  readonly #host: ScriptHost;
  /** What tables have under names; what they have under numbers is in them. */
  readonly #named = new WeakMap<object, Map<string, unknown>>();

  constructor(host: ScriptHost, keys: readonly string[], args: readonly string[]) {
    this.#host = host;
    this.KEYS = keys;
    this.ARGV = args;
  }

  readonly redis = {
    call: (name: string, ...args: readonly LuaValue[]): LuaValue => {
      const reply = this.redis.pcall(name, ...args);
      const error = errorIn(reply);
      if (error !== null) throw new ScriptError(error);
      return reply;
    },
    pcall: (name: string, ...args: readonly LuaValue[]): LuaValue =>
      luaOf(this.#host.call(name.toLowerCase(), args.map(textOf))),
    error_reply: (err: string): LuaTable => ({ err }),
  };

  readonly string = {
    sub: (text: string, from: number, to = -1): string => sliceOf(text, from, to),
    byte: (text: string, from = 1, to = from): (number | undefined)[] =>
      Array.from({ length: to - from + 1 }, (_, i) => this.byteAt(text, from + i)),
    char: (...codes: readonly number[]): string => String.fromCharCode(...codes),
    rep: (text: string, times: number): string => text.repeat(times),
    find: (text: string, pattern: string): number | undefined => {
      const at = text.search(patternOf(pattern));
      return at < 0 ? undefined : at + 1;
    },
    match: (text: string, pattern: string): string | undefined => {
      const found = patternOf(pattern).exec(text);
      return found === null ? undefined : (found[1] ?? found[0]);
    },
    gsub: (text: string, pattern: string, by: (part: string) => string): string =>
      text.replace(new RegExp(patternOf(pattern), 'g'), (part) => by(part)),
    format: formatted,
  };

  readonly math = { floor: Math.floor, min: Math.min, max: maxOf };

  /** `string.byte` where one byte is asked for. */
  byteAt(text: string, at = 1): number | undefined {
    const code = text.charCodeAt(at - 1);
    return Number.isNaN(code) ? undefined : code;
  }

  type(value: LuaValue): string {
    if (value === undefined) return 'nil';
    return typeof value === 'object' ? 'table' : typeof value;
  }

  tonumber(value: LuaValue, base = 10): number | undefined {
    const number = base === 10 ? Number(value) : Number.parseInt(textOf(value), base);
    return Number.isNaN(number) ? undefined : number;
  }

  readonly table = {
    concat: (table: readonly LuaValue[]): string => table.map(textOf).join(''),
  };

  unpack(table: readonly LuaValue[], from = 1): readonly LuaValue[] {
    return from === 1 ? table : table.slice(from - 1);
  }

  ipairs(table: readonly LuaValue[]): [number, LuaValue][] {
    return table.map((value, i) => [i + 1, value]);
  }

  at(table: unknown, index: number | string): unknown {
    if (typeof table !== 'object' || table === null) {
      throw new ScriptError(`ERR attempt to index ${typeof table}`);
    }
    if (typeof index === 'number') return (table as readonly unknown[])[index - 1];
    return Array.isArray(table)
      ? this.#named.get(table)?.get(index)
      : (table as Readonly<Record<string, unknown>>)[index];
  }

  put(table: unknown[], index: number | string, value: unknown): void {
    if (typeof index === 'number') {
      table[index - 1] = value;
      return;
    }
    const named = this.#named.get(table) ?? new Map<string, unknown>();
    this.#named.set(table, named.set(index, value));
  }

  isTrue(value: unknown): boolean {
    return value !== undefined && value !== false;
  }

  and(left: unknown, right: () => unknown): unknown {
    return this.isTrue(left) ? right() : left;
  }

  or(left: unknown, right: () => unknown): unknown {
    return this.isTrue(left) ? left : right();
  }

  text(value: LuaValue): string {
    return textOf(value);
  }

  rest(a: number, b: number): number {
    return a - Math.floor(a / b) * b;
  }
}

/** What Redis makes of the value that a script returns. */
export function replyOf(value: unknown): Reply {
  if (value === undefined || value === false) return null;
  if (value === true) return 1;
  if (typeof value === 'number') return Math.trunc(value);
  if (Array.isArray(value)) {
    const end = value.indexOf(undefined);
    return (end < 0 ? value : value.slice(0, end)).map(replyOf);
  }
  return value as Reply;
}

function luaOf(reply: Reply): LuaValue {
  if (reply === null) return false;
  return Array.isArray(reply) ? reply.map(luaOf) : (reply as LuaValue);
}

function errorIn(value: LuaValue): string | null {
  if (typeof value !== 'object' || Array.isArray(value)) return null;
  return value.err ?? null;
}

function textOf(value: LuaValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw new ScriptError(`ERR a ${typeof value} where a text or a number must be`);
}

function sliceOf(text: string, from: number, to: number): string {
  const start = from < 0 ? Math.max(0, text.length + from) : Math.max(0, from - 1);
  return text.slice(start, to < 0 ? text.length + to + 1 : to);
}

function maxOf(...numbers: readonly (number | string)[]): number {
  return Math.max(...numbers.map(Number));
}

function formatted(format: string, value: number | string): string {
  return format.replace(/%(\.0f|02x|d|s)/, (_, kind: string) => {
    if (kind === '02x') return Number(value).toString(16).padStart(2, '0');
    if (kind === '.0f') return Number(value).toFixed(0);
    return String(value);
  });
}

function patternOf(pattern: string): RegExp {
  let known = PATTERNS.get(pattern);
  if (known === undefined) {
    const source = pattern.replace(/%(.)|\.|[-*?[\]{}|\\]/g, (part, escaped?: string) => {
      if (escaped !== undefined) return CLASSES[escaped] ?? `\\${escaped}`;
      if (part === '.') return '[\\s\\S]';
      if (part === '*') return part;
      throw new ScriptError(`ERR unknown pattern ${pattern}`);
    });
    PATTERNS.set(pattern, (known = new RegExp(source)));
  }
  return known;
}
