import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ChildPlan, ChildReport } from './child-app.js';
import { BACKEND, compileProgram } from './compile-program.js';

const STEP_TIMEOUT_MS = 30_000;

/** The library and `child-app.ts` as JavaScript that Node can run, in a directory of its own. */
export class CompiledChild {
  readonly #program = compileProgram('child-app.ts');

  /** Starts an application that follows the plan. */
  start(plan: ChildPlan): AppProcess {
    return new AppProcess(this.#program.entry, plan);
  }

  /** Removes the files. */
  remove(): void {
    rmSync(this.#program.directory, { recursive: true, force: true });
  }
}

/** A Nest application in a process of its own. It does not call exit: it ends when nothing keeps it alive. */
export class AppProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<void>;
  #complaints = '';

  constructor(entry: string, plan: ChildPlan) {
    this.#child = spawn(process.execPath, [entry, JSON.stringify(plan)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_PATH: join(BACKEND, '..', 'node_modules') },
    });
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#complaints += text.toString();
    });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
    this.#ended = new Promise((done) => this.#child.once('exit', () => done()));
  }

  /** Resolves when it has booted. */
  async untilReady(): Promise<void> {
    await this.#expect('READY');
  }

  /** Makes it start its work; resolves when that is under way. */
  async work(): Promise<void> {
    this.#child.stdin?.write('work\n');
    await this.#expect('WORKING');
  }

  /** Resolves when every call of its work has an outcome. */
  async untilSettled(): Promise<void> {
    this.#child.stdin?.write('settle\n');
    await this.#expect('SETTLED');
  }

  /** Closes the application; resolves with its report. */
  async close(): Promise<ChildReport> {
    this.#child.stdin?.write('close\n');
    return JSON.parse((await this.#expect('REPORT ')).slice('REPORT '.length)) as ChildReport;
  }

  /** How long after the report the process ended by itself; `null` when it did not and was killed. */
  async untilEnded(withinMs: number): Promise<number | null> {
    const startedAt = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((done) => {
      timer = setTimeout(() => done('late'), withinMs);
    });
    const outcome = await Promise.race([this.#ended, late]);
    clearTimeout(timer);
    if (outcome !== 'late') return performance.now() - startedAt;
    await this.kill();
    return null;
  }

  /** Ends it by force. Harmless when it has ended. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async #expect(prefix: string): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(
          new Error(`The process did not say ${prefix} in time. It wrote:\n${this.#complaints}`),
        );
      }, STEP_TIMEOUT_MS);
    });
    try {
      for (;;) {
        const { value, done } = await Promise.race([this.#lines.next(), late]);
        if (done === true) throw new Error(`The process ended early:\n${this.#complaints}`);
        if (value.startsWith(prefix)) return value;
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
