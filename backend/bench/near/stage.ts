import {
  startRedisCluster,
  type RedisTestCluster,
  type RedisTestNode,
} from '../../src/redis/testing/index.js';
import { now, sleep } from '../common/clock.js';
import { placeOf } from '../common/place.js';
import type { Flush, SilentTime } from './judge.js';
import type {
  NearCounts,
  NearKind,
  NearPlan,
  NearReport,
  NearWrite,
  Sighting,
} from './near-plan.js';

/** A process, as its parent has it. */
export interface NearCallee {
  call<T>(method: string, ...args: readonly unknown[]): Promise<T>;
}

/** Starts a process that serves the calls of `near-process.ts`, and kills it. */
export interface NearLauncher<P extends NearCallee> {
  start(name: string): P | Promise<P>;
  kill(process: P): Promise<unknown>;
}

/** How many read and write what. */
export interface NearCast {
  readonly kind: NearKind;
  readonly readers: number;
  readonly writers: number;
  readonly keysOfEach: number;
  /** Whether changes are told. */
  readonly isTold: boolean;
  readonly seed: number;
}

const TAKE_EVERY_MS = 200;
const VERSIONS_OF_A_LIFE = 10_000_000;
const CONFIRM_MS = '2000';
const UNTOLD = 'untold';
/** By when who was started again after a fault has long settled. */
const SWITCH_MS = 60_000;

interface Member<P> {
  readonly plan: Omit<NearPlan, 'firstVersion'>;
  lives: number;
  process: P | null;
}

/** A cluster, processes that read and write the same keys, and a record of what they saw. */
export class NearStage<P extends NearCallee = NearCallee> {
  readonly writes: NearWrite[] = [];
  readonly flushes: Flush[] = [];
  readonly silent: SilentTime[] = [];
  readonly counts = { writes: 0, near: 0, far: 0, failed: 0 };
  readonly #sightings = new Map<string, Sighting>();
  readonly #members: Member<P>[] = [];
  #isOver = false;
  #taking: Promise<void> = Promise.resolve();

  private constructor(
    readonly cluster: RedisTestCluster,
    private readonly launcher: NearLauncher<P>,
  ) {}

  /** Resolves when all processes read and write. */
  static async start<P extends NearCallee>(
    launcher: NearLauncher<P>,
    cast: NearCast,
  ): Promise<NearStage<P>> {
    const password = `near-${String(cast.seed)}`;
    const cluster = await startRedisCluster({
      proxied: true,
      password,
      redisConfig: [`user ${UNTOLD} on >${password} ~* &* +@all -publish`],
    });
    const stage = new NearStage(cluster, launcher);
    try {
      stage.#castAll(cast);
      await Promise.all(stage.#members.map((member) => stage.#live(member)));
      stage.#taking = stage.#takeAll();
      return stage;
    } catch (error) {
      await stage.stop();
      throw error;
    }
  }

  /** How many reads were answered so far. */
  get reads(): number {
    return this.counts.near + this.counts.far;
  }

  get sightings(): Sighting[] {
    return [...this.#sightings.values()];
  }

  /** Kills a process of the role, and starts another in its place. */
  async killOne(role: NearPlan['role'], choice: number): Promise<void> {
    const all = this.#members.filter(({ plan }) => plan.role === role);
    const member = all[choice % all.length];
    if (member?.process == null) return;
    const { process } = member;
    member.process = null;
    await this.launcher.kill(process);
    await this.#live(member);
  }

  /** Closes connections of a kind at the primary, as `CLIENT KILL` does. */
  async killConnections(type: 'normal' | 'pubsub'): Promise<void> {
    await this.cluster.primary().command('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
  }

  /** Removes everything, in the replicas as well. */
  async flush(command: 'FLUSHALL' | 'FLUSHDB'): Promise<void> {
    const connection = await this.cluster.primary().connect();
    try {
      const sentAt = now();
      await connection.command([command]);
      const doneAt = now();
      const confirmed = await connection.command(['WAIT', '2', CONFIRM_MS]);
      if (confirmed === 2) this.flushes.push({ sentAt, doneAt });
    } finally {
      connection.close();
    }
  }

  /** Takes the primary away in some way, waits for the next one, and gives the node back. */
  async changePrimary(
    leave: (node: RedisTestNode) => Promise<unknown> | undefined,
    comeBack: (node: RedisTestNode) => unknown,
  ): Promise<void> {
    const node = this.cluster.primary();
    await leave(node);
    await this.cluster.waitForPrimaryOtherThan(node, SWITCH_MS);
    await comeBack(node);
    await this.cluster.waitForReady(SWITCH_MS);
  }

  /** Nothing is heard on connections that end in this time, and nobody is told so. */
  async silence(work: () => Promise<void>): Promise<void> {
    const from = now();
    await work();
    this.silent.push({ from, to: now() });
  }

  /** Hears all that was done, and closes everything. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#taking;
    await Promise.all(this.#members.map((member) => this.#take(member)));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#taking;
    await Promise.allSettled(
      this.#members.map(({ process }) => process !== null && this.launcher.kill(process)),
    );
    await this.cluster.stop();
  }

  #castAll({ kind, readers, writers, keysOfEach, isTold, seed }: NearCast): void {
    const direct = placeOf(this.cluster);
    const proxied = placeOf(
      this.cluster,
      this.cluster.nodes().filter((node) => !this.cluster.sentinels().includes(node)),
    );
    const keysOf = (writer: number): string[] =>
      Array.from({ length: keysOfEach }, (_, i) => `k${String(writer)}:${String(i)}`);
    const username = isTold ? null : UNTOLD;
    for (let i = 0; i < writers; i++) {
      const name = `writer-${String(i)}`;
      const plan = { name, kind, place: direct, username, keys: keysOf(i), seed: seed + i };
      this.#members.push({ plan: { ...plan, role: 'writer' }, lives: 0, process: null });
    }
    const all = Array.from({ length: writers }, (_, i) => keysOf(i)).flat();
    for (let i = 0; i < readers; i++) {
      const name = `reader-${String(i)}`;
      const plan = { name, kind, place: proxied, username: null, keys: all, seed: seed + 1000 + i };
      this.#members.push({ plan: { ...plan, role: 'reader' }, lives: 0, process: null });
    }
  }

  async #live(member: Member<P>): Promise<void> {
    const process = await this.launcher.start(member.plan.name);
    const firstVersion = member.lives++ * VERSIONS_OF_A_LIFE;
    await process.call('open', { ...member.plan, firstVersion } satisfies NearPlan);
    member.process = process;
  }

  async #takeAll(): Promise<void> {
    while (!this.#isOver) {
      await sleep(TAKE_EVERY_MS);
      await Promise.all(this.#members.map((member) => this.#take(member)));
    }
  }

  // What a process that is killed has not told is not known.
  async #take({ process }: Member<P>): Promise<void> {
    const report = await process?.call<NearReport>('take').catch(() => null);
    if (report === null || report === undefined) return;
    for (const one of report.writes) this.writes.push(one);
    for (const name of Object.keys(this.counts) as (keyof NearCounts)[]) {
      this.counts[name] += report.counts[name];
    }
    for (const one of report.sightings) {
      const id = `${one.key} ${String(one.version)}`;
      const known = this.#sightings.get(id);
      const nearAt = Math.max(one.nearAt, known?.nearAt ?? 0);
      const farAt = Math.max(one.farAt, known?.farAt ?? 0);
      this.#sightings.set(id, { ...one, nearAt, farAt });
    }
  }
}
