import { formatAddress, type NodeAddress } from '../../redis/base/address/index.js';
import type { ComposeProject, Container, ContainerNetwork } from '../compose/index.js';
import { CliError } from '../frame/index.js';
import { inShell } from '../local/index.js';
import { UP, type ReachOptions, type Survey } from '../reach/index.js';
import {
  victimsOf,
  type Asleep,
  type DrillKind,
  type DrillTarget,
  type FaultStep,
} from './fault-step.js';

/** What a target of containers consists of. */
export interface ComposeParts {
  readonly file: string;
  readonly project: ComposeProject;
  readonly containers: readonly Container[];
  readonly options: ReachOptions;
}

/** A cluster in containers. */
export class ComposeTarget implements DrillTarget {
  readonly isOwn = false;
  readonly #parts: ComposeParts;

  constructor(parts: ComposeParts) {
    this.#parts = parts;
  }

  // With the network of the host, it is that of every application there.
  get hasOwnLoopback(): boolean {
    const { containers } = this.#parts;
    return containers.every(({ networks }) => networks.every(({ name }) => name !== 'host'));
  }

  get place(): string {
    return this.#parts.file;
  }

  get options(): ReachOptions {
    return this.#parts.options;
  }

  get names(): readonly string[] {
    const { file, containers } = this.#parts;
    return [file, ...containers.map(({ name }) => name)];
  }

  get asleep(): Asleep | null {
    const gone = this.#parts.containers.filter(({ isRunning }) => !isRunning);
    const nodes = gone.map(({ name, status }) => `${name} is ${status}`);
    const cure = `${UP} with the same --compose starts what is gone`;
    return nodes.length === 0 ? null : { nodes, cure };
  }

  steps(kind: Exclude<DrillKind, 'switchover'>, seen: Survey): FaultStep[] {
    const victims = victimsOf(kind, seen);
    if (victims === null) return [];
    const { name } = this.#containerOf(victims.primary);
    const sentinels = victims.sentinels.map((one) => this.#containerOf(one).name);
    switch (kind) {
      case 'kill':
        return [this.#docker(['kill', name], ['start', name])];
      case 'freeze':
        return [this.#docker(['pause', name], ['unpause', name])];
      case 'partition':
        return this.#partition(this.#containerOf(victims.primary));
      case 'node-loss':
        return [name, ...sentinels].map((one) => this.#docker(['kill', one], ['start', one]));
      case 'quorum':
        return sentinels.map((one) => this.#docker(['kill', one], ['start', one]));
    }
  }

  #partition({ name, networks }: Container): FaultStep[] {
    return networks.map((network) =>
      this.#docker(
        ['network', 'disconnect', '-f', network.name, name],
        ['network', 'connect', ...placeIn(network), network.name, name],
      ),
    );
  }

  #docker(make: readonly string[], undo: readonly string[]): FaultStep {
    const { project } = this.#parts;
    return {
      what: `docker ${make.join(' ')}`,
      back: `docker ${undo.join(' ')}`,
      make: async () => {
        await project.docker(...make);
      },
      undo: async () => {
        await project.docker(...undo);
      },
      undoInShell: `docker ${undo.map(inShell).join(' ')}`,
    };
  }

  // Sentinels name what the container announces; whoever asks from here, what is published.
  #containerOf(address: NodeAddress): Container {
    const { containers } = this.#parts;
    const text = formatAddress(address);
    const found = containers.find(
      ({ announced, networks, service, ports }) =>
        [announced, service, ...networks.map((network) => network.address)].includes(
          address.host,
        ) || [...ports.values()].includes(text),
    );
    if (found !== undefined) return found;
    throw new CliError(
      `No container of ${this.place} is ${text}`,
      'Name the Compose file of this very cluster, and its --project',
    );
  }
}

function placeIn({ fixedAddress, aliases }: ContainerNetwork): string[] {
  const address = fixedAddress === null ? [] : ['--ip', fixedAddress];
  return [...address, ...aliases.flatMap((alias) => ['--alias', alias])];
}
