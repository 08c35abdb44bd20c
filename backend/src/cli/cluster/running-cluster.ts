import { formatAddress } from '../../redis/base/address/index.js';
import type { Clock } from '../../redis/base/timing/index.js';
import { ComposeProject, variablesOf } from '../compose/index.js';
import { CliError, type CommandIo } from '../frame/index.js';
import {
  beginCluster,
  type ClusterPlan,
  completeCluster,
  endCluster,
  findServer,
  LocalCluster,
  withLock,
  type Watch,
} from '../local/index.js';
import { problemsOf } from '../look/index.js';
import { survey } from '../reach/index.js';
import { Progress } from '../screen/index.js';

/** What is asked for. */
export interface ClusterOrder extends Omit<ClusterPlan, 'serverPath' | 'profile'> {
  /** `null`: the default for a new one, whichever it has for one that runs. */
  readonly profile: ClusterPlan['profile'] | null;
  readonly server: string | null;
  readonly compose: string | null;
  readonly composeEnv: string | null;
  readonly project: string | null;
}

/** One node of it, for people and programs. */
export interface NodeReport {
  readonly name: string;
  readonly address: string | null;
  /** Of the process, or the name of the container. */
  readonly process: string | null;
  /** `running`, `frozen`, `gone`, or what Docker calls it. */
  readonly state: string;
  readonly role: 'primary' | 'replica' | 'sentinel' | null;
}

/** What is known of a cluster, and what `--json` writes. */
export interface ClusterReport {
  /** The folder, or the Compose file. */
  readonly place: string;
  readonly profile: string | null;
  readonly nodes: readonly NodeReport[];
  /** What an application is started with. */
  readonly variables: Readonly<Record<string, string>>;
  /** Why it is not whole. */
  readonly problems: readonly string[];
  /** How many were ended, after `down`. */
  readonly ended: number | null;
}

/** A cluster as the command sees it, of processes or containers. */
export interface Cluster {
  readonly place: string;
  up(): Promise<void>;
  /** Ends it; returns how many nodes were ended. */
  down(alsoVolumes: boolean): Promise<number>;
  look(): Promise<ClusterReport>;
}

/** What it works with. */
export interface Means {
  readonly io: CommandIo;
  readonly clock: Clock;
}

/** The cluster that was asked for. */
export async function newCluster(order: ClusterOrder, means: Means): Promise<Cluster> {
  if (order.compose === null) return new ClusterOfProcesses(order, means);
  const names = { file: order.compose, envFile: order.composeEnv, project: order.project };
  const project = await ComposeProject.open(names, means.io.env, means.clock);
  return new ClusterOfContainers(order.compose, project, means);
}

class ClusterOfProcesses implements Cluster {
  readonly #order: ClusterOrder;
  readonly #means: Means;

  constructor(order: ClusterOrder, means: Means) {
    this.#order = order;
    this.#means = means;
  }

  get place(): string {
    return this.#order.folder;
  }

