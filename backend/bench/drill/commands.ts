import type { RedisTestCluster } from '../../src/redis/testing/index.js';
import { sum } from '../../src/cli/measure/statistics.js';
import { askHealth } from './health.js';
import type { Target } from './load.js';
import { askMetrics, sumOfMetric } from './metrics.js';
import type { ContestantName } from './results.js';

// What the cluster and the drill do for themselves.
const HOUSEKEEPING =
  /^(info|ping|replconf|psync|publish|subscribe|role|hello|auth|select|client|config|command|replicaof|slaveof|multi|exec|wait)/;

// What a replica executes for a client; whatever else it counts came from its primary.
const READ_ON_REPLICA =
  /^(get|mget|exists|p?ttl|hget|hmget|hgetall|smembers|zrange|eval_ro|evalsha_ro)$/;

/** Commands that the instances have sent to Redis, by their own count; `null` when one does not say. */
export async function countOperations(
  targets: readonly Target[],
  name: ContestantName,
): Promise<number | null> {
  const ask = name === 'bare' ? operationsOfBare : operationsOfOurs;
  const counts = await Promise.all(targets.map(({ port }) => ask(port)));
  const known = counts.filter((count) => count !== null);
  return known.length === counts.length ? sum(known) : null;
}

async function operationsOfBare(port: number): Promise<number | null> {
  return (await askHealth(port))?.redis?.metrics?.operations ?? null;
}

async function operationsOfOurs(port: number): Promise<number | null> {
  return sumOfMetric(await askMetrics(port), 'redis_ha_commands_total');
}

/** Calls in the lines of INFO commandstats, without housekeeping, and of a replica without what its primary sent. */
export function callsIn(fields: ReadonlyMap<string, string>, isReplica = false): number {
  let calls = 0;
  for (const [name, value] of fields) {
    const command = /^cmdstat_(.+)$/.exec(name)?.[1];
    if (command === undefined || HOUSEKEEPING.test(command)) continue;
    if (isReplica && !READ_ON_REPLICA.test(command)) continue;
    calls += Number(/^calls=(\d+)/.exec(value)?.[1] ?? 0);
  }
  return calls;
}

/** Commands that the running data nodes have executed since they started; `null` when one does not answer. */
export async function countCommands(cluster: RedisTestCluster): Promise<number | null> {
  const nodes = cluster.nodes().filter(({ group, isAwake }) => group !== null && isAwake);
  try {
    const counts = nodes.map(async (node) => {
      const [role, fields] = await Promise.all([node.role(), node.info('commandstats')]);
      return callsIn(fields, role === 'replica');
    });
    return sum(await Promise.all(counts));
  } catch {
    return null;
  }
}
