import { startRedisCluster, type RedisTestCluster } from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine, withOptions } from '../support/engines.js';
import { EventLog } from '../support/events.js';
import { startLoad } from '../support/load.js';
import { untilWritten } from '../support/progress.js';

describe('while another group on the same Sentinels fails over', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200, groups: ['ours', 'theirs'] });
  });
  afterEach(() => closeEngines());
  afterAll(() => cluster.stop());

  it.each(['killed', 'planned'])(
    'no connection of ours is lost and no call fails (%s)',
    async (how) => {
      const { redis } = await startReadyEngine(
        withOptions(cluster.options('ours'), { routing: { readTimeoutMs: 1500 } }),
      );
      await cluster.waitUntil(
        () => redis.status.replicas.filter((node) => node.connection === 'ready').length === 2,
        { what: 'both replicas are connected' },
      );
      const events = new EventLog(redis);
      const load = startLoad(redis);
      try {
        await untilWritten(load, 50);
        const old = await cluster.currentPrimary('theirs');
        if (how === 'killed') await old.kill();
        else await cluster.failover('theirs');
        await cluster.waitForPrimaryOtherThan(old);
        // Some seconds of aftermath: the other group's replicas are turned around.
        await untilWritten(load, 600);
        const report = await load.stop();
        expect(report.errors).toEqual([]);
        expect(report).toMatchObject({ hung: 0, uncertain: { set: 0, incr: 0 }, wrongReads: [] });
        expect((await load.check()).lost).toEqual([]);
        for (const type of [
          'connection.lost',
          'primary.suspected',
          'primary.switched',
          'writes.paused',
          'topology.changed',
          'failover.completed',
        ] as const) {
          expect(events.of(type)).toEqual([]);
        }
        expect(redis.status.failovers.count).toBe(0);
        if (how === 'killed') {
          await old.restart();
          await cluster.waitForReady();
        }
      } finally {
        await load.stop();
        events.stop();
      }
    },
  );
});
