import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterReport } from '../../src/cli/cluster/cluster-shape.js';
import type { DrillDocument } from '../../src/cli/drill/draw-drill.js';
import { markOf, stateOf, type ProcessState } from '../../src/cli/local/process-mark.js';
import { RespClient, type RespValue, waitUntil } from '../../src/redis/testing/index.js';
import { CliProgram, type CliRun, documentOf } from './cli-child.js';
import type { CommandProcess } from './command-process.js';
import { compileProgram } from './compile-program.js';
import type { CounterReport } from './write-counter.js';

/** What every key of a drill begins with. */
export const PREFIX = 'nestjs-redis-ha:drill:';

/** A node of the cluster, asked without the program. */
export interface RigNode {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly isSentinel: boolean;
}

/** A cluster that the program started, and a counter that is a process of its own. */
export class DrillRig {
  readonly program = new CliProgram();
  readonly cwd = mkdtempSync(join(tmpdir(), 'drill-rig-'));
  readonly #counter = compileProgram('write-counter.ts');
  readonly #running: CommandProcess[] = [];

  /** Starts the cluster. */
  static async start(...args: readonly string[]): Promise<DrillRig> {
    const rig = new DrillRig();
    const { code, told } = await rig.run('cluster', 'up', ...args);
    if (code !== 0) throw new Error(told);
    return rig;
  }

  run(...args: readonly string[]): Promise<CliRun> {
    return this.program.run({ cwd: this.cwd }, ...args);
  }

  /** Starts the program; {@link endAll} ends what still runs. */
  start(...args: readonly string[]): CommandProcess {
    const running = this.program.start({ cwd: this.cwd }, ...args);
    this.#running.push(running);
    return running;
  }

  /** Ends what a test that failed has left running: it puts back what it has broken. */
  async endAll(): Promise<void> {
    for (const running of this.#running.splice(0)) {
      running.signal('SIGINT');
      await running.ended();
    }
  }

  /** Lets a drill run to its end, while the counter counts at the servers. */
  async counted(begin: () => CommandProcess): Promise<{
    readonly document: DrillDocument;
    readonly counted: CounterReport;
    readonly code: number;
  }> {
    const count = await this.#count();
    const running = begin();
    const document = await documentOf<DrillDocument>(running, 'drill');
    return { document, counted: await count(), code: await running.ended() };
  }

  get password(): string {
    return readFileSync(join(this.cwd, '.nestjs-redis-ha', 'password'), 'utf8').trim();
  }

  /** The nodes as they are written down. */
  get nodes(): RigNode[] {
    const text = readFileSync(join(this.cwd, '.nestjs-redis-ha', 'cluster.json'), 'utf8');
    const { nodes } = JSON.parse(text) as {
      nodes: { name: string; port: number; isSentinel: boolean; mark: { pid: number } }[];
    };
    return nodes.map(({ name, port, isSentinel, mark }) => ({
      name,
      port,
      isSentinel,
      pid: mark.pid,
    }));
  }

  /** Where the primary is, as the program sees it. */
  async primary(): Promise<RigNode> {
    const report = await documentOf<ClusterReport>(
      this.start('cluster', 'status', '--json'),
      'cluster',
    );
    const name = report.nodes.find(({ role }) => role === 'primary')?.name;
    return this.nodes.find((node) => node.name === name)!;
  }

  /** Asks a node, over a socket of its own. */
  async ask(port: number, ...command: string[]): Promise<RespValue> {
    const address = { host: '127.0.0.1', port };
    const client = await RespClient.connect(address, { password: this.password });
    try {
      return await client.command(command);
    } finally {
      client.close();
    }
  }

  /** The keys of drills that are on the primary. */
  async keysLeft(): Promise<readonly string[]> {
    const { port } = await this.primary();
    const words = ['SCAN', '0', 'COUNT', '100000', 'MATCH', `${PREFIX}*`];
    const [, keys] = (await this.ask(port, ...words)) as [string, string[]];
    return keys;
  }

  /** What the process of this name does now. */
  stateOf(name: string): ProcessState {
    const mark = markOf(this.nodes.find((node) => node.name === name)!.pid);
    return mark === null ? 'gone' : stateOf(mark);
  }

  /** What says where the cluster is, to a program that does not know its folder. */
  get asElsewhere(): readonly string[] {
    const sentinels = this.nodes.filter(({ isSentinel }) => isSentinel);
    return [
      ...['--sentinels', sentinels.map(({ port }) => `127.0.0.1:${String(port)}`).join(',')],
      ...['--password-file', join(this.cwd, '.nestjs-redis-ha', 'password')],
    ];
  }

  /** Fails where somebody left something broken. */
  async requireWhole(): Promise<void> {
    const { code, out } = await this.run('cluster', 'status');
    if (code !== 0) throw new Error(`the cluster is not whole:\n${out}`);
  }

  async untilWhole(): Promise<void> {
    await waitUntil(async () => (await this.run('cluster', 'status')).code === 0, {
      what: 'the cluster is whole again',
      timeoutMs: 60_000,
      everyMs: 250,
    });
  }

  async stop(): Promise<void> {
    const { code } = await this.run('cluster', 'down');
    this.program.remove();
    rmSync(this.#counter.directory, { recursive: true, force: true });
    rmSync(this.cwd, { recursive: true, force: true });
    if (code !== 0) throw new Error('cluster down failed');
  }

  async #count(): Promise<() => Promise<CounterReport>> {
    const ports = this.nodes.filter(({ isSentinel }) => !isSentinel).map(({ port }) => port);
    const plan = { ports, password: this.password, prefix: PREFIX };
    const child = spawn(process.execPath, [this.#counter.entry, JSON.stringify(plan)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let said = '';
    const listening = new Promise<void>((done) => {
      child.stdout.on('data', (text: Buffer) => {
        said += text.toString();
        if (said.startsWith('LISTENING')) done();
      });
    });
    const ended = new Promise<void>((done) => child.once('close', () => done()));
    await listening;
    return async () => {
      child.stdin.end();
      await ended;
      return JSON.parse(said.slice('LISTENING\n'.length)) as CounterReport;
    };
  }
}
