import type { RedisHaOptions } from '../../src/redis/index.js';
import { claimPort, type PortClaim } from '../../src/redis/lab/index.js';
import {
  FakeRedisServer,
  muteHandler,
  startRedisCluster,
  startRedisServer,
  type RedisTestCluster,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import type { ChildWork } from '../support/child-app.js';
import { CompiledChild, type AppProcess } from '../support/child-process.js';
import { withOptions } from '../support/engines.js';

const SHUTDOWN_TIMEOUT_MS = 1000;
const GRACE_MS = 1000;
const EVERYTHING: readonly ChildWork[] = [
  'writes',
  'reads',
  'many-blpop',
  'session',
  'subscribe',
  'raw-client',
  'raw-blpop',
  'scan',
];

describe('closing the application', () => {
  let child: CompiledChild;
  let cluster: RedisTestCluster;
  let server: RedisTestServer;
  const processes: AppProcess[] = [];
  const claims: PortClaim[] = [];

  beforeAll(async () => {
    child = new CompiledChild();
    [cluster, server] = await Promise.all([
      startRedisCluster({ downAfterMs: 1200 }),
      startRedisServer(),
    ]);
  });
  afterEach(async () => {
    await Promise.all(processes.splice(0).map((one) => one.kill()));
    for (const { release } of claims.splice(0)) release();
  });
  afterAll(async () => {
    child.remove();
    await Promise.all([cluster.stop(), server.stop()]);
  });

  function start(
    options: RedisHaOptions,
    work: readonly ChildWork[],
    waitReady = true,
  ): AppProcess {
    const shutdown = { ...options, shutdownTimeoutMs: SHUTDOWN_TIMEOUT_MS };
    const app = child.start({ options: shutdown, work, waitReady });
    processes.push(app);
    return app;
  }

  /** The promise of all these tests. */
  async function expectCleanEnd(app: AppProcess): Promise<Readonly<Record<string, number>>> {
    const report = await app.close();
    expect(report.unsettled).toBe(0);
    expect(report.unhandled).toEqual([]);
    expect(report.closeMs).toBeLessThan(SHUTDOWN_TIMEOUT_MS + GRACE_MS);
    expect(await app.untilEnded(3000)).not.toBeNull();
    return report.outcomes;
  }

  const sentinel = (): RedisHaOptions => withOptions(cluster.options(), {});

  it('lets finished work be finished when everything is well', async () => {
    const app = start(sentinel(), ['writes', 'reads', 'subscribe', 'raw-client']);
    await app.untilReady();
    await app.work();
    await app.untilSettled();
    expect(await expectCleanEnd(app)).toEqual({ ok: 601 });
  });

  it.each<[string, () => RedisHaOptions]>([
    ['Sentinel mode', sentinel],
    ['standalone mode', () => server.options()],
  ])('ends everything that would wait for ever (%s)', async (_, options) => {
    const app = start(options(), EVERYTHING);
    await app.untilReady();
    await app.work();
    const outcomes = await expectCleanEnd(app);
    // What was blocked is ended with certainty: it has taken nothing that nobody will see.
    expect(Object.keys(outcomes).filter((code) => code !== 'ok')).toEqual(['CLOSED']);
  });

  /** A port on which nothing listens until the test has ended. */
  async function deadPort(): Promise<number> {
    const claim = await claimPort();
    claims.push(claim);
    return claim.port;
  }

  async function deadSentinels(): Promise<RedisHaOptions> {
    const ports = [await deadPort(), await deadPort(), await deadPort()];
    return {
      mode: 'sentinel',
      sentinel: { nodes: ports.map((port) => ({ host: '127.0.0.1', port })) },
    };
  }

  it.each<[string, () => Promise<RedisHaOptions>]>([
    ['Redis was never started', async () => ({ mode: 'standalone', port: await deadPort() })],
    ['no Sentinel was ever started', deadSentinels],
  ])('works when %s', async (_, options) => {
    const app = start(await options(), [...EVERYTHING, 'whenReady'], false);
    await app.untilReady();
    await app.work();
    const outcomes = await expectCleanEnd(app);
    expect(outcomes['ok']).toBeUndefined();
  });

  it('works while connections are being opened to nodes that never answer', async () => {
    const mutes = await Promise.all([0, 1, 2].map(() => FakeRedisServer.start(muteHandler)));
    try {
      const nodes = mutes.map(({ address }) => address);
      const app = start(
        { mode: 'sentinel', sentinel: { nodes } },
        [...EVERYTHING, 'whenReady'],
        false,
      );
      await app.untilReady();
      await app.work();
      await expectCleanEnd(app);
    } finally {
      await Promise.all(mutes.map((mute) => mute.stop()));
    }
  });

  it('works while the primary is frozen, and reports which commands are uncertain', async () => {
    const app = start(server.options(), EVERYTHING);
    await app.untilReady();
    await server.node.freeze();
    try {
      await app.work();
      const outcomes = await expectCleanEnd(app);
      expect(outcomes['ok']).toBeUndefined();
      expect(outcomes['COMMAND_UNCERTAIN']).toBeGreaterThan(0);
    } finally {
      server.node.thaw();
    }
  });

  it('works in the middle of a switchover', async () => {
    const app = start(sentinel(), ['switchover', 'writes']);
    await app.untilReady();
    await app.work();
    await expectCleanEnd(app);
    await cluster.waitForReady();
  });

  it('works in the middle of a failover, with commands in the queue', async () => {
    const app = start(sentinel(), EVERYTHING);
    await app.untilReady();
    const old = await cluster.currentPrimary();
    await old.kill();
    await app.work();
    const outcomes = await expectCleanEnd(app);
    expect(outcomes['CLOSED']).toBeGreaterThan(0);
    await cluster.waitForPrimaryOtherThan(old);
  });
});
