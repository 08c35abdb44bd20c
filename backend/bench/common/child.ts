import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { END, type AnswerMessage } from './child-messages.js';
import { within } from './clock.js';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

const END_MS = 3000;
/** How much of what a child wrote is shown when it ends unexpectedly. */
const COMPLAINTS = 2000;

/** A process of its own, so that what happens in it disturbs nobody else. */
export class Child {
  private readonly waiting = new Map<number, Waiting>();
  private readonly exited: Promise<void>;
  private complaints = '';
  private nextId = 1;

  private constructor(
    private readonly name: string,
    private readonly process: ChildProcess,
  ) {
    this.exited = new Promise((resolve) => {
      process.once('exit', () => {
        resolve();
      });
    });
    process.stderr?.on('data', (text: Buffer) => {
      this.complaints = (this.complaints + text.toString()).slice(-COMPLAINTS);
    });
    process.on('message', (message) => {
      this.settle(message as AnswerMessage);
    });
    process.once('exit', (code, signal) => {
      const reason = `the process of ${name} ended: ${String(signal ?? code)}\n${this.complaints}`;
      for (const { reject } of this.waiting.values()) reject(new Error(reason));
      this.waiting.clear();
    });
  }

  /** Starts the module in a process; `name` is for people. */
  static start(name: string, module: URL, nodeOptions: readonly string[] = []): Child {
    const process = fork(fileURLToPath(module), {
      serialization: 'advanced',
      execArgv: ['--enable-source-maps', '--no-warnings', ...nodeOptions],
      // Some drivers write a stack trace for every attempt that fails.
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    return new Child(name, process);
  }

  /** Its process; undefined when it could not be started. */
  get pid(): number | undefined {
    return this.process.pid;
  }

  /** Runs a method in the child. */
  call<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    const id = this.nextId++;
    return new Promise<T>((resolve, reject) => {
      if (!this.process.connected) {
        reject(new Error(`${this.name} has no connection any more`));
        return;
      }
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.process.send({ id, method, args });
    });
  }

  /** Lets the process end. Returns whether it did so by itself, without anything left that keeps it alive. */
  async end(): Promise<boolean> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return true;
    if (this.process.connected) this.process.send({ id: 0, method: END, args: [] });
    const endedItself = await within(
      END_MS,
      this.exited.then(() => true),
      false,
    );
    if (!endedItself) this.process.kill('SIGKILL');
    await this.exited;
    return endedItself;
  }

  private settle({ id, value, error }: AnswerMessage): void {
    const call = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) call?.resolve(value);
    else call?.reject(new Error(`${this.name}: ${error}`));
  }
}
