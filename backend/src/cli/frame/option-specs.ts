/** What all options have. */
interface Common {
  /** One line for the help. */
  readonly about: string;
  /** One letter that stands for it. */
  readonly short?: string;
}

/** An option without a value. */
export interface FlagSpec extends Common {
  readonly kind: 'flag';
}

/** Any text. */
export interface TextSpec extends Common {
  readonly kind: 'text';
  /** What stands behind it in the help, such as `host:port`. */
  readonly value: string;
  /** Whether it may be given more than once. */
  readonly isMany?: boolean;
  /** Whether it is a path, which a shell can complete. */
  readonly isPath?: boolean;
}

/** A whole number between two bounds. */
export interface NumberSpec extends Common {
  readonly kind: 'number';
  readonly value: string;
  readonly min: number;
  readonly max: number;
}

/** A time such as `500ms`, `30s`, `5m`, `2h`, `1d`; read as ms. */
export interface DurationSpec extends Common {
  readonly kind: 'duration';
  readonly minMs: number;
  readonly maxMs: number;
}

/** One of several words. */
export interface ChoiceSpec<W extends string = string> extends Common {
  readonly kind: 'choice';
  readonly words: readonly W[];
}

/** One option of a command. */
export type OptionSpec = FlagSpec | TextSpec | NumberSpec | DurationSpec | ChoiceSpec;

/** The options of a command by their names, without the two dashes. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What an option is read as. */
type ValueOf<S extends OptionSpec> = S extends FlagSpec
  ? boolean
  : S extends { readonly kind: 'text'; readonly isMany: true }
    ? readonly string[]
    : S extends ChoiceSpec<infer W>
      ? W | null
      : S extends TextSpec
        ? string | null
        : number | null;

/** The options of a command as they were typed: `false`, an empty list or `null` for what was not. */
export type OptionValues<O extends OptionSpecs> = { readonly [K in keyof O]: ValueOf<O[K]> };

/** One word behind the command that is no option. */
export interface ArgumentSpec {
  readonly name: string;
  readonly about: string;
  /** The words that it may be; anything where there are none. */
  readonly words?: readonly string[];
  readonly isOptional?: boolean;
  /** Whether there may be more than one; the last argument only. */
  readonly isMany?: boolean;
  readonly isPath?: boolean;
}

/** Options of every command. */
export const COMMON_OPTIONS = {
  json: { kind: 'flag', about: 'one JSON document for machines, in place of text' },
  color: { kind: 'flag', about: 'colours even where the output is no terminal' },
  'no-color': { kind: 'flag', about: 'no colours on a terminal either; NO_COLOR=1 does the same' },
  help: { kind: 'flag', short: 'h', about: 'this text' },
} as const satisfies OptionSpecs;
