import { RedisModule, RedisService, type RedisHaOptions } from '../../src/redis/index.js';
import { startRedisCluster, type RedisTestCluster } from '../../src/redis/testing/index.js';
import { callsOf } from '../support/clients.js';
import { closeApps, startApp } from '../support/apps.js';
import { closeEngines, startReadyEngine, withOptions } from '../support/engines.js';
import { EventLog, nextEvent } from '../support/events.js';
import { countByCode, startLoad } from '../support/load.js';
import { outcomeOf } from '../support/outcomes.js';
import { untilWritten } from '../support/progress.js';

/** Deadlines that a busy test machine keeps as well. */
function options(cluster: RedisTestCluster): RedisHaOptions {
  return withOptions(cluster.options(), {
    routing: { readTimeoutMs: 1500, writeTimeoutMs: 10_000 },
  });
}

describe('while the primary is killed', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200 });
  });
  afterEach(async () => {
    await closeApps();
    await closeEngines();
  });
  afterAll(() => cluster.stop());

  it('no call fails, nothing hangs, and the history tells what happened', async () => {
    const { app, log } = await startApp({ imports: [RedisModule.forRoot(options(cluster))] });
    const redis = app.get(RedisService);
    await redis.whenReady();
    const events = new EventLog(redis);
    const load = startLoad(redis);
    try {
      await untilWritten(load, 100);
      load.resetGaps();
      const before = redis.status.epoch;
      const old = await cluster.currentPrimary();
      const firstWrite = nextEvent(redis, 'failover.first-write');
      const killedAt = Date.now();
      await old.kill();
      const { failover } = await firstWrite;
      await untilWritten(load, 200);
      const report = await load.stop();
      const check = await load.check();

      expect(countByCode(report.errors)).toEqual({});
      expect(report.hung).toBe(0);
      expect(report.wrongReads).toEqual([]);
      // SET is repeatable, so only the counter may be in doubt.
      expect(report.uncertain.set).toBe(0);
      expect(check.counter).toBeLessThanOrEqual(report.incrAcknowledged + report.uncertain.incr);
      expect(report.readsServed).toBeGreaterThan(100);
      expect(report.readGapMs).toBeLessThan(1000);
      expect(report.writeGapMs).toBeLessThan(9000);
      console.log(
        `kill -9: write gap ${report.writeGapMs.toFixed(0)} ms, read gap ${report.readGapMs.toFixed(0)} ms, ` +
          `${String(report.uncertain.incr)} INCR uncertain, ${String(check.lost.length)} of ${String(check.checked)} ` +
          'acknowledged SETs lost with the primary (asynchronous replication)',
      );
      // What the replicas had not received yet when the process died: a few milliseconds' worth.
      expect(check.lost.length).toBeLessThan(20);

      const now = await cluster.currentPrimary();
      expect(failover).toMatchObject({ from: old.address, to: now.address, reason: 'failure' });
      expect(failover.epoch).toBeGreaterThan(before);
      const { suspectedAt, sdownAt, odownAt, electedAt, promotedAt, switchedAt, firstWriteAt } =
        failover;
      const moments = [suspectedAt, sdownAt, odownAt, electedAt, promotedAt, firstWriteAt];
      expect(moments.map((at) => typeof at)).toEqual(moments.map(() => 'number'));
      expect(suspectedAt).toBeGreaterThanOrEqual(killedAt);
      const inOrder = [suspectedAt, sdownAt, odownAt, electedAt, promotedAt, firstWriteAt];
      expect([...inOrder].sort((a, b) => Number(a) - Number(b))).toEqual(inOrder);
      expect(switchedAt).toBeLessThanOrEqual(Number(firstWriteAt));
      expect(switchedAt).toBeGreaterThanOrEqual(Number(electedAt));
      expect(redis.status.failovers).toMatchObject({ count: 1, countInLast24h: 1, last: failover });
      expect(events.of('failover.completed')).toHaveLength(1);
      const line = log.texts().filter((text) => text.startsWith('Failover (failure, epoch'));
      expect(line).toHaveLength(1);
      for (const step of [
        'suspected',
        'sdown',
        'odown',
        'elected',
        'promoted',
        'switched',
        'first write',
      ]) {
        expect(line[0]).toContain(`${step} +`);
      }
    } finally {
      await load.stop();
      events.stop();
    }
  });

  it('the old primary comes back as a replica and serves reads again', async () => {
    const { redis } = await startReadyEngine(options(cluster));
    const old = cluster.nodes().find((node) => !node.isRunning);
    expect(old).toBeDefined();
    const load = startLoad(redis);
    try {
      await old!.restart();
      await cluster.waitForReady();
      await cluster.waitUntil(
        () =>
          redis.status.replicas.some(
            ({ address, role, isLinked }) =>
              address.port === old!.address.port && role === 'replica' && isLinked,
          ),
        { what: 'the engine sees the old primary as a linked replica' },
      );
      // Nobody else asks it anything that counts as a GET.
      await cluster.waitUntil(async () => (await callsOf(old!, 'get')) > 5, {
        what: 'the old primary answers reads',
      });
      expect((await callsOf(old!, 'get')) > 5).toBe(true);
    } finally {
      const report = await load.stop();
      expect(countByCode(report.errors)).toEqual({});
      expect(report.uncertain).toEqual({ set: 0, incr: 0 });
    }
  });

  it('an orderly stop of the primary (SIGTERM) costs no call', async () => {
    const { redis } = await startReadyEngine(options(cluster));
    const load = startLoad(redis);
    try {
      await untilWritten(load, 50);
      const old = await cluster.currentPrimary();
      const switched = nextEvent(redis, 'failover.first-write');
      await old.terminate();
      await switched;
      await untilWritten(load, 50);
      const report = await load.stop();
      const check = await load.check();
      expect(countByCode(report.errors)).toEqual({});
      expect(report).toMatchObject({ hung: 0, wrongReads: [] });
      expect(report.uncertain.set).toBe(0);
      expect(check.counter).toBeLessThanOrEqual(report.incrAcknowledged + report.uncertain.incr);
      // Redis waits for its replicas before it goes.
      expect(check.lost.length).toBeLessThan(5);
      await old.restart();
      await cluster.waitForReady();
    } finally {
      await load.stop();
    }
  });

  it('the loss of a replica is not noticed by any reader', async () => {
    const { redis } = await startReadyEngine(options(cluster));
    const load = startLoad(redis);
    const [victim] = cluster.replicas();
    try {
      await untilWritten(load, 50);
      await victim!.kill();
      await nextOrPresentLoss(redis, victim!.address.port);
      await untilWritten(load, 200);
      const report = await load.stop();
      expect(countByCode(report.errors)).toEqual({});
      expect(report).toMatchObject({ hung: 0, wrongReads: [], uncertain: { set: 0, incr: 0 } });
      expect((await load.check()).lost).toEqual([]);
      expect(redis.status.failovers.count).toBe(0);
    } finally {
      await load.stop();
      await victim!.restart();
      await cluster.waitForReady();
    }
  });

  it('all three Redis die and come back: calls fail typed, and work again without help', async () => {
    const { redis } = await startReadyEngine(
      withOptions(cluster.options(), { routing: { readTimeoutMs: 300, writeTimeoutMs: 1500 } }),
    );
    const data = [cluster.primary(), ...cluster.replicas()];
    const load = startLoad(redis, { opsPerSecond: 100 });
    try {
      await untilWritten(load, 20);
      await Promise.all(data.map((node) => node.kill()));
      await cluster.waitUntil(() => redis.status.status === 'down', {
        what: 'the loss is noticed',
      });
      const outcomes = await Promise.all([
        outcomeOf(redis.set('gone', '1')),
        outcomeOf(redis.get('gone')),
      ]);
      expect(outcomes.map(({ code }) => code)).toEqual(['NO_PRIMARY', 'COMMAND_TIMEOUT']);
      expect(redis.status).toMatchObject({ status: 'down', canRead: false, canWrite: false });
      await Promise.all(data.map((node) => node.restart()));
      await redis.whenReady(30_000);
      await untilWritten(load, 20);
      const report = await load.stop();
      expect(report).toMatchObject({ hung: 0, wrongReads: [] });
      const codesSeen = new Set(report.errors.map(({ code }) => code));
      for (const code of codesSeen) expect(['NO_PRIMARY', 'COMMAND_TIMEOUT']).toContain(code);
      expect(redis.status).toMatchObject({ canWrite: true });
    } finally {
      await load.stop();
    }
  });
});

async function nextOrPresentLoss(redis: RedisService, port: number): Promise<void> {
  const isLost = (): boolean =>
    redis.status.replicas.some((one) => one.address.port === port && one.connection !== 'ready');
  if (isLost()) return;
  await nextEvent(redis, 'connection.lost', { where: ({ node }) => node.port === port });
}
