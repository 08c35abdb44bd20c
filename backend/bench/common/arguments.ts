import { parseArgs } from 'node:util';

/** One thing that a command can be told with `--name`. */
export interface Option<T> {
  /** What stands for its value in the explanation; `null` for an option without a value. */
  readonly placeholder: string | null;
  readonly what: string;
  /** What holds when it is not given. */
  readonly initial: T;
  /** Reads the value; throws a {@link UsageError} for what cannot be meant. */
  read(text: string | undefined, name: string): T;
}

/** The options of a command. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** What a command was told. */
export interface Told<O extends Options> {
  /** What stands there without `--name`. */
  readonly words: readonly string[];
  readonly values: { readonly [N in keyof O]: O[N] extends Option<infer T> ? T : never };
  readonly isHelpWanted: boolean;
}

/** Something about the arguments is wrong; the message says what, and what to type. */
export class UsageError extends Error {}

/** A range that a number has to lie in. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

/** A whole number within a range. */
export function wholeNumber<T extends number | null>(
  initial: T,
  what: string,
  { least, most }: Range,
): Option<number | T> {
  return {
    placeholder: 'N',
    what,
    initial,
    read(text, name) {
      const value = /^\d+$/.test(text ?? '') ? Number(text) : NaN;
      if (value >= least && value <= most) return value;
      throw new UsageError(
        `--${name} takes a whole number from ${least} to ${most} (${what}), not ${quoted(text)}.`,
      );
    },
  };
}

/** A number above zero. */
export function positiveNumber(initial: number, what: string): Option<number> {
  return {
    placeholder: 'N',
    what: `${what} (${initial})`,
    initial,
    read(text, name) {
      const value = text === undefined || text === '' ? NaN : Number(text);
      if (Number.isFinite(value) && value > 0) return value;
      throw new UsageError(`--${name} takes a number above 0 (${what}), not ${quoted(text)}.`);
    },
  };
}

/** Any text. */
export function someText<T extends string | null>(
  initial: T,
  what: string,
  placeholder: string,
): Option<string | T> {
  return {
    placeholder,
    what,
    initial,
    read(text, name) {
      if (text !== undefined && text !== '' && !text.startsWith('--')) return text;
      throw new UsageError(`--${name} needs a value.`);
    },
  };
}

/** Some of the names that are known, with commas between them. */
export function someOf<N extends string>(known: readonly N[], what: string): Option<readonly N[]> {
  return {
    placeholder: 'A,B',
    what: `${what}: ${known.join(', ')} (all)`,
    initial: known,
    read(text, name) {
      const given = (text ?? '').split(',').filter((entry) => entry !== '');
      const unknown = given.filter((entry) => !known.some((other) => other === entry));
      if (given.length > 0 && unknown.length === 0) {
        return known.filter((entry) => given.includes(entry));
      }
      throw new UsageError(
        `--${name} takes some of ${known.join(', ')}, with commas between them, not ${quoted(text)}.`,
      );
    },
  };
}

/** Something that is so when it is said. */
export function flag(what: string): Option<boolean> {
  return { placeholder: null, what, initial: false, read: () => true };
}

/** Reads arguments. Throws a {@link UsageError} for what cannot be meant. */
export function parseArguments<O extends Options>(options: O, argv: readonly string[]): Told<O> {
  const { tokens } = parseArgs({
    args: [...argv],
    options: { help: { type: 'boolean', short: 'h' }, ...shapesOf(options) },
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const words: string[] = [];
  const values: Record<string, unknown> = Object.fromEntries(
    Object.entries(options).map(([name, { initial }]) => [name, initial]),
  );
  let isHelpWanted = false;
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (token.name === 'help') isHelpWanted = true;
    else if (option === undefined) throw new UsageError(`There is no option ${token.rawName}.`);
    else values[token.name] = option.read(token.value, token.name);
  }
  return { words, values: values as Told<O>['values'], isHelpWanted };
}

/** How to call a command: the first line, what else is to be said, and its options. */
export function usageOf(call: string, options: Options, more: readonly string[] = []): string {
  const named = Object.entries(options).map(([name, { placeholder, what }]) => ({
    name: `--${name}${placeholder === null ? '' : ` ${placeholder}`}`,
    what,
  }));
  const width = Math.max(...named.map(({ name }) => name.length));
  const lines = named.map(({ name, what }) => `  ${name.padEnd(width)}  ${what}`);
  return [call, '', ...(more.length > 0 ? [...more, ''] : []), ...lines].join('\n');
}

/** What `read` makes of the arguments; ends the process when they are wrong, or when the explanation was asked for. */
export function orExplain<T>(usage: string, read: () => T | null): T {
  try {
    const told = read();
    if (told !== null) return told;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    process.exit(2);
  }
}

/** The options that this process was given. Ends it when they are wrong, or when the explanation was asked for. */
export function optionsOf<O extends Options>(command: string, options: O): Told<O>['values'] {
  const usage = usageOf(`npm run ${command} -- [options]`, options);
  return orExplain(usage, () => {
    const { words, values, isHelpWanted } = parseArguments(options, process.argv.slice(2));
    if (isHelpWanted) return null;
    if (words[0] !== undefined) throw new UsageError(`There is nothing called "${words[0]}".`);
    return values;
  });
}

function shapesOf(options: Options): Record<string, { type: 'string' | 'boolean' }> {
  return Object.fromEntries(
    Object.entries(options).map(([name, { placeholder }]) => [
      name,
      { type: placeholder === null ? ('boolean' as const) : ('string' as const) },
    ]),
  );
}

function quoted(text: string | undefined): string {
  return text === undefined ? 'nothing' : `"${text}"`;
}
