// How much was done: by the service's own count, and by that of Redis.
import { askHealth } from './services.mjs';

// What the cluster and the drill do for themselves.
const HOUSEKEEPING =
  /^(info|ping|replconf|psync|publish|subscribe|role|hello|auth|select|client|config|command|replicaof|slaveof|multi|exec|wait)/;

/** The sum of all values of a metric in the Prometheus text format; `null` when it is not there. */
export function sumOfMetric(text, name) {
  const lines = text.split('\n').filter((line) => line.startsWith(name));
  const values = lines
    .filter((line) => '{ '.includes(line.charAt(name.length)))
    .map((line) => line.split(' ').at(-1));
  return values.length === 0 ? null : values.reduce((sum, value) => sum + Number(value), 0);
}

/** Commands that the instances have sent to Redis, by their own count; `null` when one does not say. */
export async function countOperations(targets, isBare) {
  const counts = await Promise.all(
    targets.map(({ port }) => (isBare ? operationsOfBare(port) : operationsOfOurs(port))),
  );
  return counts.includes(null) ? null : counts.reduce((sum, count) => sum + count, 0);
}

async function operationsOfBare(port) {
  return (await askHealth(port))?.redis?.metrics.operations ?? null;
}

async function operationsOfOurs(port) {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    return sumOfMetric(await answer.text(), 'redis_ha_commands_total');
  } catch {
    return null;
  }
}

// What a replica executes for a client; whatever else it counts came from its primary.
const READ_ON_REPLICA =
  /^(get|mget|exists|p?ttl|hget|hmget|hgetall|smembers|zrange|eval_ro|evalsha_ro)$/;

/** Calls in the lines of INFO commandstats, without housekeeping, and of a replica without what its primary sent. */
export function callsIn(fields, isReplica = false) {
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
export async function countCommands(cluster) {
  const nodes = cluster.nodes().filter((node) => node.group !== null && node.isAwake);
  try {
    const counts = nodes.map(async (node) => {
      const [role, fields] = await Promise.all([node.role(), node.info('commandstats')]);
      return callsIn(fields, role === 'replica');
    });
    return (await Promise.all(counts)).reduce((sum, calls) => sum + calls, 0);
  } catch {
    return null;
  }
}
