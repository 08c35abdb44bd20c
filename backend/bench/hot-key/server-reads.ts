import type { RedisTestCluster } from '../../src/redis/testing/index.js';
import { ServerMonitor } from '../../test/support/server-monitor.js';
import { fromCalendar } from '../common/clock.js';

const WRITES = /^(set|del|unlink|p?expire|publish)/i;

/** Counts at the servers themselves, with `MONITOR`, how often clients ask them for the value of one key. */
export class ServerReads {
  /** Moments of the clock of the benchmarks. */
  readonly heardAt: number[] = [];
  readonly #monitors: ServerMonitor[] = [];

  /** Listens to all data nodes. */
  static async start(cluster: RedisTestCluster, key: string): Promise<ServerReads> {
    const reads = new ServerReads();
    const password = cluster.options().node?.password;
    for (const { address, group } of cluster.nodes()) {
      if (group === null) continue;
      const onCommand = (at: number, [name = '', ...words]: readonly string[]): void => {
        if (words.includes(key) && !WRITES.test(name)) reads.heardAt.push(fromCalendar(at));
      };
      reads.#monitors.push(
        await ServerMonitor.open(address, ({ at, words }) => onCommand(at, words), password),
      );
    }
    return reads;
  }

  /** Listens no more. */
  stop(): Promise<void> {
    for (const monitor of this.#monitors) monitor.close();
    return Promise.resolve();
  }
}
