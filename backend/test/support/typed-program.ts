import { COMMANDS } from '../../src/cli/commands.js';
import { type CommandIo, runCli } from '../../src/cli/frame/index.js';
import { type OutputStream, Screen } from '../../src/cli/screen/index.js';
import { misfitOf } from './command-schemas.js';

/** How a command ended, and what it said. */
export interface TypedRun {
  readonly code: number;
  readonly out: string;
  readonly told: string;
  /** With `--json`: what was said, each line read; all of it fits the schema of the command. */
  readonly documents: readonly Record<string, unknown>[];
}

/** What else a run may be given. */
export interface TypedOptions {
  /** What somebody types when asked; `null` where there is no terminal. */
  readonly answer?: string | null;
  readonly signal?: AbortSignal;
  /** Hears each line of the output as it is written. */
  readonly onLine?: (line: string) => void;
  /** How wide a terminal is; without it the output is none. */
  readonly columns?: number;
  /** Presses keys: gets what hears them. */
  readonly keys?: (hear: (key: string) => void) => void;
}

/** Types a command of the program, in this process. Each JSON document that it writes is compared with its schema. */
export async function typeCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  options: TypedOptions = {},
): Promise<TypedRun> {
  const written = { out: '', told: '' };
  const screen = (name: 'out' | 'told'): Screen => {
    const stream: OutputStream = {
      write: (text: string) => {
        written[name] += text;
        if (name === 'out') for (const line of text.trimEnd().split('\n')) options.onLine?.(line);
      },
      ...(options.columns === undefined ? {} : { isTTY: true, columns: options.columns }),
    };
    return new Screen(stream, false);
  };
  const { keys } = options;
  const io: CommandIo = {
    out: screen('out'),
    told: screen('told'),
    env,
    signal: options.signal ?? new AbortController().signal,
    now: Date.now,
    version: () => '0.0.0',
    commands: COMMANDS,
    ask: () => Promise.resolve(options.answer ?? null),
    ...(keys === undefined
      ? {}
      : {
          keys: (hear) => {
            keys(hear);
            return () => undefined;
          },
        }),
  };
  const code = await runCli(args, io);
  return { code, ...written, documents: args.includes('--json') ? documentsOf(args, written) : [] };
}

function documentsOf([command = '']: readonly string[], { out }: { readonly out: string }) {
  return parts(out).map((text) => {
    const document = JSON.parse(text) as Record<string, unknown>;
    const misfit = misfitOf(command, document);
    if (misfit !== null) throw new TypeError(`${command} --json: ${misfit}\n${text}`);
    return document;
  });
}

/** One document, on however many lines; or one on each line. */
function parts(out: string): string[] {
  try {
    JSON.parse(out);
    return [out];
  } catch {
    return out.split('\n').filter((line) => line !== '');
  }
}
