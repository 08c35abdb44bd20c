import type { NodeAddress } from '../../base/address/index.js';
import type { SentinelModeOptions } from '../../config/index.js';
import { TestClusterError } from '../../base/errors/index.js';
import { ClusterMembers } from './cluster-members.js';
import {
  resolveClusterOptions,
  type RedisTestClusterOptions,
  type ResolvedClusterTestOptions,
} from './cluster-options.js';
import {
  problemsOfGroup,
  problemsOfNewReplica,
  problemsOfSentinel,
  withQuickSentinels,
} from './cluster-readiness.js';
import { NodeLauncher } from './node-launcher.js';
import { ProcessKeeper } from './process-keeper.js';
import { type RedisTestNode } from './redis-test-node.js';
import { pause, waitUntil, type NotYet, type WaitOptions } from '../time/wait-until.js';

// Sentinel tries to connect once a second at most. While its connections are younger than that, it notices the loss of
// a node up to a second later than in production.
const SETTLE_MS = 1100;

/**
 * A real Redis with replicas and Sentinels, as processes on this machine. Get one from {@link startRedisCluster} and
 * end it with {@link RedisTestCluster.stop}. Methods with a parameter `group` use the first group by default.
 */
export class RedisTestCluster {
  private stopping: Promise<void> | null = null;

  /** For {@link startRedisCluster}. */
  constructor(
    private readonly settings: ResolvedClusterTestOptions,
    private readonly members: ClusterMembers,
    private readonly keeper: ProcessKeeper,
  ) {}

  /** Names of the groups, as the Sentinels know them. */
  get groups(): readonly [string, ...string[]] {
    return this.settings.groups;
  }

  /** Every node that was started and not removed, running or not. */
  nodes(): readonly RedisTestNode[] {
    return [...this.members.all];
  }

  /**
   * The primary when the cluster last looked: at the start, and in `waitForReady`, `waitForPrimaryOtherThan` and
   * `currentPrimary`. Ask {@link RedisTestCluster.currentPrimary} to look again.
   */
  primary(group = this.groups[0]): RedisTestNode {
    return this.members.knownPrimary(group);
  }

  /** The other data nodes of the group, running or not. */
  replicas(group = this.groups[0]): readonly RedisTestNode[] {
    const primary = this.primary(group);
    return this.members.dataNodes(group).filter((node) => node !== primary);
  }

  /** The Sentinels, running or not. */
  sentinels(): readonly RedisTestNode[] {
    return this.members.sentinels;
  }

  /** Asks all Sentinels who is primary; the one with the highest config-epoch is right. */
  currentPrimary(group = this.groups[0]): Promise<RedisTestNode> {
    return this.members.findPrimary(group);
  }

