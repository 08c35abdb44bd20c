import {
  FakeRedisServer,
  muteHandler,
  startRedisCluster,
  type RedisTestCluster,
  type RedisTestNode,
} from '../../src/redis/testing/index.js';
import { ourClients } from '../support/clients.js';
import { closeEngines, startReadyEngine, withOptions } from '../support/engines.js';
import { nextEvent } from '../support/events.js';
import { countByCode, startLoad } from '../support/load.js';
import { untilWritten } from '../support/progress.js';

const ROUTING = { readTimeoutMs: 1500, writeTimeoutMs: 10_000 };

describe('while a node is frozen', () => {
  let cluster: RedisTestCluster;
  const frozen = new Set<RedisTestNode>();

  async function freeze(node: RedisTestNode): Promise<void> {
    frozen.add(node);
    await node.freeze();
  }

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200 });
  });
  afterEach(async () => {
    await closeEngines();
    for (const node of frozen) node.thaw();
    frozen.clear();
    await cluster.waitForReady();
  });
  afterAll(() => cluster.stop());

  it('a frozen primary costs no acknowledged write, and nobody hears it again after it thaws', async () => {
    const { redis } = await startReadyEngine(withOptions(cluster.options(), { routing: ROUTING }));
    const load = startLoad(redis);
    try {
      await untilWritten(load, 100);
      load.resetGaps();
      const old = await cluster.currentPrimary();
      const switched = nextEvent(redis, 'failover.first-write');
      await freeze(old);
      const { failover } = await switched;
      expect(failover).toMatchObject({ from: old.address, reason: 'failure' });
      await untilWritten(load, 100);
      old.thaw();
      frozen.delete(old);
      // Until Sentinel makes it a replica, the thawed node still acts as a primary.
      await untilWritten(load, 300);
      const sentToOld = (await ourClients(old)).map((client) => client.get('cmd'));
      const report = await load.stop();
      const check = await load.check();
      console.log(
        `freeze: write gap ${report.writeGapMs.toFixed(0)} ms, read gap ${report.readGapMs.toFixed(0)} ms, ` +
          `${String(report.uncertain.incr)} INCR uncertain`,
      );
      expect(countByCode(report.errors)).toEqual({});
      expect(report).toMatchObject({ hung: 0, wrongReads: [], repeatedCounts: 0 });
      expect(report.uncertain.set).toBe(0);
      expect(check.lost).toEqual([]);
      expect(check.counter).toBeGreaterThanOrEqual(report.incrAcknowledged);
      expect(check.counter).toBeLessThanOrEqual(report.incrAcknowledged + report.uncertain.incr);
      expect(report.readGapMs).toBeLessThan(1000);
      expect(sentToOld.length).toBeGreaterThan(0);
      for (const command of sentToOld) expect(command).not.toMatch(/^(set|incr)$/);
    } finally {
      await load.stop();
    }
  });

  it('reads of a frozen replica are answered by other nodes', async () => {
    const { redis } = await startReadyEngine(withOptions(cluster.options(), { routing: ROUTING }));
    const load = startLoad(redis);
    try {
      await untilWritten(load, 50);
      load.resetGaps();
      const [replica] = cluster.replicas();
      const stalled = nextEvent(redis, 'connection.stalled', {
        where: ({ node }) => node.port === replica!.address.port,
      });
      await freeze(replica!);
      await stalled;
      await untilWritten(load, 200);
      const report = await load.stop();
      expect(countByCode(report.errors)).toEqual({});
      expect(report).toMatchObject({ hung: 0, wrongReads: [], uncertain: { set: 0, incr: 0 } });
      expect(report.readGapMs).toBeLessThan(1000);
      expect(redis.status.failovers.count).toBe(0);
    } finally {
      await load.stop();
    }
  });

  it('a primary that freezes together with the first listed Sentinel is replaced too', async () => {
    const { redis } = await startReadyEngine(withOptions(cluster.options(), { routing: ROUTING }));
    const load = startLoad(redis);
    try {
      await untilWritten(load, 50);
      const old = await cluster.currentPrimary();
      const switched = nextEvent(redis, 'failover.first-write');
      await Promise.all([freeze(cluster.sentinels()[0]!), freeze(old)]);
      const { failover } = await switched;
      expect(failover.from).toEqual(old.address);
      await untilWritten(load, 100);
      const report = await load.stop();
      expect(countByCode(report.errors)).toEqual({});
      expect(report).toMatchObject({ hung: 0, wrongReads: [] });
      expect(report.uncertain.set).toBe(0);
      expect((await load.check()).lost).toEqual([]);
    } finally {
      await load.stop();
    }
  });

  it('a Sentinel that accepts connections and never answers delays nothing', async () => {
    const mute = await FakeRedisServer.start(muteHandler);
    const base = cluster.options();
    const options = withOptions(base, {
      routing: ROUTING,
      sentinel: { nodes: [mute.address, ...base.sentinel.nodes] },
    });
    const startedAt = performance.now();
    const { redis } = await startReadyEngine(options);
    expect(performance.now() - startedAt).toBeLessThan(2500);
    const load = startLoad(redis);
    try {
      await untilWritten(load, 50);
      const old = await cluster.currentPrimary();
      const switched = nextEvent(redis, 'failover.first-write');
      await freeze(old);
      await switched;
      await untilWritten(load, 50);
      const report = await load.stop();
      expect(countByCode(report.errors)).toEqual({});
      expect(report.hung).toBe(0);
      expect((await load.check()).lost).toEqual([]);
      const first = redis.status.sentinels[0];
      expect(first).toMatchObject({ address: mute.address, isAnswering: false });
      expect(first?.problem).toEqual(expect.any(String));
    } finally {
      await load.stop();
      await closeEngines();
      await mute.stop();
    }
  });
});
