import { variablesOf, type ComposeProject } from '../compose/index.js';
import { Progress } from '../screen/index.js';
import type { Cluster, ClusterReport, Means, NodeReport } from './cluster-report.js';

/** The containers of a Compose file. */
export class ClusterOfContainers implements Cluster {
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
