import type { Socket } from 'node:net';
import { Redis, type RedisOptions } from 'ioredis';
import { endsWithin, inBackground, type Limit } from '../../../base/timing/index.js';

/** Creates an ioredis client that follows the primary. */
export function newTrackedClient(options: RedisOptions): Redis {
  // With exact optional types the driver's option type does not fit the driver's constructor.
  return inBackground(() => new Redis(options as never));
}

/**
 * Ends a client after what is in flight, and cuts it when the limit is reached first. Resolves when it has
 * ended.
 */
export async function endClient(client: Redis, limit: Limit): Promise<void> {
  if (client.status === 'end') return;
  const ended = new Promise((resolve) => {
    client.once('end', resolve);
  });
  const disconnect = (): void => {
    client.disconnect();
  };
  // The driver never ends a client that waits for its next attempt, nor what waits in it.
  if (client.status === 'reconnecting') client.once('connecting', disconnect);
  else disconnect();
  if (await endsWithin(ended, limit)) return;
  const socket = client.stream as Socket | undefined;
  if (socket === undefined || socket.destroyed) return;
  socket.destroy();
  await new Promise((resolve) => socket.once('close', resolve));
}
