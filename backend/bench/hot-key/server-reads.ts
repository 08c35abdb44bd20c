import { Redis } from 'ioredis';
import type { RedisTestCluster } from '../../src/redis/testing/index.js';
import { fromCalendar } from '../common/clock.js';

const READS = /^(get|mget)$/i;

/** Counts at the servers themselves, with `MONITOR`, how often they are asked for the value of one key. */
export class ServerReads {
  /** Moments of the clock of the benchmarks. */
  readonly heardAt: number[] = [];
  readonly #clients: readonly Redis[];

  private constructor(clients: readonly Redis[], key: string) {
    this.#clients = clients;
    for (const client of clients) {
      client.on('monitor', (time: string, [name = '', ...keys]: string[]) => {
        if (READS.test(name) && keys.includes(key))
          this.heardAt.push(fromCalendar(Number(time) * 1_000));
      });
    }
  }

  /** Listens to all data nodes. */
  static async start(cluster: RedisTestCluster, key: string): Promise<ServerReads> {
    const password = cluster.options().node?.password;
    const nodes = cluster.nodes().filter(({ group }) => group !== null);
    const clients = await Promise.all(
      nodes.map(async ({ address: { host, port } }) => {
        const client = new Redis({ host, port, lazyConnect: true, ...(password && { password }) });
        return client.monitor();
      }),
    );
    return new ServerReads(clients, key);
  }

  /** Listens no more. */
  stop(): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    return Promise.resolve();
  }
}
