import { startRedisCluster } from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine, withOptions } from '../support/engines.js';
import { nextEvent } from '../support/events.js';
import { Load } from '../support/load.js';
import { everyServer } from '../support/servers.js';

async function expectNoFailedCall(load: Load): Promise<void> {
  const { errors, hung, uncertain } = await load.stop();
  // INCR is not repeated when its answer was lost with the primary; SET is.
  expect({ errors, hung, sets: uncertain.set }).toEqual({ errors: [], hung: 0, sets: 0 });
}

describe.each(everyServer())('on $version', ({ path, version }) => {
  afterEach(() => closeEngines());

  it('a switchover and the death of the primary fail no call, and the switchover loses nothing', async () => {
    await using cluster = await startRedisCluster({ redisServerPath: path });
    const { redis } = await startReadyEngine(
      withOptions(cluster.options(), { routing: { writeTimeoutMs: 15_000, readTimeoutMs: 1500 } }),
    );
    const info = await cluster.primary().info('server');
    expect(version).toContain(info.get('valkey_version') ?? info.get('redis_version'));
    const raw = redis.createClient({ maxRetriesPerRequest: null });
    expect(await raw.set('raw', '1')).toBe('OK');
    const planned = new Load(redis, { opsPerSecond: 200 });
    const report = await redis.switchover();
    expect(report.to).not.toEqual(report.from);
    await expectNoFailedCall(planned);
    expect((await planned.check()).lost).toEqual([]);

    const unplanned = new Load(redis, { opsPerSecond: 200 });
    const switched = nextEvent(redis, 'failover.first-write');
    await (await cluster.currentPrimary()).kill();
    await switched;
    expect(await raw.set('raw', '2')).toBe('OK');
    await expectNoFailedCall(unplanned);
  });
});
