import { CompiledCommands, type CommandProcess } from './command-process.js';

/** How the program ended, and what it said. */
export interface CliRun {
  /** -1 where a signal ended it. */
  readonly code: number;
  readonly out: string;
  readonly told: string;
}

/** Where and with what it runs. */
export interface CliSurroundings {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The program in a folder: each run is a process of its own. */
export class CliProgram {
  readonly #commands = new CompiledCommands();

  /** Runs it to its end. */
  async run(place: CliSurroundings, ...args: readonly string[]): Promise<CliRun> {
    const running = this.start(place, ...args);
    const code = await running.ended();
    return { code, out: running.out, told: running.told };
  }

  /** Starts it. */
  start({ cwd, env }: CliSurroundings, ...args: readonly string[]): CommandProcess {
    return this.#commands.start(args, env, cwd);
  }

  /** Removes the files. */
  remove(): void {
    this.#commands.remove();
  }
}

/** The only document that a command writes with `--json`; it fits the schema. */
export async function documentOf<T>(running: CommandProcess, command: string): Promise<T> {
  await running.ended();
  const [document] = running.documents(command);
  if (document === undefined) throw new TypeError(`${command} wrote no JSON:\n${running.told}`);
  return document as T;
}
