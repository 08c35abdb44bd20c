import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { canListen } from '../../redis/lab/index.js';
import type { Clock } from '../../redis/base/timing/index.js';
import { CliError } from '../frame/index.js';
import {
  connectionIn,
  DEFAULT_FOLDER,
  isReached,
  reach,
  readInfo,
  UP,
  type ReachOptions,
} from '../reach/index.js';
import {
  inShell,
  lastWords,
  planOf,
  startCommand,
  portTaken,
  startProcess,
  untilGone,
  untilGoneCommand,
} from './local-server.js';
import {
  passwordFile,
  readState,
  writeState,
  type LocalNode,
  type LocalState,
} from './local-state.js';
import { markOf, signalTo, stateOf, type ProcessMark, type ProcessState } from './process-mark.js';

const HOST = '127.0.0.1';
const ANSWERS_WITHIN_MS = 10_000;
const LOOK_DEADLINE_MS = 1_000;
const LOOK_EVERY_MS = 20;

/** A cluster of processes on this machine, by the folder in which it was started. */
export class LocalCluster {
  /** Its absolute path. */
  readonly folder: string;
  readonly #clock: Clock;
  #state: LocalState;

  constructor(folder: string, state: LocalState, clock: Clock) {
    this.folder = resolve(folder);
    this.#state = state;
    this.#clock = clock;
  }

  /** The cluster of a folder, with what of it was started and is not written down; `null` where there is none. */
  static async find(folder: string, clock: Clock): Promise<LocalCluster | null> {
    const state = readState(folder);
    if (state === null) return null;
    const cluster = new LocalCluster(folder, state, clock);
    await cluster.#findUnwritten();
    return cluster;
  }

  get state(): LocalState {
    return this.#state;
  }

  get nodes(): readonly LocalNode[] {
    return this.#state.nodes;
  }

  /** What a process of it does. */
  stateOf({ mark }: LocalNode): ProcessState {
    return mark === null ? 'gone' : stateOf(mark);
  }

  /** Whether anything of it runs, or is frozen. */
  get isAlive(): boolean {
    return this.nodes.some((node) => this.stateOf(node) !== 'gone');
  }

  /** The variables of an application that uses it. No password is among them, but where it stands. */
  get variables(): Record<string, string> {
    const sentinels = this.nodes.filter(({ isSentinel }) => isSentinel);
    return {
      REDIS_SENTINEL_ENABLED: 'true',
      REDIS_SENTINEL_MASTER_NAME: this.#state.masterName,
      REDIS_SENTINELS: sentinels.map(({ port }) => `${HOST}:${String(port)}`).join(','),
      REDIS_PASSWORD_FILE: passwordFile(this.folder),
    };
  }

  /** How it is reached. */
  get options(): ReachOptions {
    return connectionIn(this.variables);
  }

  /** The node of this port. @throws {@link CliError} where there is none */
  nodeAt(port: number): LocalNode {
    const node = this.nodes.find((one) => one.port === port);
    if (node !== undefined) return node;
    throw new CliError(
      `No node of ${this.folder} has the port ${String(port)}`,
      'See nestjs-redis-ha cluster status',
    );
  }

  /** Starts a node that does not run; resolves when it answers. It is written down before that. */
  async start({ port }: LocalNode): Promise<void> {
    const node = this.nodeAt(port);
    if (this.stateOf(node) !== 'gone') return;
    const plan = planOf(this.folder, node, this.#state.serverPath);
    const until = this.#clock.now() + ANSWERS_WITHIN_MS;
    await this.#untilPortIsFree(node, until);
    const mark = await startProcess(node.name, plan);
    this.#write(node, mark);
    while ((await this.#processAt(node)) !== mark.pid) {
      if (stateOf(mark) === 'gone' || this.#clock.now() > until) {
        throw new CliError(
          `${node.name} does not answer on port ${String(port)}${lastWords(plan)}`,
          'See whether the port is free, and whether the server can be run by hand',
        );
      }
      await this.#clock.sleep(LOOK_EVERY_MS);
    }
  }

  // The threads of a process end one by one. Killed, it is gone for the system while the last ones still hold its port.
  async #untilPortIsFree({ name, port }: LocalNode, until: number): Promise<void> {
    while (!(await canListen(port))) {
      if (this.#clock.now() > until) throw portTaken(name, port);
      await this.#clock.sleep(LOOK_EVERY_MS);
    }
  }

  /** Kills a process of it as a crash would; resolves when it is gone. */
  async kill({ port }: LocalNode): Promise<void> {
    const { name, mark } = this.nodeAt(port);
    if (mark !== null && signalTo(mark, 'SIGKILL')) await untilGone(name, mark, this.#clock);
  }

  /** Stops a process without ending it. */
  freeze({ port }: LocalNode): void {
    const { mark } = this.nodeAt(port);
    if (mark !== null) signalTo(mark, 'SIGSTOP');
  }

  /** Lets a process that was stopped go on. */
  thaw({ port }: LocalNode): void {
    const { mark } = this.nodeAt(port);
    if (mark !== null) signalTo(mark, 'SIGCONT');
  }

  /** What is typed to start what is gone of it. */
  get upCommand(): string {
    return upCommandOf(this.folder);
  }

  /** What a shell starts a node with that was killed. */
  commandToStart(node: LocalNode): string {
    const start = startCommand(planOf(this.folder, node, this.#state.serverPath));
    return node.mark === null ? start : `${untilGoneCommand(node.mark)}; ${start}`;
  }

  // Whoever started it may have been killed before it could write it down. A server that has our password and our file is ours.
  async #findUnwritten(): Promise<void> {
    const lost = this.nodes.filter((node) => this.stateOf(node) === 'gone');
    if (!existsSync(passwordFile(this.folder))) return;
    await Promise.all(
      lost.map(async (node) => {
        const pid = await this.#processAt(node);
        const mark = pid === null ? null : markOf(pid);
        if (mark !== null) this.#write(node, mark);
      }),
    );
  }

  /** The process that answers on the port of a node, if it is that node; `null` otherwise. */
  async #processAt(node: LocalNode): Promise<number | null> {
    const { options } = this;
    const server = await reach({
      address: { host: HOST, port: node.port },
      access: node.isSentinel && options.mode === 'sentinel' ? options.sentinel : options.node,
      whose: node.isSentinel ? 'sentinel' : 'node',
      deadlineMs: LOOK_DEADLINE_MS,
    });
    if (!isReached(server)) return null;
    const answer = await server.tryAsk('info', 'server');
    server.close();
    const info = readInfo(answer.ok ? String(answer.value) : '');
    const { configPath } = planOf(this.folder, node, this.#state.serverPath);
    return info.get('config_file') === configPath ? Number(info.get('process_id')) : null;
  }

  #write(written: LocalNode, mark: ProcessMark): void {
    const nodes = this.nodes.map((node) => (node.port === written.port ? { ...node, mark } : node));
    this.#state = { ...this.#state, nodes };
    writeState(this.folder, this.#state);
  }
}

/** What is typed to start the cluster of a folder, or what is gone of it. */
export function upCommandOf(folder: string): string {
  return folder === resolve(DEFAULT_FOLDER) ? UP : `${UP} --folder ${inShell(folder)}`;
}
