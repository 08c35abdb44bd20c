import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeAddress } from '../../src/redis/index.js';
import { waitUntil } from '../../src/redis/testing/time/wait-until.js';
import { PodNetwork, type PodNetworkPlan } from './pod-network.js';
import { Pod } from './pod.js';

/** Six pods, and the network that they are in. */
export interface PodClusterPlan extends PodNetworkPlan {
  readonly scripts: string;
  /** Names of the data nodes, the first primary first, and of the Sentinels. */
  readonly nodes: readonly string[];
  readonly sentinels: readonly string[];
  /** Which of them keep their data. */
  readonly volumes: readonly ('redis' | 'sentinel')[];
  /** Pods of one kind mount the same folder, or each has its own in a variable. */
  readonly secrets: 'mounted' | 'archived';
  readonly environment?: Readonly<Record<string, string>>;
}

/** Three data nodes and three Sentinels as pods, run by the node scripts. */
export class PodCluster {
  readonly nodes: readonly Pod[];
  readonly sentinels: readonly Pod[];
  readonly network: PodNetwork;
  readonly #secrets: PodSecrets;
  readonly #make: (kind: Pod['kind'], name: string, more?: Readonly<Record<string, string>>) => Pod;

  private constructor(plan: PodClusterPlan, network: PodNetwork) {
    this.network = network;
    this.#secrets = new PodSecrets(plan);
    const list = (names: readonly string[], port: number): string =>
      names.map((name) => `${name}:${String(port)}`).join(',');
    const environment = {
      REDIS_NODES: list(plan.nodes, 6379),
      REDIS_SENTINELS: list(plan.sentinels, 26379),
      ...plan.environment,
    };
    this.#make = (kind, name, more = {}) => {
      const { scripts, directory } = plan;
      const hasVolume = plan.volumes.includes(kind);
      const own = { ...environment, ...this.#secrets.variables(kind, name), ...more };
      return new Pod({ name, kind, scripts, directory, hasVolume, environment: own }, network);
    };
    this.nodes = plan.nodes.map((name) => this.#make('redis', name));
    this.sentinels = plan.sentinels.map((name) => this.#make('sentinel', name));
  }

  /** Starts all six at one time; resolves when all are ready. */
  static async start(plan: PodClusterPlan): Promise<PodCluster> {
    const cluster = new PodCluster(plan, await PodNetwork.open(plan));
    for (const pod of cluster.pods) pod.start();
    await cluster.untilReady();
    return cluster;
  }

  get pods(): readonly Pod[] {
    return [...this.nodes, ...this.sentinels];
  }

  /** How an application finds it. */
  get addresses(): readonly NodeAddress[] {
    return this.sentinels.map(({ name }) => ({ host: name, port: 26379 }));
  }

  /** The password of a user, as an application or an operator has it. */
  password(user: 'app' | 'operator', side: 'redis' | 'sentinel'): string {
    return this.#secrets.password(user, side);
  }

  /** Sends a command to a Sentinel as its operator, as operator.sh does. */
  async asOperator({ container }: Pod, command: string): Promise<string> {
    const lines = `AUTH operator ${this.password('operator', 'sentinel')}\n${command}`;
    const { text } = await container.sh(
      `printf '%s\n' '${lines}' | /bin/sh ${join(this.#secrets.scripts, 'cli.sh')} sentinel`,
    );
    return text;
  }

  /** Starts what has ended; resolves when all are ready. */
  async mend(): Promise<void> {
    for (const pod of this.pods) if (!pod.container.isRunning) pod.start();
    await this.untilReady();
  }

  async untilReady(): Promise<void> {
    await Promise.all(this.pods.map((pod) => pod.untilReady()));
  }

  /** A further replica, which nobody promotes; it is not started yet. */
  readReplica(name: string): Pod {
    return this.#make('redis', name, { REDIS_REPLICA_PRIORITY: '0' });
  }

  /** The replicas that each Sentinel lists. */
  listedReplicas(): Promise<string[][]> {
    return Promise.all(
      this.sentinels.map(async (pod) => {
        const text = await this.asOperator(pod, 'sentinel replicas mymaster');
        const fields = text.split('\n');
        return fields.filter((_, i) => fields[i - 1] === 'ip').sort();
      }),
    );
  }

  /** The data node that says it is the primary and that the Sentinels name. Waits until there is one. */
  primary(): Promise<Pod> {
    return waitUntil(
      async () => {
        const found = await Promise.all(this.nodes.map((pod) => pod.readiness()));
        return this.nodes[found.findIndex((one) => one.isReady && one.says.startsWith('primary'))];
      },
      { what: 'a data node is a primary that is ready', timeoutMs: 60_000, everyMs: 200 },
    );
  }

  /** As a rolling update does it: from the last to the first, each ready before the next is ended. */
  async redeployAll(): Promise<void> {
    for (const group of [this.sentinels, this.nodes]) {
      for (const pod of [...group].reverse()) {
        await pod.stop();
        pod.start();
        await pod.untilReady();
      }
    }
  }
}

const shortName = (name: string): string => name.split('.')[0]!;

/** What make-secrets.sh makes for the pods. */
class PodSecrets {
  readonly scripts: string;
  readonly #plan: PodClusterPlan;
  readonly #folder: string;

  constructor(plan: PodClusterPlan) {
    this.#plan = plan;
    this.scripts = plan.scripts;
    this.#folder = join(plan.directory, 'secrets');
    execFileSync('sh', [join(plan.scripts, 'make-secrets.sh')], {
      env: {
        ...process.env,
        REDIS_SECRETS: this.#folder,
        REDIS_ENV_FILE: '',
        SECRET_NODES: plan.nodes.map(shortName).join(' '),
        SECRET_SENTINELS: plan.sentinels.map(shortName).join(' '),
      },
    });
  }

  password(user: string, side: string): string {
    return readFileSync(join(this.#folder, user, `${side}-password`), 'utf8').trim();
  }

  variables(kind: Pod['kind'], name: string): Record<string, string> {
    const { secrets, nodes, sentinels } = this.#plan;
    if (secrets === 'archived') return { REDIS_SECRETS_ARCHIVE: this.#archive(shortName(name)) };
    const [first = ''] = kind === 'redis' ? nodes : sentinels;
    return { REDIS_SECRETS_DIR: join(this.#folder, shortName(first)) };
  }

  // As deploy/railway/access.sh makes it.
  #archive(service: string): string {
    const pack = 'tar -c -f - -C "$0" . | gzip -9 | base64 | tr -d "\n"';
    return execFileSync('sh', ['-c', pack, join(this.#folder, service)], { encoding: 'utf8' });
  }
}
