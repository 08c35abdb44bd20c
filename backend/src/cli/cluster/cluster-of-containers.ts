import { formatAddress } from '../../redis/base/address/index.js';
import {
  countServers,
  isSentinel,
  operatorEnvironment,
  variablesOf,
  type ComposeProject,
  type Container,
} from '../compose/index.js';
import { CliError } from '../frame/index.js';
import { awaitWhole, problemsOf } from '../look/index.js';
import { connectionIn, survey, type Survey } from '../reach/index.js';
import { Progress } from '../screen/index.js';
import type { Cluster, ClusterReport, Means, NodeReport } from './cluster-shape.js';

// Sentinel looks every ten seconds at what a node says of itself.
const WHOLE_WITHIN_MS = 60_000;

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
    const say = (text: string): void => {
      progress.show(`Starting the containers of ${this.place}`, null, text);
    };
    say('');
    await this.#project.up(io.signal, say);
    await this.#untilWhole(say);
    progress.end(`The containers of ${this.place} are whole`);
  }

  async down(alsoVolumes: boolean): Promise<number> {
    const containers = await this.#project.containers();
    await this.#project.down(alsoVolumes);
    return containers.length;
  }

  async look(): Promise<ClusterReport> {
    const containers = await this.#project.containers();
    const seen = await this.#survey(containers);
    const nodes = containers.map((container): NodeReport => {
      const { service, name, status, ports, isHealthy } = container;
      const [address = null] = ports.values();
      const state = isHealthy ? 'running' : status;
      return { name: service, address, process: name, state, role: roleOf(container, seen) };
    });
    const sick = nodes.filter(({ state }) => state !== 'running');
    const variables = variablesOf(containers);
    return {
      ...{ place: this.place, profile: null, nodes, ended: null, variables },
      operator: differing(variables, variablesOf(containers, 'operator')),
      problems:
        nodes.length === 0
          ? ['nothing runs here']
          : [
              ...sick.map(({ name, state }) => `${name} is ${state}`),
              ...(seen === null ? [] : problemsOf(seen, countServers(containers))),
            ],
    };
  }

  async #survey(containers: readonly Container[]): Promise<Survey | null> {
    const { io } = this.#means;
    const env = operatorEnvironment(containers, io.env);
    return env === null ? null : survey(connectionIn(env), io.now);
  }

  // A container may be well before every Sentinel knows all others, and a drill would be refused.
  async #untilWhole(say: (text: string) => void): Promise<void> {
    const { io, clock } = this.#means;
    const containers = await this.#project.containers();
    const env = operatorEnvironment(containers, io.env);
    if (env === null) return;
    const { problems } = await awaitWhole(connectionIn(env), {
      ...{ clock, signal: io.signal, timeoutMs: WHOLE_WITHIN_MS },
      expected: countServers(containers),
      onLook: ([first = '']) => {
        say(first);
      },
    });
    const [first] = problems;
    if (first === undefined || io.signal.aborted) return;
    throw new CliError(
      `Every container is healthy, and the cluster is not whole: ${first}`,
      'See cluster status with the same --compose, and docker compose logs',
    );
  }
}

function roleOf(container: Container, seen: Survey | null): NodeReport['role'] {
  if (isSentinel(container)) return 'sentinel';
  const here = [...container.ports.values()];
  const node = seen?.nodes.find(
    ({ announced, address }) =>
      announced.host === container.announced || here.includes(formatAddress(address)),
  );
  const kind = node?.role?.kind;
  return kind === undefined || kind === 'other' ? null : kind;
}

function differing(
  variables: Readonly<Record<string, string>>,
  others: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(others).filter(([name, value]) => variables[name] !== value),
  );
}
