import { openOurs } from '../../bench/citizens/connections.js';
import { CONSUMERS, startConsumer, type ConsumerName } from '../../bench/citizens/consumer.js';
import type { Books, Row } from '../../bench/citizens/books.js';
import { OpenLoop } from '../../bench/common/open-loop.js';
import { placeOf } from '../../bench/common/place.js';
import { startRedisCluster, type RedisTestCluster } from '../../src/redis/testing/index.js';

const PER_SECOND = 50;
/** So many of each kind of thing happen before the fault, and again after it. */
const ENOUGH = 25;

type Rows = ReadonlyMap<ConsumerName, readonly Row[]>;

// All of them go through the same fault, side by side.
describe('libraries over raw clients', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200 });
  });
  afterAll(() => cluster.stop());

  describe.each(['kill', 'freeze', 'failover'] as const)('through a %s of the primary', (how) => {
    let rows: Rows;

    beforeAll(async () => {
      rows = await throughFault(how);
    });
    afterAll(async () => {
      for (const node of cluster.nodes()) if (!node.isRunning) await node.restart();
      await cluster.waitForReady();
    });

    it.each(['bullmq-6', 'bullmq-5'] as const)(
      '%s: every job that is added runs, and runs once',
      (consumer) => {
        expect(rowOf(consumer, 'jobs')).toMatchObject({ refused: 0, lost: 0, twice: 0 });
      },
    );

    it.each([
      ['throttler', 'requests'],
      ['rate-limiter-flexible', 'calls'],
    ] as const)('%s: %s wait for the new primary, and none is refused', (consumer, what) => {
      expect(rowOf(consumer, what)).toMatchObject({ refused: 0, reasons: {} });
    });

    it('socket-io: messages reach the other server again', () => {
      expect(rowOf('socket-io', 'messages')).toMatchObject({ twice: 0 });
    });

    it('microservice: requests are answered and events come again', () => {
      expect(rowOf('microservice', 'requests')).toMatchObject({ twice: 0 });
      expect(rowOf('microservice', 'events')).toMatchObject({ twice: 0 });
    });

    it('redlock: locks are had again', () => {
      expect(rowOf('redlock', 'locks')).toMatchObject({ twice: 0 });
    });

    function rowOf(consumer: ConsumerName, what: string): Row | undefined {
      return rows.get(consumer)?.find((row) => row.what === what);
    }
  });

  async function throughFault(how: 'kill' | 'freeze' | 'failover'): Promise<Rows> {
    const connections = await openOurs(placeOf(cluster));
    const started = await Promise.all(
      CONSUMERS.map(async (name) => {
        return { name, consumer: await startConsumer(name, connections, `${name}-${how}`) };
      }),
    );
    const books = started.flatMap(({ consumer }) => consumer.books);
    const loop = new OpenLoop(PER_SECOND, (number) => {
      for (const { consumer } of started) consumer.ask(number);
    });
    for (const book of books) book.start();
    loop.start();
    await happenMore(books);
    const old = await cluster.currentPrimary();
    if (how === 'kill') await old.kill();
    if (how === 'freeze') await old.freeze();
    if (how === 'failover') await cluster.failover();
    await cluster.waitForPrimaryOtherThan(old);
    await happenMore(books);
    if (how === 'freeze') old.thaw();
    loop.stop();
    const jobs = started.filter(({ name }) => name.startsWith('bullmq'));
    await Promise.all(jobs.flatMap(({ consumer }) => consumer.books.map((book) => book.settled())));
    await Promise.all(books.map((book) => book.answered()));
    const rows = await Promise.all(
      started.map(async ({ name, consumer }) => [name, await consumer.rows()] as const),
    );
    await Promise.all(started.map(({ consumer }) => consumer.close()));
    await connections.close();
    return new Map(rows);
  }
});

async function happenMore(books: readonly Books[]): Promise<void> {
  await Promise.all(books.map((book) => book.untilMore(ENOUGH)));
}
