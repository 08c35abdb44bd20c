import { execFile, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestClusterError } from '../../base/errors/index.js';
import { spawnServer } from '../../lab/index.js';
import { type ProcessKeeper } from './process-keeper.js';
import { waitUntil } from '../time/wait-until.js';

/** What a Redis or Sentinel process needs to start. */
export interface RedisProcessPlan {
  /** Shown in errors. */
  readonly name: string;
  /** Path or name of the executable. */
  readonly serverPath: string;
  /** Start it as a Sentinel. */
  readonly isSentinel: boolean;
  /** Its own directory; made when it does not exist. */
  readonly directory: string;
  /** The configuration, written once: later Redis keeps it up to date itself. */
  readonly config: string;
  readonly keeper: ProcessKeeper;
}

const STOP_TIMEOUT_MS = 15_000;
const LOG_LINES_IN_ERRORS = 15;
const PORT_IS_TAKEN = /Address already in use|Could not create server TCP listening socket/;

/** One operating system process, with its directory, its log and its signals. */
export class RedisProcess {
  private child: ChildProcess | null = null;
  private spawnError: NodeJS.ErrnoException | null = null;
  private frozen = false;

  constructor(readonly plan: RedisProcessPlan) {
    mkdirSync(plan.directory, { recursive: true });
    writeFileSync(this.configPath, plan.config);
  }

  /** The process, while it runs. */
  get pid(): number | undefined {
    return this.isRunning ? this.child?.pid : undefined;
  }

  get isRunning(): boolean {
    const { child } = this;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  get isFrozen(): boolean {
    return this.isRunning && this.frozen;
  }

  /** Whether it could not listen because somebody else has its port. */
  get hitTakenPort(): boolean {
    return !this.isRunning && PORT_IS_TAKEN.test(this.lastLogLines(LOG_LINES_IN_ERRORS).join('\n'));
  }

  /** Starts the process; resolves when it runs, which is before it listens. */
  async spawn(): Promise<void> {
    const { plan } = this;
    const { configPath, logPath } = this;
    const child = spawnServer({ ...plan, configPath, logPath });
    this.child = child;
    this.frozen = false;
    this.spawnError = null;
    child.unref();
    await new Promise<void>((resolve) => {
      child.once('spawn', resolve);
      child.once('error', (error) => {
        this.spawnError = error;
        resolve();
      });
    });
    const { pid } = child;
    if (pid === undefined) throw this.cannotStart();
    plan.keeper.keep(pid);
    child.once('exit', () => {
      plan.keeper.release(pid);
    });
  }

  /** Sends the signal and resolves when the process is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const { child } = this;
    if (child === null || !this.isRunning) return;
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => {
        resolve();
      });
    });
    // While its end is awaited, the process must keep the event loop running.
    child.ref();
    child.kill(signal);
    // A stopped process gets SIGTERM only when it continues.
    if (signal === 'SIGTERM' && this.frozen) child.kill('SIGCONT');
    const inTime = await settlesWithin(ended, STOP_TIMEOUT_MS);
    this.frozen = false;
    if (!inTime) {
      throw this.failure(
        `${this.plan.name} did not end within ${String(STOP_TIMEOUT_MS)} ms of ${signal}`,
      );
    }
  }

  /** Stops the process without ending it; resolves when it is stopped. */
  async freeze(): Promise<void> {
    const pid = this.signal('SIGSTOP');
    this.frozen = true;
    await waitUntil(async () => (await processState(pid)).startsWith('T'), {
      what: `${this.plan.name} (process ${String(pid)}) stands still`,
      everyMs: 5,
      timeoutMs: 2000,
    });
  }

  /** Lets a stopped process continue. */
  thaw(): void {
    this.signal('SIGCONT');
    this.frozen = false;
  }

  /** Returns the last lines that the process wrote. */
  lastLogLines(count: number): readonly string[] {
    if (!existsSync(this.logPath)) return [];
    return readFileSync(this.logPath, 'utf8').trimEnd().split('\n').slice(-count);
  }

  /** An error that shows the end of the log. */
  failure(message: string, cause?: unknown): TestClusterError {
    const lines = this.lastLogLines(LOG_LINES_IN_ERRORS);
    const log =
      lines.length === 0 ? 'It wrote nothing.' : `Its last lines:\n  ${lines.join('\n  ')}`;
    return new TestClusterError(`${message}. ${log}`, { node: this.plan.name }, { cause });
  }

  private get configPath(): string {
    return join(this.plan.directory, this.plan.isSentinel ? 'sentinel.conf' : 'redis.conf');
  }

  private get logPath(): string {
    return join(this.plan.directory, 'log');
  }

  private signal(signal: 'SIGSTOP' | 'SIGCONT'): number {
    const { pid } = this;
    if (pid === undefined) {
      throw new TestClusterError(
        `${this.plan.name} is not running, so it cannot be sent ${signal}. Call restart() first.`,
      );
    }
    process.kill(pid, signal);
    return pid;
  }

  private cannotStart(): TestClusterError {
    const { serverPath, name } = this.plan;
    const missing = this.spawnError?.code === 'ENOENT';
    const message = missing
      ? `Cannot start ${name}: there is no '${serverPath}'. Install Redis 7 or later (apt-get install redis-server, ` +
        'or brew install redis), or say where it is with the option redisServerPath.'
      : `Cannot start ${name} with '${serverPath}': ${this.spawnError?.message ?? 'unknown reason'}. ` +
        'Check the option redisServerPath and the rights of the file.';
    return new TestClusterError(message, { serverPath }, { cause: this.spawnError });
  }
}

async function settlesWithin(work: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, ms);
  });
  const inTime = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}

function processState(pid: number): Promise<string> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'stat=', '-p', String(pid)], (error, stdout) => {
      resolve(error === null ? stdout.trim() : '');
    });
  });
}
