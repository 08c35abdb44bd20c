import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { waitUntil } from '../../src/redis/testing/time/wait-until.js';
import type { PodNetwork, PodPlace } from './pod-network.js';

/** What a pod is, however often it is started anew. */
export interface PodPlan {
  readonly name: string;
  readonly kind: 'redis' | 'sentinel';
  /** The scripts of `deploy/redis`. */
  readonly scripts: string;
  readonly directory: string;
  /** Whether its data outlives it. */
  readonly hasVolume: boolean;
  readonly environment: Readonly<Record<string, string>>;
}

const SCRIPTS = { redis: 'redis-node.sh', sentinel: 'sentinel-node.sh' };
const GRACE_MS = 25_000;

/** One container: a node script as process 1 of a pid namespace, with a network, a host name and mounts of its own. */
export class Container {
  /** What the script said, line by line. */
  readonly lines: string[] = [];
  readonly place: PodPlace;
  readonly #plan: PodPlan;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(plan: PodPlan, place: PodPlace) {
    this.#plan = plan;
    this.place = place;
    const data = join(plan.directory, plan.hasVolume ? plan.name : `${plan.name}-${place.id}`);
    if (!plan.hasVolume) rmSync(data, { recursive: true, force: true });
    mkdirSync(join(data, 'tmp'), { recursive: true });
    this.#environment = {
      PATH: process.env['PATH'] ?? '',
      REDIS_ANNOUNCE_HOST: plan.name,
      DATA_DIR: data,
      TMPDIR: join(data, 'tmp'),
      STAY_ROOT: 'yes',
      ...plan.environment,
    };
    const script = join(resolve(plan.scripts), SCRIPTS[plan.kind]);
    const boot = `hostname ${plan.name.split('.')[0]!}; exec /bin/sh ${script}`;
    const inside = ['--mount', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc'];
    this.#child = spawn(
      'nsenter',
      [`--net=/run/netns/${place.id}`, 'unshare', ...inside, '/bin/sh', '-c', boot],
      { env: this.#environment, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#ended = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.lines.push(...text.split('\n').filter((line) => line !== ''));
      });
    }
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** SIGTERM to process 1, and SIGKILL when it takes longer than it is granted. */
  async stop(): Promise<void> {
    const pid = await this.#processOne();
    const timer = setTimeout(() => process.kill(pid, 'SIGKILL'), GRACE_MS);
    process.kill(pid, 'SIGTERM');
    await this.#ended;
    clearTimeout(timer);
  }

  /** SIGKILL: nothing of it goes on. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    process.kill(await this.#processOne(), 'SIGKILL');
    await this.#ended;
  }

  /** Runs one of the scripts in it, as `kubectl exec` does. */
  exec(script: string, ...args: string[]): Promise<{ code: number; text: string }> {
    return this.#shell(join(resolve(this.#plan.scripts), script), ...args);
  }

  /** Runs a command of the shell in it. */
  sh(command: string): Promise<{ code: number; text: string }> {
    return this.#shell('-c', command);
  }

  async #shell(...args: string[]): Promise<{ code: number; text: string }> {
    const pid = String(await this.#processOne());
    const words = ['-t', pid, '-m', '-u', '-n', '-p', '/bin/sh', ...args];
    const options = { env: this.#environment, encoding: 'utf8' } as const;
    return new Promise((done) => {
      execFile('nsenter', words, options, (error, stdout, stderr) => {
        done({ code: error === null ? 0 : Number(error.code ?? 1), text: stdout + stderr });
      });
    });
  }

  // The child of `unshare`.
  #processOne(): Promise<number> {
    const pid = String(this.#child.pid);
    return waitUntil(() => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')), {
      what: `${this.#plan.name} has a process 1`,
      explain: () => this.lines,
    });
  }
}

/** A pod: its name stays, its containers and their addresses do not. */
export class Pod {
  readonly name: string;
  readonly kind: PodPlan['kind'];
  readonly #plan: PodPlan;
  readonly #network: PodNetwork;
  readonly #containers: Container[] = [];

  constructor(plan: PodPlan, network: PodNetwork) {
    this.name = plan.name;
    this.kind = plan.kind;
    this.#plan = plan;
    this.#network = network;
  }

  /** The one that was started last. */
  get container(): Container {
    const last = this.#containers.at(-1);
    if (last === undefined) throw new TypeError(`${this.name} was not started yet`);
    return last;
  }

  /** What the scripts of all its containers said. */
  get lines(): readonly string[] {
    return this.#containers.flatMap(({ lines }) => lines);
  }

  /** A container with a new address, which the name means from now on. */
  start(): Container {
    const place = this.#network.attach();
    const container = new Container(this.#plan, place);
    this.#containers.push(container);
    this.#network.name(this.name, place);
    return container;
  }

  /** A planned end: the name goes with the container. */
  async stop(container: Container = this.container): Promise<void> {
    await container.stop();
    if (container === this.container) this.#network.name(this.name, null);
    this.#network.leave(container.place);
  }

  /** Its machine is gone: no packet says so, and the name still means the old address. */
  async loseHost(): Promise<void> {
    this.#network.cut(this.container.place);
    await this.container.kill();
  }

  /** Whether the container is ready, by the health check that Kubernetes runs; and what it says. */
  async readiness(): Promise<{ isReady: boolean; says: string }> {
    if (!this.container.isRunning) return { isReady: false, says: 'it has ended' };
    const { code, text } = await this.container.exec('healthcheck.sh', this.kind);
    return { isReady: code === 0, says: text.trim() };
  }

  async untilReady(timeoutMs = 60_000): Promise<void> {
    let last = '';
    await waitUntil(
      async () => {
        const { isReady, says } = await this.readiness();
        last = says;
        return isReady;
      },
      {
        what: `${this.name} is ready`,
        timeoutMs,
        everyMs: 300,
        explain: () => [last, ...this.container.lines.slice(-15)],
      },
    );
  }
}
