import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { misfitOf } from './command-schemas.js';
import { BACKEND, compileCommands } from './compile-program.js';

/** The program as files that Node runs, for what a test process cannot show: signals, terminals, modules that it reads. */
export class CompiledCommands {
  readonly #program = compileCommands();

  /** What Node is given before the words of a command. */
  get entry(): string {
    return this.#program.entry;
  }

  /** The environment that it needs to find packages. */
  get env(): Record<string, string> {
    return { NODE_PATH: join(BACKEND, '..', 'node_modules') };
  }

  /** Writes a module that stands beside the compiled library, `./src/redis/index.js`. Returns where. */
  addModule(name: string, text: string): string {
    const path = join(this.#program.directory, name);
    writeFileSync(path, text);
    return path;
  }

  /** Starts a command; in the folder of the test, if no other is named. */
  start(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    cwd = process.cwd(),
  ): CommandProcess {
    return new CommandProcess([this.entry, ...args], { ...this.env, ...env }, cwd);
  }

  /** Removes the files. */
  remove(): void {
    rmSync(this.#program.directory, { recursive: true, force: true });
  }
}

/** A command that runs as a process. */
export class CommandProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number>;
  #waiting: (() => void)[] = [];
  out = '';
  told = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string>>, cwd: string) {
    const { PATH = '' } = process.env;
    this.#child = spawn(process.execPath, [...args], {
      cwd,
      env: { PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (text: Buffer) => {
      this.out += text.toString();
      this.#look();
    });
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.told += text.toString();
      this.#look();
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        resolve(code ?? -1);
        this.#look();
      });
    });
  }

  /** Resolves when the output has something. Rejects when it ended before. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.out + this.told)) {
      if (this.#child.exitCode !== null) {
        throw new TypeError(`it ended without ${String(pattern)}:\n${this.out}${this.told}`);
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** What was written with `--json`, each line read; all of it fits the schema of the command. */
  documents(command: string): Record<string, unknown>[] {
    const lines = this.out.split('\n').filter((line) => line !== '');
    return lines.map((line) => {
      const document = JSON.parse(line) as Record<string, unknown>;
      const misfit = misfitOf(command, document);
      if (misfit !== null) throw new TypeError(`${command} --json: ${misfit}\n${line}`);
      return document;
    });
  }

  /** Sends a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves with its exit code. */
  ended(): Promise<number> {
    return this.#ended;
  }

  #look(): void {
    for (const look of this.#waiting.splice(0)) look();
  }
}
