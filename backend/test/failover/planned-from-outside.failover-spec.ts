import { startRedisCluster, type RedisTestCluster } from '../../src/redis/testing/index.js';
import { ourClients } from '../support/clients.js';
import { closeEngines, startReadyEngine, withOptions } from '../support/engines.js';
import { EventLog, nextEvent } from '../support/events.js';
import { countByCode, startLoad } from '../support/load.js';
import { untilWritten } from '../support/progress.js';

jest.setTimeout(120_000);

const ROUTING = { readTimeoutMs: 1500, writeTimeoutMs: 10_000 };

describe('while somebody else fails the primary over (SENTINEL FAILOVER)', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200 });
  });
  afterEach(async () => {
    await closeEngines();
    await cluster.waitForReady();
  });
  afterAll(() => cluster.stop());

  it('writes wait from the moment a replica is selected, so hardly any is lost', async () => {
    const { redis } = await startReadyEngine(withOptions(cluster.options(), { routing: ROUTING }));
    const events = new EventLog(redis);
    const load = startLoad(redis);
    try {
      await untilWritten(load, 200);
      const old = await cluster.currentPrimary();
      const switched = nextEvent(redis, 'failover.first-write');
      await cluster.failover();
      const { failover } = await switched;
      // The old primary acknowledges for ten more seconds; none of that may be ours.
      await untilWritten(load, 400);
      const report = await load.stop();
      const check = await load.check();
      console.log(
        `SENTINEL FAILOVER: write gap ${report.writeGapMs.toFixed(0)} ms, ` +
          `${String(check.lost.length)} of ${String(check.checked)} lost, ${String(report.uncertain.incr)} uncertain`,
      );
      expect(countByCode(report.errors)).toEqual({});
      expect(report).toMatchObject({ hung: 0, wrongReads: [] });
      expect(report.uncertain.set).toBe(0);
      expect(check.lost.length).toBeLessThanOrEqual(10);
      expect(check.counter).toBeLessThanOrEqual(report.incrAcknowledged + report.uncertain.incr);
      expect(failover).toMatchObject({ from: old.address, reason: 'planned' });
      expect(redis.failovers).toHaveLength(1);
      expect(events.of('writes.paused').length).toBeGreaterThan(0);
      expect(events.of('writes.paused')[0]?.reason).toMatch(
        /^\+(selected-slave|failover-state-send-slaveof-noone|promoted-slave)$/,
      );
      const order = events.of('writes.resumed').map(({ reason }) => reason);
      expect(order[0]).toBe('the new primary is known');
    } finally {
      await load.stop();
      events.stop();
    }
  });

  it('ten switches in a row cost no error and leave nothing behind', async () => {
    const { redis, engine } = await startReadyEngine(
      withOptions(cluster.options(), { routing: ROUTING }),
    );
    const load = startLoad(redis, { opsPerSecond: 200 });
    const subscription = await redis.subscribe('flapping', () => undefined);
    try {
      await quickly(cluster);
      await untilWritten(load, 50);
      // The first one opens what later ones reuse.
      await switchOnce(cluster, redis);
      await untilSettled(cluster, redis);
      const before = inventory(engine.bus.listenerCount);
      const connectionsBefore = await connectionCount(cluster);
      for (let round = 0; round < 10; round++) await switchOnce(cluster, redis);
      await untilWritten(load, 50);
      await untilSettled(cluster, redis);
      const after = inventory(engine.bus.listenerCount);
      const report = await load.stop();
      const check = await load.check();
      expect(countByCode(report.errors)).toEqual({});
      expect(report).toMatchObject({ hung: 0, wrongReads: [] });
      expect(report.uncertain.set).toBe(0);
      expect(check.counter).toBeLessThanOrEqual(report.incrAcknowledged + report.uncertain.incr);
      expect(redis.status.failovers.count).toBe(11);
      expect(redis.status.replicas).toHaveLength(2);
      expect(redis.status.sentinels).toHaveLength(3);
      expect(redis.status).toMatchObject({ waiting: { reads: 0, writes: 0 } });
      expect(after.listeners).toBe(before.listeners);
      expect(after.sockets).toBeLessThanOrEqual(before.sockets);
      expect(after.timers).toBeLessThanOrEqual(before.timers + 2);
      expect(await connectionCount(cluster)).toBeLessThanOrEqual(connectionsBefore);
    } finally {
      await load.stop();
      await subscription.unsubscribe();
    }
  });
});

type Redis = Awaited<ReturnType<typeof startReadyEngine>>['redis'];

/**
 * Sentinels that look around more often can start the next failover sooner. Four publish periods must stay longer
 * than a promotion takes, or the others turn the new primary back into a replica.
 */
async function quickly(cluster: RedisTestCluster): Promise<void> {
  for (const sentinel of cluster.sentinels()) {
    await sentinel.command('SENTINEL', 'DEBUG', 'INFO-PERIOD', '100', 'PUBLISH-PERIOD', '800');
  }
}

async function switchOnce(cluster: RedisTestCluster, redis: Redis): Promise<void> {
  const switched = nextEvent(redis, 'failover.first-write');
  // Sentinel refuses it until the previous failover has ended.
  await cluster.waitUntil(
    async () => {
      await cluster.failover();
      return true;
    },
    { what: 'Sentinel accepts another failover', timeoutMs: 20_000, everyMs: 100 },
  );
  await switched;
}

async function untilSettled(cluster: RedisTestCluster, redis: Redis): Promise<void> {
  await cluster.waitUntil(
    () =>
      redis.status.primary?.connection === 'ready' &&
      redis.status.replicas.length === 2 &&
      redis.status.replicas.every((node) => node.connection === 'ready' && node.isLinked) &&
      redis.status.sentinels.every((one) => one.isAnswering && one.isSubscribed),
    { what: 'the engine sees a healthy cluster', timeoutMs: 20_000 },
  );
}

function inventory(listeners: number): { listeners: number; sockets: number; timers: number } {
  const resources = process.getActiveResourcesInfo();
  return {
    listeners,
    sockets: resources.filter((name) => name.startsWith('TCP')).length,
    timers: resources.filter((name) => name === 'Timeout').length,
  };
}

async function connectionCount(cluster: RedisTestCluster): Promise<number> {
  let total = 0;
  for (const node of cluster.nodes()) {
    total += (await ourClients(node)).length;
  }
  return total;
}
