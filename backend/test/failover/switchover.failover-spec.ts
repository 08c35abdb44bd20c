import { SwitchoverFailedError } from '../../src/redis/index.js';
import {
  startRedisCluster,
  startRedisServer,
  type RedisTestCluster,
} from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine, withOptions } from '../support/engines.js';
import { EventLog } from '../support/events.js';
import { countByCode, startLoad } from '../support/load.js';
import { outcomeOf } from '../support/outcomes.js';
import { untilWritten } from '../support/progress.js';

jest.setTimeout(120_000);

const ROUTING = { readTimeoutMs: 1500, writeTimeoutMs: 10_000 };

describe('switchover()', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200 });
  });
  afterEach(async () => {
    await closeEngines();
    await cluster.waitForReady();
  });
  afterAll(() => cluster.stop());

  it('moves the primary without losing or doubting a single write', async () => {
    const { redis } = await startReadyEngine(withOptions(cluster.options(), { routing: ROUTING }));
    const events = new EventLog(redis);
    const load = startLoad(redis);
    try {
      await untilWritten(load, 200);
      load.resetGaps();
      const old = await cluster.currentPrimary();
      const report = await redis.switchover();
      await untilWritten(load, 100);
      const outcome = await load.stop();
      const check = await load.check();
      console.log(
        `switchover: ${JSON.stringify(report)}, write gap ${outcome.writeGapMs.toFixed(0)} ms`,
      );
      expect(countByCode(outcome.errors)).toEqual({});
      expect(outcome).toMatchObject({
        hung: 0,
        wrongReads: [],
        uncertain: { set: 0, incr: 0 },
        repeatedCounts: 0,
      });
      expect(check.lost).toEqual([]);
      expect(check.counter).toBe(outcome.incrAcknowledged);
      const now = await cluster.currentPrimary();
      expect(report).toEqual({
        from: old.address,
        to: now.address,
        writeGapMs: expect.any(Number) as number,
        totalMs: expect.any(Number) as number,
        isCoordinated: false,
        isOldPrimaryReplica: true,
      });
      expect(report.writeGapMs).toBeLessThan(4000);
      expect(await old.role()).toBe('replica');
      expect(redis.failovers.at(-1)).toMatchObject({ reason: 'switchover', from: old.address });
      expect(events.of('failover.completed')).toHaveLength(1);
      expect(redis.status.canWrite).toBe(true);
      // Nobody is left paused.
      expect(await writesPass(old)).toBe('READONLY');
    } finally {
      await load.stop();
      events.stop();
    }
  });

  it('goes to the replica that was asked for, and puts the priorities back', async () => {
    const { redis } = await startReadyEngine(withOptions(cluster.options(), { routing: ROUTING }));
    const load = startLoad(redis, { opsPerSecond: 100 });
    try {
      await untilWritten(load, 20);
      await cluster.currentPrimary();
      const wanted = cluster.replicas().at(-1)!;
      const report = await redis.switchover({ to: wanted.address, timeoutMs: 30_000 });
      expect(report.to).toEqual(wanted.address);
      expect((await cluster.currentPrimary()).name).toBe(wanted.name);
      const outcome = await load.stop();
      expect(countByCode(outcome.errors)).toEqual({});
      expect((await load.check()).lost).toEqual([]);
      for (const node of [cluster.primary(), ...cluster.replicas()]) {
        // Sentinel breaks off the connections of a node that it makes a replica, this one too.
        const answer = await cluster.waitUntil(
          () => node.command('CONFIG', 'GET', 'replica-priority'),
          { what: `${node.name} says its priority` },
        );
        expect(answer).toEqual(['replica-priority', '100']);
      }
    } finally {
      await load.stop();
    }
  });

  it('may follow at once on one that went to a certain replica', async () => {
    const { redis } = await startReadyEngine(withOptions(cluster.options(), { routing: ROUTING }));
    await cluster.currentPrimary();
    const wanted = cluster.replicas().at(-1)!;
    const first = await redis.switchover({ to: wanted.address, timeoutMs: 30_000 });
    const second = await redis.switchover({ timeoutMs: 30_000 });
    expect(second.from).toEqual(first.to);
    expect(second.isOldPrimaryReplica).toBe(true);
  });

  it('refuses a second one while the first is under way, which is not disturbed', async () => {
    const { redis } = await startReadyEngine(withOptions(cluster.options(), { routing: ROUTING }));
    const first = redis.switchover();
    const second = await outcomeOf(redis.switchover(), 1000);
    expect(second.code).toBe('SWITCHOVER_FAILED');
    expect(String(second.error)).toMatch(/under way/);
    await expect(first).resolves.toMatchObject({ isOldPrimaryReplica: true });
  });

  it('lets writes through again when a replica cannot catch up in time', async () => {
    const { redis } = await startReadyEngine(withOptions(cluster.options(), { routing: ROUTING }));
    const load = startLoad(redis);
    const old = await cluster.currentPrimary();
    const replicas = cluster.replicas();
    try {
      await untilWritten(load, 50);
      await Promise.all(replicas.map((node) => node.freeze()));
      const outcome = await outcomeOf(redis.switchover({ timeoutMs: 3000 }), 10_000);
      expect(outcome.code).toBe('SWITCHOVER_FAILED');
      expect(outcome.error).toBeInstanceOf(SwitchoverFailedError);
      expect(String(outcome.error)).toMatch(/Writes were let through again/);
      expect(outcome.tookMs).toBeLessThan(4000);
      for (const node of replicas) node.thaw();
      // Writes pass on the same primary, at once and not only when the server's own pause is over.
      await untilWritten(load, 50);
      expect((await cluster.currentPrimary()).name).toBe(old.name);
      expect(await writesPass(old)).toBe('OK');
      const report = await load.stop();
      expect(countByCode(report.errors)).toEqual({});
      expect(report).toMatchObject({ hung: 0, wrongReads: [] });
      expect((await load.check()).lost).toEqual([]);
      expect(redis.failovers).toEqual([]);
    } finally {
      for (const node of replicas) if (node.isFrozen) node.thaw();
      await load.stop();
    }
  });

  it('names the replicas when asked for a node that is none, and changes nothing', async () => {
    const { redis } = await startReadyEngine(cluster.options());
    const outcome = await outcomeOf(redis.switchover({ to: { host: '127.0.0.1', port: 1 } }));
    expect(outcome.code).toBe('INVALID_ARGUMENT');
    expect(String(outcome.error)).toContain(String(cluster.replicas()[0]!.address.port));
    expect(await outcomeOf(redis.set('still', 'works'))).toMatchObject({ value: 'OK' });
  });

  it('is refused where there are no Sentinels', async () => {
    await using server = await startRedisServer();
    const { redis } = await startReadyEngine(server.options());
    const outcome = await outcomeOf(redis.switchover());
    expect(outcome.code).toBe('SWITCHOVER_FAILED');
    expect(String(outcome.error)).toMatch(/Sentinel/);
    expect(await redis.set('still', 'works')).toBe('OK');
    await closeEngines();
  });
});

/** The outcome of a write directly on the node: `OK`, the refusal, or that it waits. */
async function writesPass(node: { command(...args: string[]): Promise<unknown> }): Promise<string> {
  const outcome = await outcomeOf(node.command('SET', 'direct', '1'), 2000);
  if (outcome.code === 'COMMAND_REJECTED')
    return String(outcome.error).includes('READONLY') ? 'READONLY' : 'refused';
  return outcome.code ?? String(outcome.value);
}
