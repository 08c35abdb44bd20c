import { startRedisCluster, type RedisTestCluster } from '../../src/redis/testing/index.js';
import { startApp, type RunningApp } from './support/running-app.js';

const HEALTH_WITHIN_MS = 100;
const CALLERS = 8;

describe('the sample backend with a Sentinel cluster', () => {
  let cluster: RedisTestCluster;
  let app: RunningApp;

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200 });
    app = await startApp(cluster.env());
    await app.redis.whenReady();
  });

  afterAll(async () => {
    await app.close();
    await cluster.stop();
  });

  const failedOver = (): Promise<void> =>
    new Promise((resolve) => {
      const stop = app.redis.on('failover.first-write', () => {
        stop();
        resolve();
      });
    });

  it('answers /health in the shape that probes and jq expect', async () => {
    const { body, status } = await app.http.get('/health');
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ok', info: { redis: { status: 'up' } } });
    expect(body.error).toEqual({});
    expect(body.redis).toMatchObject({
      status: 'up',
      connected: true,
      message: 'Redis is healthy (Sentinel mode)',
      mode: 'sentinel',
      metrics: { hits: expect.any(Number), hitRate: expect.any(Number) },
      sentinel: {
        enabled: true,
        masterName: 'mymaster',
        currentMaster: cluster.primary().address,
        failoverCount: 0,
        lastFailover: null,
      },
    });
    expect(body.redis.sentinel.sentinels).toHaveLength(3);
  });

  it('validates every session while the primary is killed, and keeps them all', async () => {
    const tokens = await Promise.all([1, 2, 3, 4, 5, 6].map((user) => app.http.login(user)));
    const statuses = new Map<number, number>();
    const race = { isOver: false };
    const callers = Array.from({ length: CALLERS }, async (_, caller) => {
      for (let turn = caller; !race.isOver; turn++) {
        const token = tokens[turn % tokens.length] ?? '';
        const { status } = await app.http.get('/api/auth/session', { token });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    });
    const moved = failedOver();
    const killed = await cluster.currentPrimary();
    await killed.kill();
    const written = app.http.post('/api/counters/during-the-failover');
    await moved;
    await expect(written).resolves.toMatchObject({ status: 200 });
    race.isOver = true;
    await Promise.all(callers);
    expect([...statuses.keys()]).toEqual([200]);
    expect(statuses.get(200)).toBeGreaterThan(100);
    for (const token of tokens) {
      expect((await app.http.get('/api/auth/session', { token })).status).toBe(200);
    }
    await killed.start();
    await cluster.waitForReady();
  });

  it('answers /health at once while the primary is frozen, and shows the failover afterwards', async () => {
    const primary = await cluster.currentPrimary();
    const moved = failedOver();
    const noticed = new Promise<void>((resolve) => {
      app.redis.on('primary.suspected', () => resolve());
    });
    await primary.freeze();
    // What was sent before would be uncertain: nobody knows what a frozen process has done.
    await noticed;
    const written = app.http.post('/api/counters/visits');
    const race = { isOver: false };
    const asked: number[] = [];
    void moved.then(() => (race.isOver = true));
    while (!race.isOver) {
      const askedAt = performance.now();
      expect((await app.http.get('/health')).status).toBe(200);
      asked.push(performance.now() - askedAt);
    }
    await expect(written).resolves.toMatchObject({ body: { value: 1, keptIn: 'redis' } });
    primary.thaw();
    const { body } = await app.http.get('/health');
    expect(body.redis.sentinel).toMatchObject({
      failoverCount: 2,
      lastFailover: { from: primary.address, reason: 'failure' },
    });
    asked.sort((a, b) => a - b);
    expect(asked[Math.floor(asked.length / 2)]).toBeLessThan(HEALTH_WITHIN_MS);
  });

  it('goes back to one Redis, and to memory, by one variable each, and serves in each', async () => {
    const { host, port } = (await cluster.currentPrimary()).address;
    const sentinels = { ...cluster.env(), REDIS_HOST: host, REDIS_PORT: String(port) };
    for (const [change, mode] of [
      [{}, 'sentinel'],
      [{ REDIS_SENTINEL_ENABLED: 'false' }, 'standalone'],
      [{ REDIS_MODE: 'memory' }, 'memory'],
    ] as const) {
      const other = await startApp({ ...sentinels, ...change });
      try {
        expect(other.redis.status.mode).toBe(mode);
        const token = await other.http.login();
        expect((await other.http.get('/api/auth/session', { token })).status).toBe(200);
        expect((await other.http.get('/api/products/1')).status).toBe(200);
        expect((await other.http.post('/api/counters/rollback')).status).toBe(200);
        expect((await other.http.get('/health')).body.redis.mode).toBe(mode);
      } finally {
        await other.close();
      }
    }
  });
});
