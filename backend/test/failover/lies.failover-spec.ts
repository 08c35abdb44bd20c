import { startRedisCluster, type RedisTestCluster } from '../../src/redis/testing/index.js';
import { callsOf } from '../support/clients.js';
import { closeEngines, startReadyEngine, withOptions } from '../support/engines.js';
import { EventLog } from '../support/events.js';
import { announceRogueSentinel, startForeignRedis, takeAddressOf } from '../support/impostors.js';
import { startLoad } from '../support/load.js';
import { outcomeOf } from '../support/outcomes.js';
import { untilRead, untilWritten } from '../support/progress.js';
import { FAILS_WITH } from '../support/user-scripts.js';

/** Of a script; what waits for it waits at least as long. */
const DEADLINE_MS = 2000;

describe('what is said to the engine and is not so', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterEach(() => closeEngines());
  afterAll(() => cluster.stop());

  it.each(['BUSY the lock is held', 'LOADING the truck', 'NOREPLICAS of this item'])(
    "a user's script that answers %s runs once and is rejected; writes of others do not wait for it",
    async (word) => {
      const { redis } = await startReadyEngine(cluster.options());
      const script = outcomeOf(
        redis.with({ timeoutMs: DEADLINE_MS }).call('eval', FAILS_WITH, 1, word, word),
      );
      const write = outcomeOf(redis.set('of', 'others'));
      const outcome = await script;
      expect(outcome.code).toBe('COMMAND_REJECTED');
      expect(String(outcome.error)).toContain(word);
      expect(await write).toMatchObject({ code: null });
      expect((await write).tookMs).toBeLessThan(DEADLINE_MS / 2);
      expect(await cluster.primary().command('GET', word)).toBe('1');
    },
  );

  it('a replica of another Redis, at the address of a dead one of ours, answers no read', async () => {
    await using foreign = await startForeignRedis(cluster);
    await cluster.primary().command('SET', 'whose', 'ours');
    await foreign.node.command('SET', 'whose', 'of another Redis');
    await cluster.primary().command('WAIT', '2', '900');
    const { redis } = await startReadyEngine(cluster.options());
    const replica = cluster.replicas()[0]!;
    await takeAddressOf(replica, foreign);
    await cluster.waitUntil(async () => (await replica.command('GET', 'whose')) !== 'ours', {
      what: 'it serves the data of another Redis',
    });
    await cluster.waitUntil(
      () =>
        redis.status.replicas.some(
          ({ address, connection }) =>
            address.port === replica.address.port && connection === 'ready',
        ),
      { what: 'the engine is connected to it' },
    );
    try {
      const answers = new Set<unknown>();
      for (let round = 0; round < 100; round++) {
        const reads = await Promise.all(Array.from({ length: 20 }, () => redis.get('whose')));
        for (const value of reads) answers.add(value);
      }
      expect([...answers]).toEqual(['ours']);
    } finally {
      const { host, port } = cluster.primary().address;
      await replica.command('REPLICAOF', host, String(port));
      await cluster.waitForReady();
    }
  });

  it('a Sentinel announced by PUBLISH gets no traffic for the primary that it names', async () => {
    await using foreign = await startForeignRedis(cluster);
    const { redis } = await startReadyEngine(
      withOptions(cluster.options(), { sentinel: { pollIntervalMs: 500 } }),
    );
    const events = new EventLog(redis);
    const load = startLoad(redis);
    const rogue = await announceRogueSentinel(cluster, foreign);
    try {
      await cluster.waitUntil(() => isListedByAll(rogue.address.port), {
        what: 'every genuine Sentinel lists the rogue as one of them',
      });
      // Long enough for the engine to hear of it several times.
      await untilWritten(load, 800);
      await untilRead(load, 250);
      const report = await load.stop();
      expect(report).toMatchObject({ errors: [], hung: 0, wrongReads: [], repeatedCounts: 0 });
      expect((await load.check()).lost).toEqual([]);
      expect(await callsOf(foreign.node, 'set')).toBe(0);
      expect(events.of('primary.switched')).toEqual([]);
      expect(redis.status.primary?.address.port).toBe(cluster.primary().address.port);
    } finally {
      await load.stop();
      events.stop();
      await rogue.stop();
    }
  });

  async function isListedByAll(port: number): Promise<boolean> {
    const lists = await Promise.all(
      cluster.sentinels().map((node) => node.command('SENTINEL', 'SENTINELS', cluster.groups[0])),
    );
    return lists.every((list) => JSON.stringify(list).includes(`"${String(port)}"`));
  }
});
