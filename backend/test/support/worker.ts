import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BACKEND, compileProgram, type CompiledProgram } from './compile-program.js';

const CALL_TIMEOUT_MS = 120_000;

/** One process that answers calls; see `serve-calls.ts` for its side. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #pending = new Map<
    number,
    { resolve(value: unknown): void; reject(error: Error): void }
  >();
  readonly #ended: Promise<void>;
  #complaints = '';
  #calls = 0;

  constructor(entry: string, plan: unknown, inside: readonly string[]) {
    const [command, ...words] = [...inside, process.execPath, entry, JSON.stringify(plan)];
    this.#child = spawn(command, words, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_PATH: join(BACKEND, '..', 'node_modules') },
    });
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#complaints += text.toString();
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#onLine(line));
    this.#ended = new Promise((done) => {
      this.#child.once('exit', () => {
        for (const { reject } of this.#pending.values()) {
          reject(new Error(`the worker ended:\n${this.#complaints}`));
        }
        this.#pending.clear();
        done();
      });
    });
  }

  /** What the process wrote on its error stream. */
  get complaints(): string {
    return this.#complaints;
  }

  /** Runs one of its functions there. Returns the result. */
  call<T>(name: string, ...args: readonly unknown[]): Promise<T> {
    const id = ++this.#calls;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`the worker did not answer ${name}:\n${this.#complaints}`));
      }, CALL_TIMEOUT_MS);
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        this.#pending.delete(id);
        end();
      };
      this.#pending.set(id, {
        resolve: (value) => settle(() => resolve(value as T)),
        reject: (error) => settle(() => reject(error)),
      });
      this.#child.stdin?.write(`${JSON.stringify({ id, name, args })}\n`);
    });
  }

  /** Stops the process without ending it (SIGSTOP). */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  /** Lets it go on (SIGCONT). */
  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  /** Kills the process, as in a crash. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #onLine(line: string): void {
    if (!line.startsWith('{"id":')) return;
    const { id, value, error } = JSON.parse(line) as {
      id: number;
      value?: unknown;
      error?: string;
    };
    if (error === undefined) this.#pending.get(id)?.resolve(value);
    else this.#pending.get(id)?.reject(new Error(error));
  }
}

/** The library and one program of this folder as JavaScript, and the processes that run it. */
export class WorkerPool {
  readonly #program: CompiledProgram;
  readonly #workers: Worker[] = [];

  /**
   * @param program - a file of this folder, such as `cache-worker.ts`
   * @param others - what it imports of this folder besides `serve-calls.ts`
   */
  constructor(program: string, ...others: readonly string[]) {
    this.#program = compileProgram(program, 'serve-calls.ts', ...others);
  }

  /**
   * Starts a process; resolves when it answers.
   *
   * @param inside - a command that runs it, such as `unshare` with its options
   */
  async start(plan: unknown, inside: readonly string[] = []): Promise<Worker> {
    const worker = new Worker(this.#program.entry, plan, inside);
    this.#workers.push(worker);
    await worker.call('ready');
    return worker;
  }

  /** Ends all processes and removes the files. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()));
    rmSync(this.#program.directory, { recursive: true, force: true });
  }
}
