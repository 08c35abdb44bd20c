import type { Books, Row } from '../../bench/citizens/books.js';
import { openOurs, type Connections } from '../../bench/citizens/connections.js';
import {
  CONSUMERS,
  startConsumer,
  type Consumer,
  type ConsumerName,
} from '../../bench/citizens/consumer.js';
import type { LockLoss } from '../../bench/citizens/consumers/lock-traces.js';
import { OpenLoop } from '../../src/cli/measure/open-loop.js';
import { placeOf } from '../../bench/common/place.js';
import {
  startRedisCluster,
  TestClusterError,
  type RedisTestCluster,
  type RedisTestNode,
} from '../../src/redis/testing/index.js';

const PER_SECOND = 10;
/** So many of each kind of thing happen before a fault, and again after it. */
const ENOUGH = 10;

// All of them go side by side through three faults, one after the other, on the connections that they began with.
describe('libraries over raw clients', () => {
  let cluster: RedisTestCluster;
  let connections: Connections;
  const consumers = new Map<ConsumerName, Consumer>();
  const loop = new OpenLoop(PER_SECOND, (number) => {
    for (const consumer of consumers.values()) consumer.ask(number);
  });

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200 });
    connections = await openOurs(placeOf(cluster));
    await Promise.all(
      CONSUMERS.map(async (name) => {
        consumers.set(name, await startConsumer(name, connections, name));
      }),
    );
    loop.start();
    await happenMore();
  });
  afterAll(async () => {
    loop.stop();
    await Promise.all(allBooks().map((books) => books.answered()));
    await Promise.all([...consumers.values()].map((consumer) => consumer.close()));
    await connections.close();
    await cluster.stop();
  });

  it('all work on after the primary was killed', () => through((old) => old.kill()));

  it('all work on while the primary is frozen', () => through((old) => old.freeze()));

  it('all work on after SENTINEL FAILOVER', () => through(() => cluster.failover()));

  describe('in the end', () => {
    const rows = new Map<ConsumerName, readonly Row[]>();

    beforeAll(async () => {
      loop.stop();
      const jobs = allBooks().filter(({ what }) => what === 'jobs');
      await Promise.all(jobs.map((books) => books.settled()));
      await Promise.all(allBooks().map((books) => books.answered()));
      for (const [name, consumer] of consumers) rows.set(name, await consumer.rows());
    });

    it.each(['bullmq-6', 'bullmq-5'] as const)(
      '%s: every job that was added has run, and has run once',
      (consumer) => {
        const { reasons, lost, twice } = rowOf(consumer, 'jobs');
        expect({ reasons, lost, twice }).toEqual({ reasons: {}, lost: 0, twice: 0 });
      },
    );

    it.each([
      ['throttler', 'requests'],
      ['rate-limiter-flexible', 'calls'],
      ['redlock', 'locks'],
      ['microservice', 'requests, tried again'],
    ] as const)('%s: none of the %s was refused', (consumer, what) => {
      expect(rowOf(consumer, what).reasons).toEqual({});
    });

    it.each([
      ['socket-io', 'messages'],
      ['microservice', 'events'],
      ['redlock', 'locks'],
    ] as const)('%s: none of the %s came twice', (consumer, what) => {
      expect(rowOf(consumer, what)).toMatchObject({ twice: 0 });
    });

    // What of this happens, and that it is called so, is proved in `locks.failover-spec.ts`.
    it('redlock: a release was refused only for a lock that was gone with the old primary, had run out, or was released before', () => {
      const { reasons } = rowOf('redlock', 'releases');
      const known: LockLoss[] = ['TAKEN_BY_THE_OLD_PRIMARY', 'RAN_OUT', 'RELEASED_BEFORE'];
      const others = Object.entries(reasons).filter(
        ([reason]) => !known.includes(reason as LockLoss),
      );
      expect(Object.fromEntries(others)).toEqual({});
    });

    function rowOf(consumer: ConsumerName, what: string): Row {
      const row = rows.get(consumer)?.find((one) => one.what === what);
      if (row === undefined) throw new TestClusterError(`${consumer} has no row of ${what}.`);
      return row;
    }
  });

  /** Resolves when all of them work on after the fault, and the cluster is whole again. */
  async function through(fault: (old: RedisTestNode) => Promise<void>): Promise<void> {
    const old = await cluster.currentPrimary();
    await fault(old);
    await cluster.waitForPrimaryOtherThan(old);
    await happenMore();
    if (old.isFrozen) old.thaw();
    if (!old.isRunning) await old.restart();
    await cluster.waitForReady();
  }

  function allBooks(): readonly Books[] {
    return [...consumers.values()].flatMap(({ books }) => books);
  }

  async function happenMore(): Promise<void> {
    await Promise.all(allBooks().map((books) => books.untilMore(ENOUGH)));
  }
});
