import { hostFault, isPort, stripBrackets } from '../address/index.js';
import type { Findings } from './findings.js';

/** What the machine needs to know of a rule, whatever the type of its values. */
export interface AnyRule {
  /** Completes the sentence "must be …". */
  readonly expects: string;
  /** How much of a refused value is shown: the value where that is safe, only that it is text, or nothing. */
  readonly shows: 'value' | 'kind' | 'nothing';
  /** What to do about a refused value; `null` for the usual advice. */
  readonly remedy: string | null;
  /** Whether a value can be used, or can be handed to `convert`. */
  accepts(value: unknown): boolean;
  /**
   * Turns the value into what the library uses; `null` when that is the value itself. It reports what is
   * wrong with parts of the value. When it returns `undefined`, the default is used.
   */
  readonly convert: ((value: never, path: string, findings: Findings) => unknown) | null;
  /** Reads the text of a variable; `undefined` when it cannot be read. */
  fromText(text: string): unknown;
  /** Completes the sentence "must be …" for text; `null` where text is written as the value is. */
  readonly expectsText: string | null;
}

/** Which values one option takes (`T`), and what they are resolved to (`R`). */
export interface Rule<T, R = T> extends AnyRule {
  /** Never set. It lets the compiler compare what a rule takes with the type of the option. */
  readonly types?: (takes: T) => readonly [T, R];
}

/** The longest delay a Node.js timer can hold. */
export const MAX_DELAY_MS = 2_147_483_647;
/** Ten years. A larger number is a mistake: probably another unit was meant. */
export const MAX_LIFE_MS = 315_360_000_000;
const YES = new Set(['true', '1', 'yes', 'on']);
const NO = new Set(['false', '0', 'no', 'off']);

/** A rule by what it accepts. */
export function rule<T>(
  expects: string,
  accepts: (value: unknown) => boolean,
  more: Partial<Pick<AnyRule, 'shows' | 'remedy' | 'fromText' | 'expectsText'>> = {},
): Rule<T> {
  return {
    expects,
    shows: 'value',
    remedy: null,
    accepts,
    convert: null,
    fromText: () => undefined,
    expectsText: null,
    ...more,
  };
}

/** The same rule, whose values become something else or have parts to be checked. */
export function converted<T, R>(
  base: Rule<T, unknown>,
  convert: (value: T, path: string, findings: Findings) => R | undefined,
): Rule<T, R> {
  return { ...(base as AnyRule), convert };
}

