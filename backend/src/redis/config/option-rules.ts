import { hostFault, isPort, stripBrackets } from '../base/address/index.js';

/** What one option accepts, and how its text form is read from an environment variable. */
export interface OptionRule {
  /** `scalar`: {@link OptionRule.accepts} says all. `structured`: a function of its own checks it. */
  readonly kind: 'scalar' | 'structured';
  /** Completes the sentence "must be …". */
  readonly expects: string;
  /** The value must never be shown. */
  readonly isSecret: boolean;
  /** Whether the value can be used. */
  accepts(value: unknown): boolean;
  /** Reads the text of a variable; `undefined` when it cannot be read. */
  fromText(text: string): unknown;
}

/** The longest delay a Node.js timer can hold. */
const MAX_DELAY_MS = 2_147_483_647;
const YES = new Set(['true', '1', 'yes', 'on']);
const NO = new Set(['false', '0', 'no', 'off']);

/** A whole number within bounds, both included. */
export function wholeNumber(min: number, max: number, unit = ''): OptionRule {
  const what = unit === '' ? 'a whole number' : `a whole number of ${unit}`;
  return scalar({
    expects: `${what} from ${String(min)} to ${String(max)}`,
    accepts: (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
    fromText: (text) => (/^[+-]?\d+$/.test(text.trim()) ? Number(text) : undefined),
  });
}

/** A delay a timer can hold; never zero. */
export const milliseconds: OptionRule = wholeNumber(1, MAX_DELAY_MS, 'milliseconds');

/** A TCP port. */
export const port: OptionRule = { ...wholeNumber(1, 65_535), accepts: isPort };

/** `true` or `false`; as text also 1/0, yes/no, on/off. */
export const flag: OptionRule = scalar({
  expects: 'true or false',
  accepts: (value) => typeof value === 'boolean',
  fromText: readFlag,
});

/** One of a fixed set of words. */
export function choice(words: readonly string[]): OptionRule {
  return scalar({
    expects: `one of ${words.map((word) => `'${word}'`).join(', ')}`,
    accepts: (value) => typeof value === 'string' && words.includes(value),
    fromText: (text) => text.trim().toLowerCase(),
  });
}

/** Any text, or only text that fits a pattern. */
export function text(expects = 'text', pattern = /^/): OptionRule {
  return scalar({
    expects,
    accepts: (value) => typeof value === 'string' && pattern.test(value),
    fromText: (raw) => raw.trim(),
  });
}

/** Text that is taken letter by letter: white space may belong to it. */
export const verbatim: OptionRule = { ...text(), fromText: (raw) => raw };

/** A password: taken letter by letter and never shown. */
export const secret: OptionRule = { ...verbatim, isSecret: true };

/** A host name or IP address without a port. */
export const host: OptionRule = scalar({
  expects: 'a host name or an IP address, without a port',
  accepts: (value) => typeof value === 'string' && hostFault(stripBrackets(value)) === null,
  fromText: (raw) => raw.trim(),
});

/** An option with parts of its own, checked by a function of its own. */
export function structured(
  expects: string,
  fromText: (raw: string) => unknown = () => undefined,
): OptionRule {
  return { kind: 'structured', expects, isSecret: false, accepts: () => true, fromText };
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

function scalar(rule: Pick<OptionRule, 'expects' | 'accepts' | 'fromText'>): OptionRule {
  return { kind: 'scalar', isSecret: false, ...rule };
}
