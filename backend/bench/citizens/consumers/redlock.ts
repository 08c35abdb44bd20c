import Redlock from 'redlock';
import { Books } from '../books.js';
import type { StartConsumer } from '../consumer.js';

const LOCK_MS = 5000;

/** redlock on one primary: calls take turns with fifty locks. */
export const startRedlock: StartConsumer = async (connections, name) => {
  const client = connections.client();
  await client.ping();
  const redlock = new Redlock([client], { retryCount: 200, retryDelay: 50 });
  const books = new Books('locks');
  const held = new Set<string>();
  const hold = async (number: number): Promise<void> => {
    const resource = `${name}:${String(number % 50)}`;
    await redlock.using([resource], LOCK_MS, async () => {
      books.happen(number);
      // Two holders at once.
      if (held.has(resource)) books.happen(number);
      held.add(resource);
      await client.ping();
      held.delete(resource);
    });
  };
  return {
    books: [books],
    ask: (number) => books.ask(number, hold(number), { isDone: false }),
    rows: async () => [books.row()],
    close: async () => client.disconnect(),
  };
};