/** A whole number within bounds, both included. */
export function wholeNumber(min: number, max: number, unit = ''): Rule<number> {
  const what = unit === '' ? 'a whole number' : `a whole number of ${unit}`;
  return rule(
    `${what} from ${String(min)} to ${String(max)}`,
    (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
    { fromText: (text) => (/^[+-]?\d+$/.test(text.trim()) ? Number(text) : undefined) },
  );
}

/** A delay that a timer can hold; never zero. */
export const milliseconds = wholeNumber(1, MAX_DELAY_MS, 'milliseconds');

/** How long something lives; never zero. */
export const lifetime = wholeNumber(1, MAX_LIFE_MS, 'milliseconds');

/** The deadline of one call: fractions are harmless. */
export const deadline = rule<number>(
  'a positive number of milliseconds',
  (value) => Number.isFinite(value) && Number(value) > 0,
);

/** A number of things; never zero. */
export const positive = wholeNumber(1, 2_147_483_647);

/** A number of bytes; never zero. */
export const bytes = wholeNumber(1, Number.MAX_SAFE_INTEGER, 'bytes');

/** A TCP port. */
export const port: Rule<number> = { ...wholeNumber(1, 65_535), accepts: isPort };

/** `true` or `false`; as text also 1/0, yes/no, on/off. */
export const flag = rule<boolean>('true or false', (value) => typeof value === 'boolean', {
  fromText: readFlag,
});

/** One of a fixed set of words. */
export function choice<const W extends string>(...words: readonly W[]): Rule<W> {
  const known: readonly string[] = words;
  return rule(
    `one of ${words.map((word) => `'${word}'`).join(', ')}`,
    (value) => typeof value === 'string' && known.includes(value),
    { fromText: (text) => text.trim().toLowerCase() },
  );
}

/** Any text, or only text that fits a pattern. */
export function text(expects = 'text', pattern = /^/, remedy: string | null = null): Rule<string> {
  return rule(expects, (value) => typeof value === 'string' && pattern.test(value), {
    remedy,
    fromText: (raw) => raw.trim(),
  });
}

/** Text that is taken as it is: white space may belong to it. */
export const verbatim: Rule<string> = { ...text(), fromText: (raw) => raw };

/** A password: taken as it is and never shown. */
export const secret: Rule<string> = { ...verbatim, shows: 'nothing' };

/** The name of a connection. */
export const connectionName = text(
  'text without white space, and not empty',
  /^\S+$/,
  "Leave it out for 'default'",
);

/** A host name or IP address without a port. */
export const host: Rule<string> = converted(
  rule<string>(
    'a host name or an IP address, without a port',
    (value) => typeof value === 'string' && hostFault(stripBrackets(value)) === null,
    { fromText: (raw) => raw.trim() },
  ),
  stripBrackets,
);

/** The same, or `null`, which means something of its own. */
export function orNull<T>(base: Rule<T>, meaning: string): Rule<T | null> {
  return rule(
    `${base.expects}, or null (${meaning})`,
    (value) => value === null || base.accepts(value),
  );
}

/** The same, or `false`, which switches something off. */
export function orFalse<T>(base: Rule<T>): Rule<T | false> {
  return rule(
    `${base.expects}, or false for none`,
    (value) => value === false || base.accepts(value),
    { remedy: base.remedy },
  );
}

/** A function. Its parameters cannot be checked here, only by the compiler. */
export function aFunction<T>(): Rule<T> {
  return rule('a function', (value) => typeof value === 'function');
}

/** An object that has these methods. */
export function objectWith<T extends object>(
  what: string,
  ...methods: (keyof T & string)[]
): Rule<T> {
  return rule(what, (value) => {
    if (typeof value !== 'object' || value === null) return false;
    const members = value as Readonly<Record<string, unknown>>;
    return methods.every((name) => typeof members[name] === 'function');
  });
}

/** A value that Nest or another library checks. */
export function anything<T>(): Rule<T> {
  return rule('anything but null', (value) => value !== null);
}

/** The items of a comma-separated list, without white space and without empty items. */
export function readList(raw: string): readonly string[] {
  return raw
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** `announced=reachable,announced=reachable` as a record; `undefined` when an item is no pair or repeats one. */
export function readPairs(raw: string): Readonly<Record<string, string>> | undefined {
  const pairs = readList(raw).map((item) => item.split('=').map((part) => part.trim()));
  if (!pairs.every((pair) => pair.length === 2 && pair.every((part) => part !== ''))) {
    return undefined;
  }
  const record = Object.fromEntries(pairs) as Readonly<Record<string, string>>;
  return Object.keys(record).length === pairs.length ? record : undefined;
}

/** `true`, `false`, or `undefined` for text that is neither. */
export function readFlag(raw: string): boolean | undefined {
  const word = raw.trim().toLowerCase();
  if (YES.has(word)) return true;
  return NO.has(word) ? false : undefined;
}

/** How some keys begin. Redis refuses a list in which one says what another says already. */
export const keyBeginnings = rule<readonly string[]>(
  "a list of texts, none of which begins with another, such as ['flag:', 'price:']",
  (value) => isListOfTexts(value) && value.every((one, i) => !isCovered(one, i, value)),
  { remedy: 'Leave out what a shorter one covers', fromText: readList },
);

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isCovered(text: string, at: number, all: readonly string[]): boolean {
  return all.some((other, i) => i !== at && text.startsWith(other));
}
