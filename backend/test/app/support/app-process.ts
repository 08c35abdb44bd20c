import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../../../src/redis/testing/index.js';
import { HttpClient } from './http-client.js';

type Environment = Readonly<Record<string, string | undefined>>;

const ROOT = join(__dirname, '../../../..');
// Not in the folder of `npm run build:app`, which somebody may be using, nor in that of a spec that runs beside this one.
const BUILT = join(ROOT, `dist/e2e-app-${String(process.pid)}`);

/** Builds the application as it is shipped. Returns a function that removes the build. */
export function buildApp(): () => void {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  rmSync(BUILT, { recursive: true, force: true });
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', BUILT], {
    cwd: ROOT,
    stdio: 'pipe',
  });
  return () => {
    rmSync(BUILT, { recursive: true, force: true });
  };
}

/** The sample backend as a process of its own. */
export class AppProcess {
  #output = '';
  readonly #process: ChildProcess;
  readonly #exit: Promise<number | null>;

  constructor(environment: Environment) {
    const own = Object.entries(process.env).filter(
      ([name]) => !/^(REDIS_|NODE_OPTIONS)/.test(name),
    );
    this.#process = spawn(process.execPath, [join(BUILT, 'main.js')], {
      env: { ...Object.fromEntries(own), PORT: '0', LOG_LEVEL: 'debug', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (data: Buffer) => (this.#output += data.toString()));
    }
    this.#exit = once(this.#process, 'close').then(([code]) => code as number | null);
  }

  /** Its number. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Everything it has written. */
  get output(): string {
    return this.#output;
  }

  /** Resolves when it listens. */
  async whenListening(): Promise<HttpClient> {
    const url = await waitUntil(() => /"url":"([^"]+)"/.exec(this.#output)?.[1], {
      timeoutMs: 40_000,
      what: 'the application to listen',
      explain: () => this.#output.split('\n').slice(-10),
    });
    return new HttpClient(url);
  }

  /** Sends it a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Resolves with its exit code when it has ended, however it came to that. */
  whenEnded(): Promise<number | null> {
    return this.#exit;
  }

  /** Ends it, if it has not ended. */
  async stop(): Promise<number | null> {
    if (this.#process.exitCode === null) this.#process.kill('SIGTERM');
    return this.#exit;
  }
}
