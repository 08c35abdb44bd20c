import type { ArgumentSpec, COMMON_OPTIONS, OptionSpecs, OptionValues } from './option-specs.js';
import type { ExitCode } from './exit-codes.js';
import type { Screen } from '../screen/index.js';

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a command reads and writes, and how it is ended. */
export interface CommandIo {
  /** What was asked for: text for people, or the JSON document. */
  readonly out: Screen;
  /** What is told besides: progress, questions, errors. */
  readonly told: Screen;
  readonly env: Environment;
  /** Fires when somebody ends the program. A command then ends by itself, and leaves nothing behind. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The version of the package that this program is of. */
  readonly version: () => string;
  /** Every command there is. */
  readonly commands: readonly CommandEntry[];
  /** Asks a question on the terminal. Resolves with the line that was typed; `null` where there is no terminal. */
  readonly ask: (question: string) => Promise<string | null>;
  /** Hears each key that is pressed, until it is stopped. There is none where there is no terminal. */
  readonly keys?: (hear: (key: string) => void) => () => void;
}

/** What was typed behind the name of a command. */
export interface Typed<O extends OptionSpecs> {
  readonly words: readonly string[];
  readonly options: OptionValues<O & typeof COMMON_OPTIONS>;
}

/** One command of the program. */
export interface Command<O extends OptionSpecs = OptionSpecs> {
  /** What it does, in one line. */
  readonly summary: string;
  /** More than one line can say, for its help. */
  readonly details?: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: O;
  /** What may be typed, and what it does. */
  readonly examples: readonly (readonly [typed: string, does: string])[];
  /** What each exit code means here, where that is more than what it means everywhere. */
  readonly exits?: readonly (readonly [ExitCode, string])[];
  readonly run: (typed: Typed<O>, io: CommandIo) => Promise<ExitCode>;
}

/** A command whose code is read when it is used. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<AnyCommand>;
}

/** A command whose options are not known to the compiler any more. */
export interface AnyCommand extends Omit<Command, 'run'> {
  readonly run: (typed: Typed<never>, io: CommandIo) => Promise<ExitCode>;
}

/** Types the options that `run` receives. */
export function defineCommand<const O extends OptionSpecs>(command: Command<O>): AnyCommand {
  return command;
}
