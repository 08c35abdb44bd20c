import type { NodeAddress } from '../../base/address/index.js';
import { TestClusterError } from '../../base/errors/index.js';
import { redisConfigFile, sentinelConfigFile } from '../../lab/index.js';
import { type ResolvedClusterTestOptions } from './cluster-options.js';
import { type NodeLauncher } from './node-launcher.js';
import { type RedisTestNode } from './redis-test-node.js';
import { viewPrimary } from './sentinel-answers.js';

/** The nodes of a cluster: starts and lists them, and asks the Sentinels which one is the primary. */
export class ClusterMembers {
  readonly all: RedisTestNode[] = [];
  private readonly lastSeenPrimary = new Map<string, RedisTestNode>();
  private readonly replicasStarted = new Map<string, number>();
  private sentinelsStarted = 0;

  constructor(
    private readonly options: ResolvedClusterTestOptions,
    private readonly launcher: NodeLauncher,
  ) {}

  /** The Sentinels. */
  get sentinels(): RedisTestNode[] {
    return this.all.filter((node) => node.roleAtStart === 'sentinel');
  }

  /** The Sentinels that can be expected to answer. */
  get awakeSentinels(): RedisTestNode[] {
    return this.sentinels.filter((node) => node.isAwake);
  }

  /** The data nodes of the group. */
  dataNodes(group: string): RedisTestNode[] {
    return this.all.filter((node) => node.group === group);
  }

  /** Returns the primary that was last found. */
  knownPrimary(group: string): RedisTestNode {
    const node = this.lastSeenPrimary.get(group);
    if (node !== undefined) return node;
    throw new TestClusterError(
      `There is no group '${group}' in this cluster. It has: ${this.options.groups.join(', ')}.`,
    );
  }

  /** Starts the nodes that the options ask for. */
  async startAll(): Promise<void> {
    const { groups, replicas, sentinels } = this.options;
    await Promise.all(groups.map((group) => this.startPrimary(group)));
    const others = [
      ...groups.flatMap((group) => repeat(replicas, () => this.startReplica(group))),
      ...repeat(sentinels, () => this.startSentinel()),
    ];
    // Waits for all before an error is thrown: no node may still be starting when the clean-up begins.
    for (const result of await Promise.allSettled(others)) {
      if (result.status === 'rejected') throw result.reason;
    }
  }

  /** Starts one more replica of the group's primary. */
  async startReplica(group: string): Promise<RedisTestNode> {
    const primary = this.knownPrimary(group);
    const number = (this.replicasStarted.get(group) ?? 0) + 1;
    this.replicasStarted.set(group, number);
    return this.add(
      await this.launcher.launch({
        ...this.dataAccess(group),
        name: `${group}-replica-${String(number)}`,
        roleAtStart: 'replica',
        configFor: (port) => redisConfigFile(this.options, port, primary.address),
      }),
    );
  }

  /** Starts one more Sentinel, watching all groups. */
  async startSentinel(): Promise<RedisTestNode> {
    const { groups, sentinelPassword } = this.options;
    this.sentinelsStarted += 1;
    const primaries = new Map<string, NodeAddress>(
      groups.map((group) => [group, this.knownPrimary(group).address]),
    );
    return this.add(
      await this.launcher.launch({
        name: `sentinel-${String(this.sentinelsStarted)}`,
        roleAtStart: 'sentinel',
        group: null,
        username: undefined,
        password: sentinelPassword,
        configFor: (port) => sentinelConfigFile(this.options, port, primaries),
      }),
    );
  }

  /** Takes a node out and ends it. */
  async remove(node: RedisTestNode): Promise<void> {
    this.all.splice(this.all.indexOf(node), 1);
    await node.dispose();
  }

  /**
   * Returns the node that the Sentinel with the newest epoch names as the primary.
   * @throws TestClusterError when no Sentinel answers.
   */
  async findPrimary(group: string): Promise<RedisTestNode> {
    const answers = await Promise.allSettled(
      this.awakeSentinels.map((sentinel) => viewPrimary(sentinel, group)),
    );
    const views = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const newest = views.sort((a, b) => b.epoch - a.epoch)[0];
    if (newest === undefined) {
      throw new TestClusterError(
        `No Sentinel says who the primary of '${group}' is. ` +
          `${String(this.awakeSentinels.length)} of ${String(this.sentinels.length)} are running and not frozen.`,
      );
    }
    const node = this.dataNodes(group).find(({ address }) => address.port === newest.primaryPort);
    if (node === undefined) {
      throw new TestClusterError(
        `The Sentinels name port ${String(newest.primaryPort)} as the primary of '${group}', which is none of its nodes.`,
      );
    }
    this.lastSeenPrimary.set(group, node);
    return node;
  }

  private async startPrimary(group: string): Promise<void> {
    const node = await this.launcher.launch({
      ...this.dataAccess(group),
      name: `${group}-primary`,
      roleAtStart: 'primary',
      configFor: (port) => redisConfigFile(this.options, port),
    });
    this.lastSeenPrimary.set(group, this.add(node));
  }

  private dataAccess(group: string): {
    group: string;
    username: string | undefined;
    password: string | undefined;
  } {
    const { username, password } = this.options;
    return { group, username, password };
  }

  private add(node: RedisTestNode): RedisTestNode {
    this.all.push(node);
    return node;
  }
}

function repeat<T>(times: number, make: () => T): T[] {
  return Array.from({ length: times }, make);
}
