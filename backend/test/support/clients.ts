import type { RedisTestNode } from '../../src/redis/testing/index.js';

/** The fields of `CLIENT LIST` for each connection of ours to the node. */
export async function ourClients(node: RedisTestNode): Promise<ReadonlyMap<string, string>[]> {
  const list = (await node.command('CLIENT', 'LIST')) as string | Buffer;
  return list
    .toString()
    .split('\n')
    .filter((line) => line.includes(' name=nestjs-redis-ha '))
    .map((line) => new Map(line.split(' ').map((field) => splitOnce(field))));
}

/** How often the node has executed the command. */
export async function callsOf(node: RedisTestNode, command: string): Promise<number> {
  const line = (await node.info('commandstats')).get(`cmdstat_${command}`) ?? '';
  return Number(/calls=(\d+)/.exec(line)?.[1] ?? 0);
}

function splitOnce(field: string): [string, string] {
  const at = field.indexOf('=');
  return [field.slice(0, at), field.slice(at + 1)];
}
