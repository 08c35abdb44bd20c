import { stylesOf, type Styles } from './styles.js';

/** Where a program's output goes. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

// Of a file or a pipe nobody knows how wide it is shown, and a line that is cut loses what a program looks for.
const WIDTH_OF_A_FILE = 100;
const NARROWEST = 40;
const LOWEST = 4;
const ROWS_OF_A_TERMINAL = 24;

/** One output of the program: the terminal, or whatever it was led to. */
export class Screen {
  readonly #stream: OutputStream;
  /** Whether a person looks at it now, so that lines may be drawn over. */
  readonly isTerminal: boolean;
  /** How text is marked here. */
  readonly styles: Styles;

  constructor(stream: OutputStream, hasColors: boolean) {
    this.#stream = stream;
    this.isTerminal = stream.isTTY === true;
    this.styles = stylesOf(hasColors);
  }

  /** How many columns there are. Changes with the window. */
  get columns(): number {
    if (!this.isTerminal) return WIDTH_OF_A_FILE;
    return Math.max(NARROWEST, this.#stream.columns ?? WIDTH_OF_A_FILE);
  }

  /** How many lines a terminal shows. Changes with the window. */
  get rows(): number {
    return Math.max(LOWEST, this.#stream.rows ?? ROWS_OF_A_TERMINAL);
  }

  /** Writes a line, or several that are in one text. */
  line(text = ''): void {
    this.#stream.write(`${text}\n`);
  }

  /** Writes text as it is. */
  write(text: string): void {
    this.#stream.write(text);
  }
}

/** Returns whether an output is to have colours: on a terminal, unless the environment or an option says otherwise. */
export function wantsColors(
  stream: OutputStream,
  env: Readonly<Record<string, string | undefined>>,
  args: readonly string[],
): boolean {
  if (args.includes('--no-color')) return false;
  if (args.includes('--color')) return true;
  const isSet = (name: string): boolean => (env[name] ?? '') !== '';
  if (isSet('NO_COLOR')) return false;
  if (isSet('FORCE_COLOR')) return env['FORCE_COLOR'] !== '0';
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}
