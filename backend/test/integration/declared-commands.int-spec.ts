import type { RedisService } from '../../src/redis/index.js';
import { startRedisCluster, type RedisTestCluster } from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine } from '../support/engines.js';
import { outcomeOf } from '../support/outcomes.js';

jest.setTimeout(60_000);

// A connection to the replica may be a moment later than that to the primary.
const asRead = { as: 'read', readPolicy: 'replica', timeoutMs: 5000 } as const;

describe('commands that this version does not know, on real servers', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    // The names of a module, as it were: nobody knows them, and Redis does what it did before.
    const redisConfig = ['rename-command STRLEN MINE.SIZE', 'rename-command APPEND MINE.PUT'];
    cluster = await startRedisCluster({ replicas: 1, redisConfig });
  });
  afterEach(() => closeEngines());
  afterAll(() => cluster.stop());

  /** Returns how often each node was asked for a command. */
  const calls = async (command: string): Promise<number[]> =>
    Promise.all(
      [await cluster.currentPrimary(), ...cluster.replicas()].map(async (node) => {
        const stats = (await node.command('INFO', 'commandstats')) as string;
        return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
      }),
    );
  const replicated = async (redis: RedisService): Promise<unknown> =>
    redis.with({ replicas: 1 }).set('k', 'value');

  it('are asked of a replica when they read, and of the primary when they write', async () => {
    const { redis } = await startReadyEngine(cluster.options());
    await replicated(redis);
    await expect(redis.with(asRead).call('MINE.SIZE', 'k')).resolves.toBe(5);
    expect(await calls('strlen')).toEqual([0, 1]);
    await expect(redis.with({ as: 'write' }).call('MINE.PUT', 'k', 's')).resolves.toBe(6);
    await expect(redis.call('MINE.SIZE', 'k')).resolves.toBe(6);
    expect(await calls('strlen')).toEqual([1, 1]);
  });

  it('are rejected by the replica when they are declared as reads and write', async () => {
    const { redis } = await startReadyEngine(cluster.options());
    const { code, error } = await outcomeOf(redis.with(asRead).call('MINE.PUT', 'k', 'never'));
    expect([code, (error as Error).message]).toEqual([
      'COMMAND_REJECTED',
      expect.stringContaining("declare it with { as: 'write' }"),
    ]);
    await expect(redis.with({ readPolicy: 'primary' }).get('k')).resolves.not.toContain('never');
  });

  it('may be scripts that read, which then run on a replica', async () => {
    const { redis } = await startReadyEngine(cluster.options());
    await replicated(redis);
    const lua = 'return redis.call("GET", KEYS[1])';
    await expect(redis.with(asRead).eval(lua, 1, 'k')).resolves.toBe('value');
    expect(await calls('eval')).toEqual([0, 1]);
  });
});
