import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimPort, type PortClaim } from '../../src/redis/lab/index.js';
import { RespClient, waitUntil, type RespValue } from '../../src/redis/testing/index.js';
import { textOfValue } from '../../src/redis/testing/net/resp-codec.js';
import { now } from '../common/clock.js';

/** What a script runs with, besides what is its own. */
export type Environment = Readonly<Record<string, string>>;

/** One line that a script wrote. */
export interface ScriptLine {
  readonly at: number;
  readonly text: string;
}

// Nothing outlives the process that started it, however it ends, but for SIGKILL. Scripts cannot do that themselves: who
// writes to a closed pipe ends, and leaves its server behind.
const servers = new Map<ChildProcess, number>();
process.on('exit', () => {
  for (const [child, pid] of servers) {
    child.kill('SIGKILL');
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
});

/** One script of `deploy/redis` with the server that it runs, as a process of this machine. */
export class ScriptProcess {
  /** Everything it wrote since it was last started. */
  lines: ScriptLine[] = [];
  readonly port: number;
  readonly #claim: PortClaim;
  readonly #directory = mkdtempSync(join(tmpdir(), 'handover-'));
  readonly #script: string;
  readonly #password: string;
  #child: ChildProcess | null = null;

  private constructor(claim: PortClaim, script: string, password: string) {
    this.port = claim.port;
    this.#claim = claim;
    this.#script = script;
    this.#password = password;
  }

  /** Keeps a port for it; nothing is started yet. */
  static async prepare(script: string, password: string): Promise<ScriptProcess> {
    return new ScriptProcess(await claimPort(), script, password);
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  /** Starts the script; resolves when its server answers. */
  async start(environment: Environment): Promise<void> {
    const child = spawn('/bin/sh', [this.#script], {
      env: {
        PATH: process.env['PATH'] ?? '',
        ...environment,
        DATA_DIR: this.#directory,
        TMPDIR: this.#directory,
        STAY_ROOT: 'yes',
        LISTEN_PORT: String(this.port),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.once('exit', () => {
      servers.delete(child);
      if (this.#child === child) this.#child = null;
    });
    this.lines = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        const at = now();
        this.lines.push(...text.split('\n').map((line) => ({ at, text: line })));
      });
    }
    await waitUntil(() => this.command('PING'), {
      what: `the script answers on port ${String(this.port)}`,
      timeoutMs: 20_000,
      explain: () => this.lines.map(({ text }) => text),
    });
    servers.set(child, await this.#serverPid());
  }

  /** Sends SIGTERM to the script, as `docker stop` does; resolves when it has ended. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** Ends the script at once. Of a Sentinel that is the server itself. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Sends a signal to the server that the script runs. */
  async signalServer(signal: NodeJS.Signals, pid?: number): Promise<number> {
    const server = pid ?? (await this.#serverPid());
    process.kill(server, signal);
    return server;
  }

  /** Sends one command over a connection of its own. */
  async command(...args: string[]): Promise<RespValue> {
    const address = { host: '127.0.0.1', port: this.port };
    const client = await RespClient.connect(address, { password: this.#password });
    try {
      return await client.command(args);
    } finally {
      client.close();
    }
  }

  /** Fields of an answer of `INFO`. */
  async info(section: string): Promise<ReadonlyMap<string, string>> {
    const text = textOfValue(await this.command('INFO', section));
    return new Map(
      text.split('\r\n').map((line) => {
        const at = line.indexOf(':');
        return [line.slice(0, at), line.slice(at + 1)] as const;
      }),
    );
  }

  /** When it wrote the first line like this; `null` when it did not. */
  wroteAt(pattern: RegExp): number | null {
    return this.lines.find(({ text }) => pattern.test(text))?.at ?? null;
  }

  /** Ends it, removes its files and gives its port back. */
  async dispose(): Promise<void> {
    if (this.isRunning) {
      await this.signalServer('SIGKILL').catch(() => 0);
      await this.kill();
    }
    rmSync(this.#directory, { recursive: true, force: true });
    this.#claim.release();
  }

  async #serverPid(): Promise<number> {
    return Number((await this.info('server')).get('process_id'));
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}
