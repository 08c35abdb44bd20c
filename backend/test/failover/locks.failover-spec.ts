import { TracedRedlock } from '../../bench/citizens/consumers/traced-redlock.js';
import { codeOf } from '../../bench/common/ledger.js';
import {
  startRedisCluster,
  type RedisTestCluster,
  type RedisTestNode,
} from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine } from '../support/engines.js';

// The three ways in which redlock refuses to release a lock although its holder had it. `consumers.failover-spec.ts` lets
// only these pass, so each is brought about here on purpose.
describe('a lock of redlock on one primary', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200, proxied: true });
  });
  afterEach(async () => {
    await closeEngines();
    for (const node of cluster.nodes()) {
      node.proxy.heal();
      if (node.isFrozen) node.thaw();
      if (!node.isRunning) await node.restart();
    }
    await cluster.waitForReady();
  });
  afterAll(() => cluster.stop());

  it('that is held while the primary is killed is released on the new one', async () => {
    const lock = await hold('kept');
    const old = cluster.primary();
    for (const replica of cluster.replicas()) {
      await cluster.waitUntil(() => isOn(replica, 'kept'), { what: 'the lock is on the replica' });
    }
    await old.kill();
    await cluster.waitForPrimaryOtherThan(old);
    expect(await lock.end()).toBe('released');
  });

  it('that the old primary has acknowledged and not passed on is gone with it', async () => {
    const old = cluster.primary();
    const replicas = cluster.replicas();
    // They are heard by the Sentinels, and not let in by the primary.
    await letIn(replicas, 'wrong');
    await old.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
    await old.command('CLIENT', 'KILL', 'TYPE', 'replica');
    const lock = await hold('unknown');
    await old.kill();
    await letIn(replicas, cluster.options().node?.password as string);
    await cluster.waitForPrimaryOtherThan(old);
    expect(await lock.end()).toBe('TAKEN_BY_THE_OLD_PRIMARY');
  });

  it('runs out when its holder cannot reach the primary for longer than it was asked for', async () => {
    const lock = await hold('late', 1000);
    const primary = cluster.primary();
    primary.proxy.hold();
    await untilGone(primary, 'late');
    primary.proxy.heal();
    expect(await lock.end()).toBe('RAN_OUT');
  });

  it('is released twice when the connection breaks before the answer', async () => {
    const lock = await hold('twice');
    const primary = cluster.primary();
    primary.proxy.dropDirection('from-server');
    const ended = lock.end();
    await untilGone(primary, 'twice');
    primary.proxy.heal();
    expect(await ended).toBe('RELEASED_BEFORE');
  });

  /** Takes a lock; `end` releases it, and tells what became of that. */
  async function hold(name: string, lockMs = 60_000): Promise<{ end(): Promise<string> }> {
    const { redis } = await startReadyEngine(cluster.options());
    const redlock = new TracedRedlock(redis.createClient(), { retryCount: 10 });
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const { had, released } = redlock.hold(name, lockMs, () => finished);
    await had;
    return {
      end() {
        finish();
        return released.then(() => 'released', codeOf);
      },
    };
  }

  async function letIn(replicas: readonly RedisTestNode[], password: string): Promise<void> {
    for (const each of replicas) await each.command('CONFIG', 'SET', 'masterauth', password);
  }

  async function isOn(node: RedisTestNode, name: string): Promise<boolean> {
    return (await node.command('EXISTS', name)) === 1;
  }

  async function untilGone(node: RedisTestNode, name: string): Promise<void> {
    await cluster.waitUntil(async () => !(await isOn(node, name)), {
      what: 'the lock is gone from the primary',
    });
  }
});
