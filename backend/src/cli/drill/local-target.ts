import { formatAddress, type NodeAddress } from '../../redis/base/address/index.js';
import { claimPort, type PortClaim } from '../../redis/lab/index.js';
import { CliError } from '../frame/index.js';
import type { LocalCluster, LocalNode } from '../local/index.js';
import { isReached, reach, type Reached, type ReachOptions, type Survey } from '../reach/index.js';
import {
  victimsOf,
  type Asleep,
  type DrillKind,
  type DrillTarget,
  type FaultStep,
} from './fault-step.js';

const DEADLINE_MS = 2_000;

/** A cluster that `cluster up` started as processes. */
export class LocalTarget implements DrillTarget {
  readonly isOwn = true;
  readonly hasOwnLoopback = false;
  readonly #cluster: LocalCluster;

  constructor(cluster: LocalCluster) {
    this.#cluster = cluster;
  }

  get place(): string {
    return this.#cluster.folder;
  }

  get options(): ReachOptions {
    return this.#cluster.options;
  }

  get names(): readonly string[] {
    return [this.#cluster.state.masterName];
  }

  get asleep(): Asleep | null {
    const states = this.#cluster.nodes.map((node) => [node.name, this.#cluster.stateOf(node)]);
    const nodes = states
      .filter(([, state]) => state !== 'running')
      .map((pair) => pair.join(' is '));
    const cure = `${this.#cluster.upCommand} starts what is gone`;
    return nodes.length === 0 ? null : { nodes, cure };
  }

  steps(kind: Exclude<DrillKind, 'switchover'>, seen: Survey): FaultStep[] {
    const victims = victimsOf(kind, seen);
    if (victims === null) return [];
    const primary = this.#nodeAt(victims.primary);
    switch (kind) {
      case 'kill':
        return [this.#kill(primary)];
      case 'freeze':
        return [this.#freeze(primary)];
      case 'partition':
        return [this.#partition(primary)];
      case 'node-loss':
        return [primary, ...victims.sentinels.map((one) => this.#nodeAt(one))].map((node) =>
          this.#kill(node),
        );
      case 'quorum':
        return victims.sentinels.map((one) => this.#kill(this.#nodeAt(one)));
    }
  }

  #nodeAt({ port }: NodeAddress): LocalNode {
    return this.#cluster.nodeAt(port);
  }

  #kill(node: LocalNode): FaultStep {
    const cluster = this.#cluster;
    const name = nameOf(node);
    return {
      what: `kill ${name}`,
      back: `start ${node.name} again`,
      make: () => cluster.kill(node),
      undo: () => cluster.start(node),
      undoInShell: cluster.commandToStart(node),
    };
  }

  #freeze(node: LocalNode): FaultStep {
    const cluster = this.#cluster;
    return {
      what: `stop ${nameOf(node)} without ending it`,
      back: `let ${node.name} go on`,
      make: () => {
        cluster.freeze(node);
        return Promise.resolve();
      },
      undo: () => {
        cluster.thaw(node);
        return Promise.resolve();
      },
      undoInShell: `kill -CONT ${pidOf(node)}`,
    };
  }

  // On one machine there is no network to be cut. A node that listens elsewhere, and whose connections are gone, is as
  // unreachable to everybody, and does not know it.
  #partition(node: LocalNode): FaultStep {
    const cluster = this.#cluster;
    let hiding: PortClaim | null = null;
    return {
      what: `move ${nameOf(node)} to a port that nobody knows, and cut its connections`,
      back: `move ${node.name} back to port ${String(node.port)}`,
      make: async () => {
        hiding = await claimPort();
        const { port } = hiding;
        await this.#ask(node.port, async (server) => {
          await server.ask('config', 'set', 'port', port);
          for (const type of ['normal', 'replica', 'pubsub']) {
            await server.ask('client', 'kill', 'type', type, 'skipme', 'yes');
          }
        });
      },
      undo: async () => {
        if (hiding === null) return;
        await this.#ask(hiding.port, async (server) => {
          await server.ask('config', 'set', 'port', node.port);
        });
        hiding.release();
      },
      // Started again, it listens where its file says.
      undoInShell: `kill -9 ${pidOf(node)}; ${cluster.commandToStart(node)}`,
    };
  }

  async #ask(port: number, run: (server: Reached) => Promise<void>): Promise<void> {
    const address = { host: '127.0.0.1', port };
    const server = await reach({
      ...{ address, access: this.options.node, whose: 'node', deadlineMs: DEADLINE_MS },
    });
    if (!isReached(server)) {
      throw new CliError(
        `${formatAddress(address)} does not answer: ${server.reason}`,
        'See nestjs-redis-ha cluster status',
      );
    }
    try {
      await run(server);
    } finally {
      server.close();
    }
  }
}

function nameOf({ name, port }: LocalNode): string {
  return `${name} (127.0.0.1:${String(port)})`;
}

function pidOf({ mark }: LocalNode): string {
  return String(mark?.pid ?? '');
}