  /** What a client is configured with to reach this cluster: for `RedisModule.forRoot`. */
  options(group = this.groups[0]): SentinelModeOptions {
    const { username, password, sentinelPassword } = this.settings;
    return {
      mode: 'sentinel',
      sentinel: {
        masterName: group,
        nodes: this.sentinels().map((node) => node.clientAddress),
        ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
        ...(this.settings.proxied ? { natMap: this.toProxied } : {}),
      },
      node: {
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password }),
      },
    };
  }

  /** The same as environment variables, for an application that is started as a process. */
  env(group = this.groups[0]): Record<string, string> {
    const { username, password, sentinelPassword } = this.settings;
    return {
      REDIS_SENTINEL_ENABLED: 'true',
      REDIS_SENTINEL_MASTER_NAME: group,
      REDIS_SENTINELS: this.sentinels()
        .map((node) => textOf(node.clientAddress))
        .join(','),
      ...(username === undefined ? {} : { REDIS_USERNAME: username }),
      ...(password === undefined ? {} : { REDIS_PASSWORD: password }),
      ...(sentinelPassword === undefined ? {} : { REDIS_SENTINEL_PASSWORD: sentinelPassword }),
      ...(this.settings.proxied ? { REDIS_NAT_MAP: this.natMapText() } : {}),
    };
  }

  /** Starts one more replica; resolves when its link is up and every running Sentinel lists it as healthy. */
  async addReplica(group = this.groups[0]): Promise<RedisTestNode> {
    await this.members.findPrimary(group);
    const replica = await this.members.startReplica(group);
    await this.untilNothingIsMissing(
      () => problemsOfNewReplica(this.members, replica, group),
      `${replica.name} is a replica that every Sentinel counts on`,
    );
    return replica;
  }

  /**
   * Ends a replica for good and makes the Sentinels forget it, one after the other.
   * @throws TestClusterError when it is the primary.
   */
  async removeReplica(node: RedisTestNode): Promise<void> {
    const { group } = node;
    if (group === null || !this.members.all.includes(node)) {
      throw new TestClusterError(`${node.name} is not a data node of this cluster.`);
    }
    if ((await this.members.findPrimary(group)) === node) {
      throw new TestClusterError(`${node.name} is the primary. Call failover() first.`);
    }
    await this.members.remove(node);
    for (const sentinel of this.members.awakeSentinels) {
      // The only way to make a Sentinel forget a replica. It forgets all other nodes too, and finds them again.
      await sentinel.command('SENTINEL', 'RESET', group);
      await this.untilNothingIsMissing(
        () => problemsOfSentinel(this.members, sentinel, group),
        `${sentinel.name} knows the others again after it was made to forget ${node.name}`,
      );
    }
  }

  /** Starts one more Sentinel; resolves when all know each other. */
  async addSentinel(): Promise<RedisTestNode> {
    for (const group of this.groups) await this.members.findPrimary(group);
    const sentinel = await this.members.startSentinel();
    await this.waitForReady();
    return sentinel;
  }

  /**
   * Sends `SENTINEL FAILOVER` to one Sentinel; resolves when it has begun. Follow with `waitForPrimaryOtherThan`.
   * @throws CommandRejectedError when the Sentinel refuses, for example because one is under way.
   */
  async failover(group = this.groups[0]): Promise<void> {
    const sentinel = this.members.awakeSentinels[0];
    if (sentinel === undefined) {
      throw new TestClusterError('No Sentinel is running and not frozen. Call restart() on one.');
    }
    await sentinel.command('SENTINEL', 'FAILOVER', group);
  }

  /**
   * Resolves when every node runs, every Sentinel knows every replica (link up) and every other Sentinel, and each
   * primary accepts a write. Meanwhile the Sentinels look around more often than usual.
   * @throws TestClusterError that lists what is still missing when the time is up.
   */
  async waitForReady(timeoutMs = this.settings.readyTimeoutMs): Promise<void> {
    const giveUpAt = performance.now() + timeoutMs;
    do {
      const timeLeftMs = Math.max(0, giveUpAt - performance.now());
      await this.untilNothingIsMissing(() => this.missing(), 'the cluster is ready', timeLeftMs);
      await pause(SETTLE_MS);
    } while (!(await this.isReady()));
  }

  /**
   * Resolves with the new primary as soon as the first Sentinel names one and that node agrees.
   * @throws TestClusterError when the time is up.
   */
  async waitForPrimaryOtherThan(
    node: RedisTestNode,
    timeoutMs = this.settings.downAfterMs + this.settings.failoverTimeoutMs + 10_000,
  ): Promise<RedisTestNode> {
    const group = node.group ?? this.groups[0];
    return this.waitUntil(
      async () => {
        const primary = await this.currentPrimary(group);
        return primary !== node && (await primary.role()) === 'primary' ? primary : null;
      },
      { what: `a node other than ${node.name} is primary of '${group}'`, timeoutMs },
    );
  }

  /** Calls `look` until it returns something truthy. @throws TestClusterError when the time is up. */
  waitUntil<T>(look: () => T | Promise<T>, options: WaitOptions): Promise<Exclude<T, NotYet>> {
    return waitUntil(look, options);
  }

  /** Ends every process and removes every file. Calling it twice is harmless. */
  stop(): Promise<void> {
    this.stopping ??= this.stopAll();
    return this.stopping;
  }

  /** Ends the cluster at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  private async stopAll(): Promise<void> {
    await Promise.allSettled(this.members.all.map((node) => node.dispose()));
    await this.keeper.close();
  }

  private async missing(): Promise<string[]> {
    const problems = this.groups.map((group) => problemsOfGroup(this.members, group));
    return (await Promise.all(problems)).flat();
  }

  private async isReady(): Promise<boolean> {
    try {
      return (await this.missing()).length === 0;
    } catch {
      return false;
    }
  }

  private async untilNothingIsMissing(
    look: () => Promise<string[]>,
    what: string,
    timeoutMs = this.settings.readyTimeoutMs,
  ): Promise<void> {
    let missing: string[] = [];
    await withQuickSentinels(this.members, () =>
      waitUntil(
        async () => {
          missing = await look();
          return missing.length === 0;
        },
        { what, timeoutMs, explain: () => missing.map((line) => `  - ${line}`) },
      ),
    );
  }

  private readonly toProxied = (announced: NodeAddress): NodeAddress => {
    const node = this.members.all.find(({ address }) => textOf(address) === textOf(announced));
    return node?.clientAddress ?? announced;
  };

  private natMapText(): string {
    return this.nodes()
      .map((node) => `${textOf(node.address)}=${textOf(node.clientAddress)}`)
      .join(',');
  }
}

/**
 * Starts a Redis cluster with Sentinels for a test: by default one primary, two replicas and three Sentinels. Resolves
 * when it is ready for a failover, after a second or two.
 * @throws TestClusterError when it cannot be started; the message says what to do.
 * @throws ConfigInvalidError when the options cannot be used.
 */
export async function startRedisCluster(
  options: RedisTestClusterOptions = {},
): Promise<RedisTestCluster> {
  const settings = resolveClusterOptions(options);
  const keeper = new ProcessKeeper();
  const members = new ClusterMembers(settings, new NodeLauncher(keeper, settings));
  const cluster = new RedisTestCluster(settings, members, keeper);
  try {
    await members.startAll();
    await cluster.waitForReady();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

function textOf(address: NodeAddress): string {
  return `${address.host}:${String(address.port)}`;
}
