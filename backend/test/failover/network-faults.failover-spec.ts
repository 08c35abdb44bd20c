import {
  startRedisCluster,
  type FaultProxy,
  type RedisTestCluster,
  type RedisTestNode,
} from '../../src/redis/testing/index.js';
import {
  closeEngines,
  startReadyEngine,
  withOptions,
  type RunningEngine,
} from '../support/engines.js';
import { EventLog } from '../support/events.js';
import { startLoad } from '../support/load.js';
import { outcomeOf } from '../support/outcomes.js';
import { untilRead, untilWritten } from '../support/progress.js';

const WRITE_TIMEOUT_MS = 2000;

describe('between the application and its nodes, while the nodes see each other', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200, proxied: true });
  });
  afterEach(async () => {
    for (const node of cluster.nodes()) node.proxy.heal();
    await closeEngines();
  });
  afterAll(() => cluster.stop());

  function start(): Promise<RunningEngine> {
    return startReadyEngine(
      withOptions(cluster.options(), {
        routing: { readTimeoutMs: 1500, writeTimeoutMs: WRITE_TIMEOUT_MS },
        node: { heartbeatTimeoutMs: 1000 },
      }),
    );
  }

  it.each<[string, (proxy: FaultProxy) => void]>([
    ['is a black hole', (proxy) => proxy.blackHole()],
    ['refuses connections', (proxy) => proxy.refuse()],
    ['swallows what is sent', (proxy) => proxy.dropDirection('to-server')],
    ['swallows what is answered', (proxy) => proxy.dropDirection('from-server')],
    ['holds everything back', (proxy) => proxy.hold()],
  ])('the way to the primary %s: reads go on, writes fail typed and heal', async (_, fault) => {
    const { redis } = await start();
    const events = new EventLog(redis);
    const load = startLoad(redis, { opsPerSecond: 200 });
    try {
      await untilWritten(load, 30);
      load.resetGaps();
      fault(cluster.primary().proxy);
      await cluster.waitUntil(() => !redis.status.canWrite, { what: 'the fault is noticed' });
      const write = await outcomeOf(redis.incr('unreachable'));
      expect(write.code).toBe('NO_PRIMARY');
      expect(write.tookMs).toBeLessThan(WRITE_TIMEOUT_MS + 1000);
      await untilRead(load, 50);
      expect(redis.status).toMatchObject({ canRead: true, canWrite: false });
      cluster.primary().proxy.heal();
      await redis.whenReady(10_000);
      await untilWritten(load, 30);
      const report = await load.stop();
      const check = await load.check();
      expect(report).toMatchObject({ hung: 0, wrongReads: [], repeatedCounts: 0 });
      expect(report.readGapMs).toBeLessThan(1500);
      for (const { command, code } of report.errors) {
        expect(`${command} ${code}`).toMatch(/^(set|incr) NO_PRIMARY$/);
      }
      expect(check.lost).toEqual([]);
      expect(check.counter).toBeGreaterThanOrEqual(report.incrAcknowledged);
      expect(check.counter).toBeLessThanOrEqual(report.incrAcknowledged + report.uncertain.incr);
      expect(events.of('primary.switched')).toEqual([]);
    } finally {
      await load.stop();
      events.stop();
    }
  });

  it('replies that are cut in half are never taken for whole ones, nor for those of others', async () => {
    const { redis } = await start();
    const keys = Array.from({ length: 50 }, (_, i) => `big:${String(i)}`);
    const valueOf = (key: string): string => `${key} ${'x'.repeat(20_000)} ${key}`;
    await Promise.all(keys.map((key) => redis.set(key, valueOf(key))));
    await redis.exclusive((session) => session.wait(2, 2000));
    const nodes = [cluster.primary(), ...cluster.replicas()];
    let served = 0;
    for (let round = 0; round < 12; round++) {
      const reads = keys.map(async (key) => ({ key, outcome: await outcomeOf(redis.get(key)) }));
      const writes = keys.map((key) => outcomeOf(redis.set(key, valueOf(key))));
      const { proxy } = nodes[round % nodes.length]!;
      proxy.cutAfter(1 + round * 7001);
      setTimeout(() => proxy.heal(), 200);
      for (const { key, outcome } of await Promise.all(reads)) {
        expect(['PENDING', 'COMMAND_REJECTED']).not.toContain(outcome.code);
        if (outcome.code !== null) continue;
        served++;
        expect(outcome.value === valueOf(key)).toBe(true);
      }
      for (const outcome of await Promise.all(writes)) {
        expect([null, 'NO_PRIMARY', 'COMMAND_UNCERTAIN']).toContain(outcome.code);
      }
    }
    expect(served).toBeGreaterThan(400);
  });

  it('a delay of 300 ms makes calls slow and nothing else', async () => {
    const { redis } = await start();
    const events = new EventLog(redis);
    const load = startLoad(redis, { opsPerSecond: 100 });
    try {
      await untilWritten(load, 20);
      for (const node of [cluster.primary(), ...cluster.replicas()]) node.proxy.delay(300);
      await untilWritten(load, 100);
      await untilRead(load, 30);
      for (const node of cluster.nodes()) node.proxy.heal();
      const report = await load.stop();
      expect(report.errors).toEqual([]);
      expect(report).toMatchObject({ hung: 0, wrongReads: [], uncertain: { set: 0, incr: 0 } });
      expect((await load.check()).lost).toEqual([]);
      expect(events.of('primary.switched')).toEqual([]);
    } finally {
      await load.stop();
      events.stop();
    }
  });

  it('Sentinels whose replies are cut in half, delayed or swallowed disturb nobody', async () => {
    const { redis } = await start();
    const events = new EventLog(redis);
    const load = startLoad(redis, { opsPerSecond: 200 });
    const sentinels: readonly RedisTestNode[] = cluster.sentinels();
    try {
      for (const bytes of [1, 40, 300, 900]) {
        for (const sentinel of sentinels) sentinel.proxy.cutAfter(bytes);
        await untilWritten(load, 60);
      }
      sentinels[0]!.proxy.blackHole();
      sentinels[1]!.proxy.delay(300);
      sentinels[2]!.proxy.dropDirection('from-server');
      await untilWritten(load, 100);
      for (const sentinel of sentinels) sentinel.proxy.refuse();
      await untilWritten(load, 100);
      await cluster.waitUntil(() => redis.status.sentinels.every((one) => !one.isAnswering), {
        what: 'the engine says that no Sentinel answers',
      });
      expect(redis.status).toMatchObject({ canWrite: true });
      for (const sentinel of sentinels) sentinel.proxy.heal();
      await cluster.waitUntil(
        () => redis.status.sentinels.every((one) => one.isAnswering && one.isSubscribed),
        { what: 'every Sentinel is listened to again' },
      );
      const report = await load.stop();
      expect(report.errors).toEqual([]);
      expect(report).toMatchObject({ hung: 0, wrongReads: [], uncertain: { set: 0, incr: 0 } });
      expect(events.of('primary.switched')).toEqual([]);
      expect(events.of('connection.lost')).toEqual([]);
    } finally {
      await load.stop();
      events.stop();
    }
  });

  it('every connection is reset at once: nothing fails, and everything is connected again', async () => {
    const { redis } = await start();
    const events = new EventLog(redis);
    const load = startLoad(redis);
    try {
      await untilWritten(load, 100);
      for (const { proxy } of cluster.nodes()) {
        proxy.refuse();
        proxy.heal();
      }
      await untilWritten(load, 300);
      await cluster.waitUntil(
        () => redis.status.sentinels.every((one) => one.isAnswering && one.isSubscribed),
        { what: 'every Sentinel is listened to again' },
      );
      const report = await load.stop();
      const check = await load.check();
      expect(report.errors).toEqual([]);
      expect(report).toMatchObject({ hung: 0, wrongReads: [], repeatedCounts: 0 });
      expect(check.lost).toEqual([]);
      expect(check.counter).toBeGreaterThanOrEqual(report.incrAcknowledged);
      expect(check.counter).toBeLessThanOrEqual(report.incrAcknowledged + report.uncertain.incr);
      expect(redis.status.waiting).toEqual({ reads: 0, writes: 0 });
      expect(events.of('primary.switched')).toEqual([]);
    } finally {
      await load.stop();
      events.stop();
    }
  });

  it('a failover is followed while two Sentinels cannot be reached', async () => {
    const { redis } = await start();
    const load = startLoad(redis, { opsPerSecond: 200 });
    const old = cluster.primary();
    try {
      await untilWritten(load, 30);
      for (const sentinel of cluster.sentinels().slice(0, 2)) sentinel.proxy.blackHole();
      await old.kill();
      const now = await cluster.waitForPrimaryOtherThan(old);
      await cluster.waitUntil(() => redis.status.primary?.address.port === now.address.port, {
        what: 'the engine follows',
      });
      await redis.whenReady(10_000);
      await untilWritten(load, 30);
      const report = await load.stop();
      expect(report).toMatchObject({ hung: 0, wrongReads: [] });
      expect(report.errors.filter(({ command }) => command === 'get')).toEqual([]);
      for (const { code } of report.errors) expect(code).toBe('NO_PRIMARY');
    } finally {
      await load.stop();
      for (const node of cluster.nodes()) node.proxy.heal();
      await old.restart();
      await cluster.waitForReady();
    }
  });
});
