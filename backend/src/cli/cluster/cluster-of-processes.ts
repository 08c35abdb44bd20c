import { formatAddress } from '../../redis/base/address/index.js';
import { CliError } from '../frame/index.js';
import {
  beginCluster,
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
import {
  type Cluster,
  type ClusterOrder,
  type ClusterReport,
  type Means,
  type NodeReport,
  nothingIn,
} from './cluster-shape.js';

/** Six processes of this machine, in a folder. */
export class ClusterOfProcesses implements Cluster {
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
    if (cluster === null) return { ...nothingIn(this.place), problems: ['nothing runs here'] };
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
      ...{ variables: cluster.variables, operator: {} },
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
