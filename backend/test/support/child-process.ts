import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { transformSync, type Options } from '@swc/core';
import type { ChildPlan, ChildReport } from './child-app.js';

const BACKEND = resolve(__dirname, '..', '..');
const ENTRY = join('test', 'support', 'child-app.js');
const STEP_TIMEOUT_MS = 30_000;

const COMPILER: Options = {
  swcrc: false,
  module: { type: 'commonjs' },
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
};

/** The library and `child-app.ts` as JavaScript that Node runs by itself, in a directory of its own. */
export class CompiledChild {
  readonly #directory = mkdtempSync(join(tmpdir(), 'redis-ha-child-'));

  constructor() {
    const sources = filesBelow(join(BACKEND, 'src', 'redis'));
    for (const source of [...sources, join(BACKEND, 'test', 'support', 'child-app.ts')]) {
      const target = join(this.#directory, relative(BACKEND, source)).replace(/\.ts$/, '.js');
      mkdirSync(dirname(target), { recursive: true });
      const options = { ...COMPILER, filename: source };
      writeFileSync(target, transformSync(readFileSync(source, 'utf8'), options).code);
    }
  }

  /** Starts an application that follows the plan. */
  start(plan: ChildPlan): AppProcess {
    return new AppProcess(join(this.#directory, ENTRY), plan);
  }

  /** Removes the files. */
  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** A Nest application in a process of its own, which does not end itself: it ends when nothing keeps it alive. */
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

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /(?<!spec)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes(join('redis', 'testing')));
}
