import type { RedisTestNode } from '../../src/redis/testing/index.js';

/** The connections that these nodes have from clients of this name, as `node#id`. */
export async function connectionsOf(
  nodes: readonly RedisTestNode[],
  clientName: string,
): Promise<string[]> {
  const lists = await Promise.all(
    nodes.map(async (node) => {
      const list = (await node.command('CLIENT', 'LIST')) as string;
      return list
        .split('\n')
        .filter((line) => line.includes(` name=${clientName} `))
        .map((line) => `${node.name}#${/^id=(\d+)/.exec(line)?.[1] ?? '?'}`);
    }),
  );
  return lists.flat();
}
