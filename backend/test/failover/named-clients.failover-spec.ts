import { RedisService as NamedClients } from '@liaoliaots/nestjs-redis';
import { LiaoliaotsRedisModule } from '../../src/redis/liaoliaots/index.js';
import { RedisModule, RedisService } from '../../src/redis/index.js';
import { startRedisCluster, type RedisTestCluster } from '../../src/redis/testing/index.js';
import { closeApps, startApp } from '../support/apps.js';
import { nextEvent } from '../support/events.js';
import { outcomeOf } from '../support/outcomes.js';

describe('named clients of @liaoliaots/nestjs-redis', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200 });
  });
  afterEach(async () => {
    for (const node of cluster.nodes()) if (node.isFrozen) node.thaw();
    await closeApps();
    for (const node of cluster.nodes()) if (!node.isRunning) await node.restart();
    await cluster.waitForReady();
  });
  afterAll(() => cluster.stop());

  async function start(namespaces: string[]) {
    const { app, log } = await startApp({
      imports: [
        RedisModule.forRoot(cluster.options()),
        LiaoliaotsRedisModule.forRoot({ namespaces }),
      ],
    });
    const redis = app.get(RedisService);
    await redis.whenReady(10_000);
    return { app, log, redis, clients: app.get(NamedClients, { strict: false }) };
  }

  it.each(['kill', 'freeze'] as const)(
    'go on after a %s of the primary, with what was asked during it',
    async (how) => {
      const { redis, clients } = await start(['default', 'jobs']);
      const both = [clients.getOrThrow(), clients.getOrThrow('jobs')];
      for (const client of both) expect(await client.set('before', how)).toBe('OK');
      const old = await cluster.currentPrimary();
      const switched = nextEvent(redis, 'failover.completed');
      await (how === 'kill' ? old.kill() : old.freeze());
      const during = both.map((client) => outcomeOf(client.set('during', how), 20_000));
      const { failover } = await switched;
      for (const { code, value } of await Promise.all(during)) expect(code ?? value).toBe('OK');
      for (const client of both) {
        expect(await client.set('after', how)).toBe('OK');
        expect(await client.info('server')).toContain(`tcp_port:${String(failover.to.port)}`);
      }
    },
  );

  it('do not keep the application from closing with a blocked command, and end before the engine', async () => {
    const { app, redis, clients } = await start(['default', 'jobs']);
    const worker = clients.getOrThrow('jobs');
    await worker.ping();
    const job = outcomeOf(worker.blpop('nothing-comes', 0), 20_000);
    await cluster.waitUntil(
      async () => /cmd=blpop/.test(String(await redis.call('CLIENT', 'LIST'))),
      { what: 'the worker is blocked' },
    );
    const closed = await outcomeOf(app.close(), 10_000);
    expect(closed.code).toBeNull();
    expect((await job).code).toContain('Connection is closed');
    for (const name of ['default', 'jobs']) {
      expect(clients.getOrThrow(name).status).toBe('end');
    }
  });

  it('do not keep the application from closing while every node is silent', async () => {
    const { app, clients } = await start(['jobs']);
    await clients.getOrThrow('jobs').ping();
    for (const node of cluster.nodes()) await node.freeze();
    const closed = await outcomeOf(app.close(), 10_000);
    expect(closed.code).toBeNull();
    expect(clients.getOrThrow('jobs').status).toBe('end');
  });

  it('log their errors as events of the engine, not on the console', async () => {
    const printed = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const { redis, clients } = await start(['jobs']);
    await clients.getOrThrow('jobs').ping();
    const lost = nextEvent(redis, 'connection.lost', {
      where: ({ reason }) => reason.startsWith('raw client jobs: '),
    });
    clients.getOrThrow('jobs').emit('error', new Error('read ECONNRESET'));
    expect((await lost).reason).toBe('raw client jobs: read ECONNRESET');
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });
});
