import { startRedisCluster, type RedisTestCluster } from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine } from '../support/engines.js';
import { nextEvent } from '../support/events.js';
import { outcomeOf } from '../support/outcomes.js';

describe('writes that replicas confirm, on real servers', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ minReplicasToWrite: 0 });
  });
  afterEach(async () => {
    await closeEngines();
    for (const node of cluster.nodes()) if (node.isFrozen) node.thaw();
    for (const node of cluster.nodes()) if (!node.isRunning) await node.restart();
    await cluster.waitForReady();
  });
  afterAll(() => cluster.stop());

  it('are on both replicas when they resolve, also a transaction and a script', async () => {
    const { redis } = await startReadyEngine(cluster.options());
    const confirmed = redis.with({ replicas: 2 });
    await confirmed.set('one', '1');
    await confirmed.multi().set('two', '2').incr('two').exec();
    const put = confirmed.script({ lua: 'return redis.call("SET", KEYS[1], ARGV[1])' });
    await put(['three'], ['3']);
    for (const replica of cluster.replicas()) {
      const found = await Promise.all(
        ['one', 'two', 'three'].map((key) => replica.command('GET', key)),
      );
      expect(found).toEqual(['1', '3', '3']);
    }
  });

  it('tell how many confirmed them when one replica does not answer, and stand', async () => {
    const { redis } = await startReadyEngine(cluster.options());
    await redis.with({ replicas: 2 }).set('k', 'before');
    const [frozen] = cluster.replicas();
    await frozen?.freeze();
    const write = outcomeOf(redis.with({ replicas: 2, timeoutMs: 2000 }).set('k', 'after'));
    expect((await write).error).toMatchObject({
      code: 'NOT_REPLICATED',
      details: { command: 'set', replicas: 2, acknowledged: 1 },
    });
    await expect(redis.with({ readPolicy: 'primary' }).get('k')).resolves.toBe('after');
    await expect(redis.with({ replicas: 1, timeoutMs: 2000 }).set('k', 'one')).resolves.toBe('OK');
  });

  it('are not lost when the primary is killed right after they resolved', async () => {
    const { redis } = await startReadyEngine(cluster.options());
    const switched = nextEvent(redis, 'failover.completed');
    const confirmed = redis.with({ replicas: 2 });
    for (let i = 0; i < 50; i++) await confirmed.set(`kept:${String(i)}`, String(i));
    await (await cluster.currentPrimary()).kill();
    await switched;
    const values = await redis
      .with({ readPolicy: 'primary', timeoutMs: 5000 })
      .mget(...Array.from({ length: 50 }, (_, i) => `kept:${String(i)}`));
    expect(values).toEqual(Array.from({ length: 50 }, (_, i) => String(i)));
    // And the next one goes to the new primary, which has one replica left.
    await expect(redis.with({ replicas: 1 }).set('k', 'next')).resolves.toBe('OK');
  });
});
