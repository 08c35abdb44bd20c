import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { BACKEND, compileCommands } from './compile-program.js';
import { waitUntil } from '../../src/redis/testing/index.js';

/** How the program ended, and what it said. */
export interface CliRun {
  /** `null` where a signal ended it. */
  readonly code: number | null;
  readonly out: string;
  readonly told: string;
}

/** Where and with what it runs. */
export interface CliSurroundings {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The program of the package, compiled: each run is a process of its own. */
export class CliProgram {
  readonly #program = compileCommands();

  get entry(): string {
    return this.#program.entry;
  }

  /** Runs it to its end. */
  run(surroundings: CliSurroundings, ...args: readonly string[]): Promise<CliRun> {
    return this.start(surroundings, ...args).ended;
  }

  /** Runs it to its end with `--json`; resolves with the document. */
  async runJson<T>(surroundings: CliSurroundings, ...args: readonly string[]): Promise<T> {
    const { out, told } = await this.run(surroundings, ...args, '--json');
    try {
      return JSON.parse(out) as T;
    } catch {
      throw new Error(`${args.join(' ')} wrote no JSON:\n${out}\n${told}`);
    }
  }

  /** Starts it. */
  start({ cwd, env }: CliSurroundings, ...args: readonly string[]): RunningCli {
    const child = spawn(process.execPath, [this.#program.entry, ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        NODE_PATH: join(BACKEND, '..', 'node_modules'),
        ...env,
      },
    });
    return new RunningCli(child);
  }

  /** Removes the files. */
  remove(): void {
    rmSync(this.#program.directory, { recursive: true, force: true });
  }
}

/** One run of the program. */
export class RunningCli {
  readonly #child: ChildProcess;
  readonly ended: Promise<CliRun>;
  #out = '';
  #told = '';

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on('data', (text: Buffer) => (this.#out += text.toString()));
    child.stderr?.on('data', (text: Buffer) => (this.#told += text.toString()));
    this.ended = new Promise((done) => {
      child.once('close', (code) => done({ code, out: this.#out, told: this.#told }));
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Waits until it said something. */
  async untilSaid(pattern: RegExp): Promise<void> {
    await waitUntil(() => pattern.test(this.#told) || pattern.test(this.#out), {
      what: `the program says ${String(pattern)}`,
      timeoutMs: 40_000,
      explain: () => [this.#out, this.#told],
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}
