import { type ClusterMembers } from './cluster-members.js';
import { type RedisTestNode } from './redis-test-node.js';
import { problemsOfReplica, problemsOfView, viewGroup } from './sentinel-answers.js';

// Short enough that no test waits for them.
// Sentinel undoes a promotion that it has not noticed within four publish periods, and noticing takes
// a little over a second: with less than this, no failover could end while somebody waits.
const FAST = ['INFO-PERIOD', '100', 'PUBLISH-PERIOD', '500'];
const STOCK = ['INFO-PERIOD', '10000', 'PUBLISH-PERIOD', '2000'];
const READY_KEY = 'nestjs-redis-ha:testing:ready';

/**
 * Runs `work` while the Sentinels look around ten times a second, which gets them to know each other within a second
 * instead of ten. Afterwards they have the periods of a stock Sentinel again, so that failovers take as long as they do
 * in production. A Sentinel older than 7.0 does not know the command and is merely slower.
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
 * What the group still lacks; empty when it is ready. "Quorum OK" is not enough: a cluster that fails over before every
 * Sentinel knows every replica leaves one behind, and the new primary refuses writes for ten seconds.
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

/** What keeps the replica from being one that everybody counts on; empty when nothing does. */
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

/** What keeps this Sentinel from knowing every node of the group that is awake; empty when nothing does. */
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
