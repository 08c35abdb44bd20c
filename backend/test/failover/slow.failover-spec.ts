import {
  startRedisCluster,
  waitUntil,
  type RedisTestCluster,
  type RedisTestNode,
} from '../../src/redis/testing/index.js';
import { callsOf } from '../support/clients.js';
import { closeEngines, startReadyEngine } from '../support/engines.js';
import { EventLog } from '../support/events.js';
import { startLoad, type Load } from '../support/load.js';
import { outcomeOf } from '../support/outcomes.js';
import { untilWritten } from '../support/progress.js';
import { CAN_REFUSE, slowFor } from '../support/refusing-node.js';
import { TAKES_A_SECOND } from '../support/user-scripts.js';

const SLOW_MS = 1000;

describe('a node that is busy for a second is not dead', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ redisConfig: CAN_REFUSE });
  });
  afterEach(() => closeEngines());
  afterAll(() => cluster.stop());

  /** Puts a load on an engine with default options while `work` runs, and expects that it notices nothing but time. */
  async function underLoad(work: (load: Load) => Promise<void>): Promise<void> {
    const { redis } = await startReadyEngine(cluster.options());
    const events = new EventLog(redis);
    const load = startLoad(redis);
    try {
      await untilWritten(load, 100);
      load.resetGaps();
      await work(load);
      await untilWritten(load, 100);
      const report = await load.stop();
      expect(report).toMatchObject({ errors: [], hung: 0, wrongReads: [], repeatedCounts: 0 });
      expect(report.uncertain).toEqual({ set: 0, incr: 0 });
      expect((await load.check()).lost).toEqual([]);
      expect(redis.status.waiting).toEqual({ reads: 0, writes: 0 });
      expect(events.of('connection.lost')).toEqual([]);
      expect(events.of('primary.switched')).toEqual([]);
    } finally {
      await load.stop();
      events.stop();
    }
  }

  it('the primary: writes wait for it, and no connection is cut', async () => {
    await underLoad(() => slowFor(cluster.primary(), SLOW_MS));
  });

  it('a replica: its reads are answered by others, and writes notice nothing', async () => {
    await underLoad(() => slowFor(cluster.replicas()[0]!, SLOW_MS));
  });

  it('a read of a second runs once, on one node; reads and writes of others go on meanwhile', async () => {
    const nodes: readonly RedisTestNode[] = [cluster.primary(), ...cluster.replicas()];
    const runs = async (): Promise<number> => {
      const counts = await Promise.all(nodes.map((node) => callsOf(node, 'eval_ro')));
      return counts.reduce((all, count) => all + count, 0);
    };
    const { redis } = await startReadyEngine(cluster.options());
    await underLoad(async (load) => {
      const before = await runs();
      const slow = redis.with({ timeoutMs: 5000 }).call('eval_ro', TAKES_A_SECOND, 0);
      await untilWritten(load, 60);
      expect((await outcomeOf(slow)).value).toBe('done');
      // A node that still runs it answers nothing else until it has counted that.
      await waitUntil(async () => (await runs()) > before, { what: 'every run is counted' });
      expect((await runs()) - before).toBe(1);
    });
  });
});
