import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { NodeAddress, SentinelModeOptions } from '../../src/redis/index.js';
import { claimPort, type PortClaim } from '../../src/redis/lab/index.js';
import { waitUntil } from '../../src/redis/testing/index.js';
import { ProcessKeeper } from '../../src/redis/testing/cluster/process-keeper.js';
import { RedisProcess } from '../../src/redis/testing/cluster/redis-process.js';
import type { Certificates } from './certificates.js';

/** What `startRedisCluster` does not offer: other addresses than 127.0.0.1, and TLS. */
export interface CustomClusterPlan {
  /** What the processes bind to. */
  readonly bind: string;
  /** What they announce themselves as: an address, or a name. */
  readonly announce: string;
  readonly certificates?: Certificates;
  /** Whether clients must show a certificate. @defaultValue false */
  readonly asksClients?: boolean;
}

/** Three data nodes and three Sentinels with special options. The first data node begins as the primary. */
export class CustomCluster {
  readonly #keeper = new ProcessKeeper();
  readonly #plan: CustomClusterPlan;
  readonly #data: { readonly address: NodeAddress; readonly process: RedisProcess }[] = [];
  readonly #sentinels: NodeAddress[] = [];
  readonly #claims: PortClaim[] = [];

  private constructor(plan: CustomClusterPlan) {
    this.#plan = plan;
  }

  /** Starts it; resolves when every Sentinel knows all nodes. */
  static async start(plan: CustomClusterPlan): Promise<CustomCluster> {
    const cluster = new CustomCluster(plan);
    try {
      await cluster.#startAll();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** How a client reaches it, without TLS options. */
  options(): SentinelModeOptions {
    return { mode: 'sentinel', sentinel: { nodes: this.#sentinels } };
  }

  /** Kills the data node that announces this port. */
  async kill(port: number): Promise<void> {
    await this.#data.find(({ address }) => address.port === port)?.process.end('SIGKILL');
  }

  /** Sends one command to every data node. */
  async toAll(name: string, ...args: readonly string[]): Promise<void> {
    for (const { address } of this.#data) await this.#to(address, name, args);
  }

  /** Sends one command to a replica of the start, the first or the second. Returns its address. */
  async toReplica(index: 0 | 1, name: string, ...args: readonly string[]): Promise<NodeAddress> {
    const { address } = this.#data[index + 1]!;
    await this.#to(address, name, args);
    return address;
  }

  async #to(address: NodeAddress, name: string, args: readonly string[]): Promise<void> {
    const client = this.#client(address);
    await client.call(name, ...args);
    client.disconnect();
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    await this.#keeper.close();
    for (const { release } of this.#claims) release();
  }

  async #startAll(): Promise<void> {
    const { announce } = this.#plan;
    for (let i = 0; i < 3; i++) {
      const port = await this.#newPort();
      const primary = this.#data[0]?.address;
      const process = await this.#spawn(`data-${String(i)}`, false, [
        ...this.#listen(port),
        'save ""',
        'repl-diskless-sync-delay 0',
        `replica-announce-ip ${announce}`,
        ...(primary === undefined ? [] : [`replicaof ${primary.host} ${String(primary.port)}`]),
      ]);
      this.#data.push({ address: { host: announce, port }, process });
    }
    const { host, port: primaryPort } = this.#data[0]!.address;
    for (let i = 0; i < 3; i++) {
      const port = await this.#newPort();
      await this.#spawn(`sentinel-${String(i)}`, true, [
        ...this.#listen(port),
        // Before the first name is used.
        'sentinel resolve-hostnames yes',
        'sentinel announce-hostnames yes',
        `sentinel announce-ip ${announce}`,
        `sentinel monitor mymaster ${host} ${String(primaryPort)} 2`,
        'sentinel down-after-milliseconds mymaster 1200',
        'sentinel failover-timeout mymaster 10000',
      ]);
      this.#sentinels.push({ host: announce, port });
    }
    await this.#untilKnown();
  }

  async #newPort(): Promise<number> {
    const claim = await claimPort(this.#plan.bind);
    this.#claims.push(claim);
    return claim.port;
  }

  #listen(port: number): string[] {
    const { bind, certificates } = this.#plan;
    const common = [`bind ${bind}`, 'protected-mode no'];
    if (certificates === undefined) return [...common, `port ${String(port)}`];
    const { ca, cert, key } = certificates.files;
    return [
      ...common,
      'port 0',
      `tls-port ${String(port)}`,
      `tls-cert-file ${cert}`,
      `tls-key-file ${key}`,
      `tls-ca-cert-file ${ca}`,
      `tls-auth-clients ${this.#plan.asksClients === true ? 'yes' : 'no'}`,
      'tls-replication yes',
    ];
  }

  async #spawn(
    name: string,
    isSentinel: boolean,
    config: readonly string[],
  ): Promise<RedisProcess> {
    const process = new RedisProcess({
      name,
      serverPath: 'redis-server',
      isSentinel,
      directory: join(this.#keeper.directory, name),
      config: `${config.join('\n')}\n`,
      keeper: this.#keeper,
    });
    await process.spawn();
    return process;
  }

  #client({ host, port }: NodeAddress): Redis {
    const { certificates } = this.#plan;
    const tls =
      certificates === undefined
        ? {}
        : { tls: { ca: [certificates.ca, certificates.otherCa], ...certificates.client } };
    const client = new Redis({ host, port, maxRetriesPerRequest: null, ...tls });
    client.on('error', () => undefined);
    return client;
  }

  async #untilKnown(): Promise<void> {
    const clients = this.#sentinels.map((address) => this.#client(address));
    const quicken = (info: string, publish: string): Promise<unknown> =>
      Promise.all(
        clients.map((client) =>
          client.call('SENTINEL', 'DEBUG', 'INFO-PERIOD', info, 'PUBLISH-PERIOD', publish),
        ),
      );
    try {
      await quicken('100', '400');
      let seen = '';
      await waitUntil(
        async () => {
          const answers = await Promise.all(
            clients.map((client) => client.call('SENTINEL', 'REPLICAS', 'mymaster')),
          );
          const masters = await Promise.all(
            clients.map((client) => client.call('SENTINEL', 'MASTER', 'mymaster')),
          );
          seen = JSON.stringify([answers, masters]);
          const healthy = answers.every(
            (list) => JSON.stringify(list).split('"master-link-status","ok"').length === 3,
          );
          return (
            healthy &&
            masters.every((one) => JSON.stringify(one).includes('"num-other-sentinels","2"'))
          );
        },
        { what: 'the Sentinels know everybody', explain: () => [seen], timeoutMs: 20_000 },
      );
      await quicken('10000', '2000');
      // Connections younger than a second make Sentinel slower to see a loss.
      await new Promise((done) => setTimeout(done, 1100));
    } finally {
      for (const client of clients) client.disconnect();
    }
  }
}
