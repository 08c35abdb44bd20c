import {
  startRedisCluster,
  type RedisTestCluster,
  type RedisTestNode,
} from '../../src/redis/testing/index.js';
import {
  closeEngines,
  startReadyEngine,
  withOptions,
  type RunningEngine,
} from '../support/engines.js';
import { nextEvent } from '../support/events.js';
import { outcomeOf } from '../support/outcomes.js';

const WAYS = ['kill', 'freeze', 'failover', 'switchover'] as const;
type Way = (typeof WAYS)[number];

describe('what spans a failover', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200 });
  });
  afterEach(async () => {
    await closeEngines();
    for (const node of cluster.nodes()) if (node.isFrozen) node.thaw();
    for (const node of cluster.nodes()) if (!node.isRunning) await node.restart();
    await cluster.waitForReady();
  });
  afterAll(() => cluster.stop());

  function start(): Promise<RunningEngine> {
    return startReadyEngine(
      withOptions(cluster.options(), { routing: { readTimeoutMs: 1500, writeTimeoutMs: 10_000 } }),
    );
  }

  /** Moves the primary; resolves with the old one when the new one has taken over. */
  async function moveBy(way: Way, redis: RunningEngine['redis']): Promise<RedisTestNode> {
    const old = await cluster.currentPrimary();
    const moved = nextEvent(redis, 'failover.completed');
    if (way === 'kill') await old.kill();
    if (way === 'freeze') await old.freeze();
    if (way === 'failover') await cluster.failover();
    if (way === 'switchover') await redis.switchover();
    await moved;
    return old;
  }

  it.each(WAYS)('all of it survives a %s', async (way) => {
    const { redis } = await start();
    const double = redis.script<number>({
      lua: 'return 2 * redis.call("INCRBY", KEYS[1], ARGV[1])',
    });
    await redis.del('script', 'jobs', 'members');
    expect(await double(['script'], [1])).toBe(2);
    const members = Array.from({ length: 500 }, (_, i) => `m${String(i)}`);
    await redis.sadd('members', ...members);
    await redis.exclusive((session) => session.wait(2, 2000));

    const heard: string[] = [];
    const gaps: number[] = [];
    await redis.subscribe('news', (message) => heard.push(message), {
      onGap: (gapMs) => gaps.push(gapMs),
    });
    const patterns: string[] = [];
    await redis.psubscribe('new*', (message, channel) => patterns.push(`${channel} ${message}`));
    const sharded: string[] = [];
    const shardGaps: number[] = [];
    await redis.ssubscribe('news', (message) => sharded.push(message), {
      onGap: (gapMs) => shardGaps.push(gapMs),
    });
    const job = outcomeOf(redis.blpop('jobs', 30), 40_000);
    const scanned = new Set<string>();
    let pages = 0;
    const pause = (): Promise<void> => new Promise((done) => setTimeout(done, 60));
    const scan = (async () => {
      for await (const page of redis.scanMembers('sscan', 'members', { count: 10 })) {
        for (const member of page) scanned.add(member);
        // Slow enough to be in the middle when the primary goes.
        if (pages++ < 20) await pause();
      }
    })();
    // A test that fails before it awaits this must fail with its own error.
    scan.catch(() => undefined);

    await moveBy(way, redis);

    // Scripts, transactions and pipelines right after it, without a pause. A script that is not
    // known yet comes first on purpose: that refusal says nothing about whether writes are taken.
    const [twice, transaction, pipeline] = await Promise.all([
      double(['script'], [1]),
      redis.multi().set('m:a', '1').incr('m:b').mget('m:a').exec(),
      redis.pipeline().set('p:a', '1').get('p:a').incr('p:b').exec(),
    ]);
    expect(twice).toBe(4);
    expect(transaction?.map(([error]) => error)).toEqual([null, null, null]);
    expect(transaction?.[2]?.[1]).toEqual(['1']);
    expect(pipeline?.slice(0, 2)).toEqual([
      [null, 'OK'],
      [null, '1'],
    ]);

    await scan;
    expect(scanned.size).toBe(members.length);

    await cluster.waitUntil(
      async () => {
        await redis.publish('news', way);
        await redis.spublish('news', `sharded ${way}`);
        return heard.length > 0 && patterns.length > 0 && sharded.length > 0;
      },
      { what: 'the subscriptions hear again', everyMs: 50 },
    );
    expect(new Set(heard)).toEqual(new Set([way]));
    expect(patterns[0]).toBe(`news ${way}`);
    await cluster.waitUntil(() => gaps.length > 0 && shardGaps.length > 0, {
      what: 'the gaps are reported',
    });
    expect(gaps).toHaveLength(1);
    expect(new Set(sharded)).toEqual(new Set([`sharded ${way}`]));
    expect(shardGaps).toHaveLength(1);

    await redis.rpush('jobs', 'one');
    const popped = await job;
    // Uncertain only where the old primary could have handed out an element that nobody received.
    if (way === 'kill' || way === 'freeze') {
      expect(['COMMAND_UNCERTAIN', 'jobs,one']).toContain(popped.code ?? String(popped.value));
    } else {
      expect(popped.code ?? popped.value).toEqual(['jobs', 'one']);
    }
  });

  it('a session that watches a key ends with its connection, and says so', async () => {
    const { redis } = await start();
    await redis.set('balance', '10');
    const work = redis.exclusive(async (session) => {
      await session.watch('balance');
      const balance = Number(await session.get('balance'));
      await moveBy('kill', redis);
      return session
        .multi()
        .set('balance', String(balance - 1))
        .exec();
    });
    const outcome = await outcomeOf(work, 20_000);
    expect(outcome.code).toBe('CONNECTION_LOST');
    expect(String(outcome.error)).toMatch(/Call redis\.exclusive\(\) again/);
    // And a new one works.
    const retried = await redis.exclusive(async (session) => {
      await session.watch('balance');
      return session.multi().set('balance', '9').exec();
    });
    expect(retried).toEqual([[null, 'OK']]);
  });

  it('a watched key that somebody else changes stops the transaction', async () => {
    const { redis } = await start();
    await redis.set('balance', '10');
    const result = await redis.exclusive(async (session) => {
      await session.watch('balance');
      await redis.set('balance', '11');
      return session.multi().set('balance', '0').exec();
    });
    expect(result).toBeNull();
    expect(await redis.with({ readPolicy: 'primary' }).get('balance')).toBe('11');
  });

  it('a transaction is never half done, however the primary goes', async () => {
    const { redis } = await start();
    await redis.del('left', 'right');
    let stop = false;
    let uncertain = 0;
    const codes = new Set<string>();
    const worker = async (): Promise<void> => {
      while (!stop) {
        const outcome = await outcomeOf(redis.multi().incr('left').incr('right').exec(), 20_000);
        if (outcome.code === 'COMMAND_UNCERTAIN') uncertain++;
        else if (outcome.code !== null) codes.add(outcome.code);
        else {
          const [left, right] = outcome.value as [[unknown, number], [unknown, number]];
          if (left[1] !== right[1]) codes.add(`half: ${String(left[1])} ${String(right[1])}`);
        }
      }
    };
    const workers = Array.from({ length: 10 }, worker);
    await moveBy('kill', redis);
    await redis.whenReady();
    stop = true;
    await Promise.all(workers);
    expect([...codes]).toEqual([]);
    const [left, right] = await redis.with({ readPolicy: 'primary' }).mget('left', 'right');
    expect(left).toBe(right);
    console.log(
      `transactions through a kill: ${String(left)} done, ${String(uncertain)} uncertain`,
    );
  });
});
