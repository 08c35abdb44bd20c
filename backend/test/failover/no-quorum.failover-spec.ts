import { startRedisCluster, type RedisTestCluster } from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine, withOptions } from '../support/engines.js';
import { startLoad } from '../support/load.js';
import { outcomeOf } from '../support/outcomes.js';
import { untilRead, untilWritten } from '../support/progress.js';

const WRITE_TIMEOUT_MS = 1500;

describe('without a quorum of Sentinels', () => {
  let cluster: RedisTestCluster;
  let killed: ReturnType<RedisTestCluster['sentinels']>;

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200 });
    killed = cluster.sentinels().slice(0, 2);
  });
  afterEach(() => closeEngines());
  afterAll(() => cluster.stop());

  const options = () =>
    withOptions(cluster.options(), {
      routing: { readTimeoutMs: 1500, writeTimeoutMs: WRITE_TIMEOUT_MS },
    });

  it('nothing is noticed while the primary lives, and an application can still be started', async () => {
    const { redis } = await startReadyEngine(options());
    const load = startLoad(redis);
    try {
      await untilWritten(load, 50);
      await Promise.all(killed.map((node) => node.kill()));
      await untilWritten(load, 300);
      const late = await startReadyEngine(options());
      expect(await late.redis.set('started', 'late')).toBe('OK');
      const report = await load.stop();
      expect(report.errors).toEqual([]);
      expect(report).toMatchObject({ hung: 0, uncertain: { set: 0, incr: 0 } });
      expect((await load.check()).lost).toEqual([]);
      expect(redis.status.sentinels.filter(({ isAnswering }) => isAnswering)).toHaveLength(1);
    } finally {
      await load.stop();
    }
  });

  it('reads go on when the primary freezes; writes fail typed at their deadline and work after its return', async () => {
    const { redis } = await startReadyEngine(options());
    const load = startLoad(redis);
    const primary = cluster.primary();
    try {
      await untilWritten(load, 50);
      load.resetGaps();
      await primary.freeze();
      await cluster.waitUntil(() => !redis.status.canWrite, { what: 'the freeze is noticed' });
      const write = await outcomeOf(redis.set('nobody', 'there'));
      expect(write.code).toBe('NO_PRIMARY');
      expect(write.tookMs).toBeGreaterThanOrEqual(WRITE_TIMEOUT_MS - 50);
      expect(write.tookMs).toBeLessThan(WRITE_TIMEOUT_MS + 1000);
      await untilRead(load, 100);
      expect(redis.status).toMatchObject({ status: 'degraded', canRead: true, canWrite: false });
      expect([redis.canRead, redis.canWrite]).toEqual([true, false]);
      const thawedAt = performance.now();
      primary.thaw();
      await untilWritten(load, 20);
      expect(performance.now() - thawedAt).toBeLessThan(3000);
      const report = await load.stop();
      const check = await load.check();
      expect(report).toMatchObject({ hung: 0, wrongReads: [] });
      expect(report.errors.filter(({ command }) => command === 'get')).toEqual([]);
      expect(new Set(report.errors.map(({ code }) => code))).toEqual(new Set(['NO_PRIMARY']));
      expect(report.readGapMs).toBeLessThan(1000);
      expect(check.lost).toEqual([]);
      expect(check.counter).toBeGreaterThanOrEqual(report.incrAcknowledged);
      expect(check.counter).toBeLessThanOrEqual(report.incrAcknowledged + report.uncertain.incr);
    } finally {
      if (primary.isFrozen) primary.thaw();
      await load.stop();
    }
  });

  it('reads go on when the primary is killed; writes work again soon after it was started', async () => {
    const { redis } = await startReadyEngine(options());
    await redis.set('greeting', 'hello');
    await redis.exclusive((session) => session.wait(2, 1000));
    const load = startLoad(redis);
    const primary = cluster.primary();
    try {
      await untilWritten(load, 50);
      await primary.kill();
      await cluster.waitUntil(() => !redis.status.canWrite, { what: 'the loss is noticed' });
      expect(await redis.get('greeting')).toBe('hello');
      const write = await outcomeOf(redis.incr('nobody'));
      expect(write.code).toBe('NO_PRIMARY');
      expect(String(write.error)).toContain(String(primary.address.port));
      await untilRead(load, 100);
      await primary.restart();
      const backAt = performance.now();
      await redis.whenReady(10_000);
      await untilWritten(load, 20);
      expect(performance.now() - backAt).toBeLessThan(3000);
      const report = await load.stop();
      expect(report).toMatchObject({ hung: 0, wrongReads: [] });
      expect(new Set(report.errors.map(({ code }) => code))).toEqual(new Set(['NO_PRIMARY']));
    } finally {
      await load.stop();
    }
  });

  it('the Sentinels that come back are listened to again', async () => {
    const { redis } = await startReadyEngine(options());
    await Promise.all(killed.map((node) => node.restart()));
    await cluster.waitUntil(
      () =>
        redis.status.sentinels.filter((one) => one.isAnswering && one.isSubscribed).length === 3,
      { what: 'all Sentinels are listened to' },
    );
    expect(redis.status.sentinels).toHaveLength(3);
  });
});
