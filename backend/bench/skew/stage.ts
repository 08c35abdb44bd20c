import {
  startRedisCluster,
  startRedisServer,
  type RedisTestCluster,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import type { ClusterPlace } from '../clients/bench-client.js';
import { placeOf } from '../common/place.js';
import type { SkewPlan } from './skewed-process.js';

/** A process, as its parent has it. */
export interface Callee {
  call<T>(method: string, ...args: readonly unknown[]): Promise<T>;
}

/** Starts a process that serves the calls of `skewed-process.ts`, and ends it. */
export interface Launcher<P extends Callee> {
  start(name: string): P | Promise<P>;
  end(process: P): Promise<unknown>;
}

/** By how much the calendars of the processes are ahead of that of Redis. */
export const OFFSETS_MS = [500, -500, 0] as const;

const DOWN_AFTER_MS = 10_000;

/** A cluster, a source of truth, and the processes with wrong calendars that use both. */
export class SkewStage<P extends Callee = Callee> {
  readonly processes: P[] = [];

  private constructor(
    readonly cluster: RedisTestCluster,
    private readonly truth: RedisTestServer,
    private readonly launcher: Launcher<P>,
  ) {}

  /** Resolves when all processes can be used. */
  static async start<P extends Callee>(launcher: Launcher<P>): Promise<SkewStage<P>> {
    // A busy machine is no reason for a failover.
    const starting = startRedisCluster({ proxied: true, downAfterMs: DOWN_AFTER_MS });
    const [cluster, truth] = await Promise.all([starting, startRedisServer()]);
    const stage = new SkewStage(cluster, truth, launcher);
    try {
      const place = placeOf(cluster, cluster.nodes());
      await Promise.all(OFFSETS_MS.map((aheadMs, i) => stage.add(i, aheadMs, place)));
      return stage;
    } catch (error) {
      await stage.stop();
      throw error;
    }
  }

  /** All processes do the same at the same time. */
  all<T>(method: string, ...args: readonly unknown[]): Promise<T[]> {
    return Promise.all(this.processes.map((process) => process.call<T>(method, ...args)));
  }

  /** Takes Redis away from the processes; it goes on for itself. */
  cut(): void {
    for (const { proxy } of this.cluster.nodes()) proxy.refuse();
  }

  heal(): void {
    for (const { proxy } of this.cluster.nodes()) proxy.heal();
  }

  /** Resolves when the replicas have all that the primary has. */
  async untilReplicated(): Promise<void> {
    const connection = await this.cluster.primary().connect();
    try {
      await connection.command(['SET', 'skew-replicated', '1']);
      await connection.command(['WAIT', String(this.cluster.replicas().length), '10000']);
    } finally {
      connection.close();
    }
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.processes.map((process) => this.launcher.end(process)));
    await Promise.all([this.cluster.stop(), this.truth.stop()]);
  }

  private async add(i: number, aheadMs: number, place: ClusterPlace): Promise<void> {
    const name = `skew-${String(i)}`;
    const process = await this.launcher.start(name);
    this.processes[i] = process;
    const { port } = this.truth.node.address;
    const plan: SkewPlan = { name, place, sourcePort: port, aheadMs, seed: (i + 1) * 1_000_000 };
    await process.call('open', plan);
  }
}
