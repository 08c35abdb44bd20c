import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { waitUntil, type RedisTestServer } from '../../src/redis/testing/index.js';

/** A command that a server has executed. */
export interface HeardCommand {
  /** In calendar milliseconds of the server. */
  readonly at: number;
  /** The command and its arguments. */
  readonly words: readonly string[];
}

/** Returns all that a server without a password executes while the work is done, as `MONITOR` tells it. */
export async function heardBy(
  { node }: Pick<RedisTestServer, 'node'>,
  work: () => Promise<unknown>,
): Promise<HeardCommand[]> {
  const { host, port } = node.address;
  const client = new Redis({ host, port, lazyConnect: true });
  const heard: HeardCommand[] = [];
  const monitor = await client.monitor();
  try {
    monitor.on('monitor', (time: string, words: string[]) => {
      heard.push({ at: Number(time) * 1_000, words });
    });
    await work();
    const last = randomUUID();
    await node.command('ECHO', last);
    await waitUntil(() => heard.some(({ words }) => words[1] === last), {
      what: 'the last command',
    });
    return heard;
  } finally {
    monitor.disconnect();
    client.disconnect();
  }
}
