import { Books } from '../books.js';
import type { StartConsumer } from '../consumer.js';
import { TracedRedlock } from './traced-redlock.js';

const LOCK_MS = 5000;
const RESOURCES = 50;

/** redlock on one primary: calls take turns with fifty locks. A lock is had when its work begins. */
export const startRedlock: StartConsumer = async (connections, name) => {
  const client = connections.client();
  await client.ping();
  const redlock = new TracedRedlock(client, { retryCount: 200 });
  const locks = new Books('locks');
  const releases = new Books('releases');
  const held = new Set<string>();
  return {
    books: [locks, releases],
    ask(number) {
      const resource = `${name}:${String(number % RESOURCES)}`;
      const work = async (): Promise<void> => {
        locks.happen(number);
        // Two holders at once.
        if (held.has(resource)) locks.happen(number);
        held.add(resource);
        await client.ping();
        held.delete(resource);
      };
      const { had, released } = redlock.hold(resource, LOCK_MS, work);
      locks.ask(number, had, { isDone: false });
      releases.ask(number, released, { isDone: true });
    },
    rows: async () => [locks.row(), releases.row()],
    close: async () => client.disconnect(),
  };
};
