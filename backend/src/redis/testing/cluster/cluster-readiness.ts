import { type ClusterMembers } from './cluster-members.js';
import { type RedisTestNode } from './redis-test-node.js';
import { problemsOfReplica, problemsOfView, viewGroup } from './sentinel-answers.js';

// Short, so that tests wait little. But Sentinel undoes a promotion that it has not noticed within four publish periods,
// and noticing takes a little over a second: with a shorter publish period no failover could end meanwhile.
const FAST = ['INFO-PERIOD', '100', 'PUBLISH-PERIOD', '500'];
const STOCK = ['INFO-PERIOD', '10000', 'PUBLISH-PERIOD', '2000'];
const READY_KEY = 'nestjs-redis-ha:testing:ready';

/**
 * Runs `work` while the Sentinels ask for `INFO` ten times a second, so that they know all nodes within a second instead
 * of ten. Afterwards they have the periods of a stock Sentinel again, so that failovers take as long as in production.
 * A Sentinel older than 7.0 does not know the command and only takes longer.
 */
export async function withQuickSentinels<T>(
  members: ClusterMembers,
  work: () => Promise<T>,
): Promise<T> {
  await setPeriods(members, FAST);
  try {
    return await work();
  } finally {
    await setPeriods(members, STOCK);
  }
}

/**
 * Returns what the group still lacks; empty when it is ready. "Quorum OK" is not enough: if a cluster fails over before
 * every Sentinel knows every replica, one replica is not reconfigured, and the new primary refuses writes for ten seconds.
 */
export async function problemsOfGroup(members: ClusterMembers, group: string): Promise<string[]> {
  const asleep = [...members.dataNodes(group), ...members.sentinels]
    .filter((node) => !node.isAwake)
    .map((node) => `${node.name} ${node.isFrozen ? 'is frozen' : 'is not running'}`);
  if (asleep.length > 0) return asleep;
  const primary = await members.findPrimary(group);
  const replicas = members.dataNodes(group).filter((node) => node !== primary);
  const problems = await Promise.all([
    ...replicas.map((replica) => replicationProblems(replica, primary)),
    ...members.sentinels.map((sentinel) => problemsOfSentinel(members, sentinel, group)),
  ]);
  const found = problems.flat();
  return found.length > 0 ? found : writeProblems(primary);
}

/** Returns why the replica is not linked or not listed by every Sentinel; empty when it is. */
export async function problemsOfNewReplica(
  members: ClusterMembers,
  replica: RedisTestNode,
  group: string,
): Promise<string[]> {
  const primary = members.knownPrimary(group);
  const ports = { port: replica.address.port, primaryPort: primary.address.port };
  const problems = await Promise.all([
    replicationProblems(replica, primary),
    ...members.awakeSentinels.map(async (sentinel) =>
      problemsOfReplica(await viewGroup(sentinel, group), ports),
    ),
  ]);
  return problems.flat();
}

/** Returns which running nodes of the group this Sentinel does not know; empty when it knows all. */
export async function problemsOfSentinel(
  members: ClusterMembers,
  sentinel: RedisTestNode,
  group: string,
): Promise<string[]> {
  const primary = members.knownPrimary(group);
  const replicas = members.dataNodes(group).filter((node) => node !== primary && node.isAwake);
  return problemsOfView(await viewGroup(sentinel, group), {
    primaryPort: primary.address.port,
    replicaPorts: replicas.map((node) => node.address.port),
    otherSentinels: members.awakeSentinels.length - 1,
  });
}

async function replicationProblems(
  replica: RedisTestNode,
  primary: RedisTestNode,
): Promise<string[]> {
  const info = await replica.info('replication');
  if (info.get('role') !== 'slave') return [`${replica.name} is not a replica`];
  if (info.get('master_port') !== String(primary.address.port)) {
    return [`${replica.name} follows another node than ${primary.name}`];
  }
  const link = info.get('master_link_status') ?? '';
  return link === 'up' ? [] : [`the link of ${replica.name} to its primary is ${link}`];
}

async function writeProblems(primary: RedisTestNode): Promise<string[]> {
  try {
    await primary.command('SET', READY_KEY, '1', 'PX', '1000');
    await primary.command('DEL', READY_KEY);
    return [];
  } catch (error) {
    return [`a write on ${primary.name} fails: ${error instanceof Error ? error.message : ''}`];
  }
}

async function setPeriods(members: ClusterMembers, periods: readonly string[]): Promise<void> {
  await Promise.allSettled(
    members.awakeSentinels.map((sentinel) => sentinel.command('SENTINEL', 'DEBUG', ...periods)),
  );
}