  async up(): Promise<void> {
    const { folder, server } = this.#order;
    const { io, clock } = this.#means;
    const serverPath = findServer(server, io.env);
    await withLock(folder, async () => {
      const found = await LocalCluster.find(folder, clock);
      if (found?.isAlive === true) {
        refuseOther(found, this.#order);
        await this.#watched(startOf(found), (watch) => completeCluster(found, watch));
        return;
      }
      // What was left by a machine that went down.
      if (found !== null) await endCluster(found, clock);
      const profile = this.#order.profile ?? 'default';
      await this.#watched('Starting six processes', (watch) =>
        beginCluster({ ...this.#order, profile, serverPath }, watch),
      );
    });
  }

  async down(): Promise<number> {
    const { folder } = this.#order;
    const { clock } = this.#means;
    if ((await LocalCluster.find(folder, clock)) === null) return 0;
    return withLock(folder, async () => {
      const found = await LocalCluster.find(folder, clock);
      return found === null ? 0 : endCluster(found, clock);
    });
  }

  async look(): Promise<ClusterReport> {
    const { clock, io } = this.#means;
    const cluster = await LocalCluster.find(this.place, clock);
    if (cluster === null) return { ...EMPTY, place: this.place, problems: ['nothing runs here'] };
    const seen = await survey(cluster.options, io.now);
    const roles = new Map(seen.nodes.map(({ address, role }) => [address.port, role?.kind]));
    const nodes = cluster.nodes.map((node): NodeReport => {
      const kind = node.isSentinel ? 'sentinel' : roles.get(node.port);
      return {
        name: node.name,
        address: formatAddress({ host: '127.0.0.1', port: node.port }),
        process: node.mark === null ? null : String(node.mark.pid),
        state: cluster.stateOf(node),
        role: kind === 'other' ? null : (kind ?? null),
      };
    });
    const asleep = nodes.filter(({ state }) => state !== 'running');
    return {
      ...{ place: this.place, profile: cluster.state.profile, nodes, ended: null },
      variables: cluster.variables,
      problems: [
        ...asleep.map(({ name, state }) => `${name} is ${state}`),
        ...problemsOf(seen, { nodes: 3, sentinels: 3 }),
      ],
    };
  }

  async #watched(what: string, run: (watch: Watch) => Promise<unknown>): Promise<void> {
    const { io, clock } = this.#means;
    const progress = new Progress(io.told, io.now);
    const say = (text: string): void => {
      progress.show(what, null, text);
    };
    say('');
    await run({ clock, signal: io.signal, say });
    progress.end(`The cluster in ${this.place} is whole`);
  }
}

// What runs already is not started, and nobody should wait for it.
function startOf(found: LocalCluster): string {
  const named = (state: string): string =>
    found.nodes
      .filter((node) => found.stateOf(node) === state)
      .map(({ name }) => name)
      .join(', ');
  const [gone, frozen] = [named('gone'), named('frozen')];
  const parts = [
    ...(gone === '' ? [] : [`starting ${gone}`]),
    ...(frozen === '' ? [] : [`letting ${frozen} go on`]),
  ];
  return `It runs already${parts.length === 0 ? '' : `, ${parts.join(', ')}`}`;
}

function refuseOther({ state }: LocalCluster, { profile, folder }: ClusterOrder): void {
  if (profile === null || profile === state.profile) return;
  throw new CliError(
    `A cluster with the profile ${state.profile} runs in ${folder}`,
    'End it with cluster down, or name another --folder',
  );
}

class ClusterOfContainers implements Cluster {
  readonly place: string;
  readonly #project: ComposeProject;
  readonly #means: Means;

  constructor(place: string, project: ComposeProject, means: Means) {
    this.place = place;
    this.#project = project;
    this.#means = means;
  }

  async up(): Promise<void> {
    const { io } = this.#means;
    const progress = new Progress(io.told, io.now);
    progress.show(`Starting the containers of ${this.place}`, null);
    await this.#project.up(io.signal, (text) => {
      progress.show(`Starting the containers of ${this.place}`, null, text);
    });
    progress.end(`The containers of ${this.place} are healthy`);
  }

  async down(alsoVolumes: boolean): Promise<number> {
    const containers = await this.#project.containers();
    await this.#project.down(alsoVolumes);
    return containers.length;
  }

  async look(): Promise<ClusterReport> {
    const containers = await this.#project.containers();
    const nodes = containers.map(({ service, name, status, ports, isHealthy }): NodeReport => {
      const [address = null] = ports.values();
      const state = isHealthy ? 'running' : status;
      return { name: service, address, process: name, state, role: null };
    });
    const sick = nodes.filter(({ state }) => state !== 'running');
    return {
      ...{ place: this.place, profile: null, nodes, ended: null },
      variables: variablesOf(containers),
      problems:
        nodes.length === 0
          ? ['nothing runs here']
          : sick.map(({ name, state }) => `${name} is ${state}`),
    };
  }
}

const EMPTY = { profile: null, nodes: [], variables: {}, ended: null } as const;
