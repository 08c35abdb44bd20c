import { randomBytes } from 'node:crypto';
import { waitUntil } from '../../src/redis/testing/index.js';
import { ScriptProcess, type Environment } from './script-process.js';

/** How a cluster is started. */
export interface ScriptClusterOptions {
  /** The folder with `redis-node.sh` and `sentinel-node.sh`. */
  readonly scripts: string;
  readonly minReplicasToWrite: number;
  /** Further variables of every script. */
  readonly environment?: Environment;
}

// While nothing is measured the Sentinels look around ten times a second; then as a stock Sentinel does.
const QUICK = ['INFO-PERIOD', '100', 'PUBLISH-PERIOD', '500'];
const STOCK = ['INFO-PERIOD', '10000', 'PUBLISH-PERIOD', '2000'];

/** Three data nodes and three Sentinels, run by the scripts of the Compose file as processes on loopback. */
export class ScriptCluster {
  readonly password: string;
  readonly nodes: readonly ScriptProcess[];
  readonly sentinels: readonly ScriptProcess[];
  readonly #environment: Environment;

  private constructor(
    password: string,
    members: { nodes: ScriptProcess[]; sentinels: ScriptProcess[] },
    options: ScriptClusterOptions,
  ) {
    this.password = password;
    this.nodes = members.nodes;
    this.sentinels = members.sentinels;
    const list = (all: readonly ScriptProcess[]): string =>
      all.map(({ port }) => `127.0.0.1:${String(port)}`).join(',');
    this.#environment = {
      REDIS_ANNOUNCE_HOST: '127.0.0.1',
      REDIS_PASSWORD: password,
      REDIS_SENTINEL_PASSWORD: password,
      REDIS_NODES: list(this.nodes),
      REDIS_SENTINELS: list(this.sentinels),
      REDIS_MIN_REPLICAS_TO_WRITE: String(options.minReplicasToWrite),
      REDIS_EXTRA_CONFIG: 'bind 127.0.0.1',
      SENTINEL_EXTRA_CONFIG: 'bind 127.0.0.1',
      BOOT_WAIT_SECONDS: '1',
      PEER_WAIT_SECONDS: '1',
      ...options.environment,
    };
  }

  /** Starts all six; resolves when they are ready for a hand-over. */
  static async start(options: ScriptClusterOptions): Promise<ScriptCluster> {
    const password = randomBytes(12).toString('hex');
    const prepare = (script: string): Promise<ScriptProcess[]> =>
      Promise.all(
        [1, 2, 3].map(() => ScriptProcess.prepare(`${options.scripts}/${script}`, password)),
      );
    const members = {
      nodes: await prepare('redis-node.sh'),
      sentinels: await prepare('sentinel-node.sh'),
    };
    const cluster = new ScriptCluster(password, members, options);
    await cluster.startMissing();
    await cluster.settle();
    return cluster;
  }

  /** Starts every node and Sentinel that does not run. */
  async startMissing(): Promise<void> {
    const missing = [...this.nodes, ...this.sentinels].filter(({ isRunning }) => !isRunning);
    await Promise.all(missing.map((member) => member.start(this.#environment)));
  }

  /** The node that all Sentinels name as the primary. */
  async primary(): Promise<ScriptProcess> {
    return waitUntil(
      async () => {
        const named = await Promise.all(this.sentinels.map((sentinel) => this.primaryOf(sentinel)));
        return new Set(named).size === 1 && named[0];
      },
      { what: 'all Sentinels name the same primary', timeoutMs: 40_000 },
    );
  }

  /** The node that this Sentinel names. */
  async primaryOf(sentinel: ScriptProcess): Promise<ScriptProcess | undefined> {
    const answer = await sentinel.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster');
    const port = Number((answer as string[])[1]);
    return this.nodes.find((node) => node.port === port);
  }

  /** Resolves when both replicas are linked, and every Sentinel knows all others and has nothing under way. */
  async settle(): Promise<ScriptProcess> {
    await this.#setPeriods(QUICK);
    const primary = await waitUntil(
      async () => {
        const named = await this.primary();
        const problems = await Promise.all([
          ...this.nodes.map((node) => (node === named ? false : isUnlinked(node, named))),
          ...this.sentinels.map((sentinel) => isUnsettled(sentinel)),
        ]);
        return !problems.includes(true) && named;
      },
      { what: 'the cluster is whole', timeoutMs: 60_000, everyMs: 50 },
    );
    await this.#setPeriods(STOCK);
    return primary;
  }

  /** Ends everything and removes every file. */
  async stop(): Promise<void> {
    await Promise.all([...this.sentinels, ...this.nodes].map((member) => member.dispose()));
  }

  async #setPeriods(periods: readonly string[]): Promise<void> {
    await Promise.all(
      this.sentinels.map((sentinel) => sentinel.command('SENTINEL', 'DEBUG', ...periods)),
    );
  }
}

async function isUnlinked(replica: ScriptProcess, primary: ScriptProcess): Promise<boolean> {
  const info = await replica.info('replication');
  return (
    info.get('role') !== 'slave' ||
    info.get('master_port') !== String(primary.port) ||
    info.get('master_link_status') !== 'up'
  );
}

async function isUnsettled(sentinel: ScriptProcess): Promise<boolean> {
  const [master, replicas] = await Promise.all([
    sentinel.command('SENTINEL', 'MASTER', 'mymaster'),
    sentinel.command('SENTINEL', 'REPLICAS', 'mymaster'),
  ]);
  const group = fieldsOf(master);
  const listed = (replicas as unknown[]).map(fieldsOf);
  return (
    group.get('flags') !== 'master' ||
    group.get('num-other-sentinels') !== '2' ||
    listed.length !== 2 ||
    listed.some((one) => one.get('flags') !== 'slave' || one.get('master-link-status') !== 'ok')
  );
}

function fieldsOf(answer: unknown): ReadonlyMap<string, string> {
  const list = answer as string[];
  return new Map(
    list.flatMap((field, index) => (index % 2 === 0 ? [[field, list[index + 1] ?? '']] : [])),
  );
}
