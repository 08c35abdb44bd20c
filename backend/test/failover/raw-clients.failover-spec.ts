import { Redis } from 'ioredis';
import type { DriverClient } from '../../src/redis/index.js';
import { startRedisCluster, type RedisTestCluster } from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine, startEngine, withOptions } from '../support/engines.js';
import { nextEvent } from '../support/events.js';
import { outcomeOf } from '../support/outcomes.js';

describe('raw ioredis clients', () => {
  let cluster: RedisTestCluster;
  const foreign = new Set<Redis>();

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200 });
  });
  afterEach(async () => {
    for (const client of foreign) client.disconnect();
    foreign.clear();
    await closeEngines();
    for (const node of cluster.nodes()) if (node.isFrozen) node.thaw();
    for (const node of cluster.nodes()) if (!node.isRunning) await node.restart();
    await cluster.waitForReady();
  });
  afterAll(() => cluster.stop());

  /** Makes clients as a library does that creates its own. */
  function libraryClient(redis: ReturnType<typeof startEngine>['redis']): Redis {
    const client = new Redis({ ...redis.connectionOptions(), maxRetriesPerRequest: null });
    client.on('error', () => undefined);
    foreign.add(client);
    return client;
  }

  it.each(['kill', 'freeze', 'failover'] as const)(
    'follow the primary through a %s, whoever made them',
    async (how) => {
      const { redis } = await startReadyEngine(cluster.options());
      const ours = redis.createClient({ maxRetriesPerRequest: null });
      const theirs = libraryClient(redis);
      for (const client of [ours, theirs]) expect(await client.set('before', how)).toBe('OK');
      const old = await cluster.currentPrimary();
      const switched = nextEvent(redis, 'failover.completed');
      if (how === 'kill') await old.kill();
      if (how === 'freeze') await old.freeze();
      if (how === 'failover') await cluster.failover();
      // Asked in the middle of it all; they wait as ioredis lets them wait.
      const during = [ours, theirs].map((client) => outcomeOf(client.set('during', how), 20_000));
      const { failover } = await switched;
      expect((await Promise.all(during)).map(({ value, code }) => code ?? value)).toEqual([
        'OK',
        'OK',
      ]);
      for (const client of [ours, theirs]) {
        const after = await outcomeOf(client.set('after', how), 5000);
        expect(after.code ?? after.value).toBe('OK');
        expect(await portOf(client)).toBe(failover.to.port);
        expect(client.status).toBe('ready');
      }
    },
  );

  it.each(['kill', 'freeze'] as const)(
    'that publish wait for those that are subscribed, after a %s: all is heard, and once',
    async (how) => {
      const { redis } = await startReadyEngine(cluster.options());
      // The first to lose its connection, so that it would be the first to connect anew.
      const publisher = redis.createClient({ maxRetriesPerRequest: null });
      await publisher.ping();
      const subscriber = libraryClient(redis);
      const heard: string[] = [];
      subscriber.on('message', (_, message: string) => heard.push(message));
      await subscriber.subscribe('news');
      const old = await cluster.currentPrimary();
      if (how === 'kill') await old.kill();
      else await old.freeze();
      const messages = Array.from({ length: 50 }, (_, number) => String(number));
      const receivers = await Promise.all(messages.map((one) => publisher.publish('news', one)));
      expect(receivers).toEqual(messages.map(() => 1));
      await cluster.waitUntil(() => heard.length >= messages.length, { what: 'all is heard' });
      expect(heard).toEqual(messages);
    },
  );

  it('that only read follow the replicas: through a kill of theirs, and through a failover', async () => {
    const { redis } = await startReadyEngine(cluster.options());
    const options = { readPolicy: 'replica', maxRetriesPerRequest: null } as const;
    const ours = redis.createClient(options);
    const theirs = new Redis({
      ...redis.connectionOptions({ readPolicy: 'replica' }),
      maxRetriesPerRequest: null,
    });
    theirs.on('error', () => undefined);
    foreign.add(theirs);
    await redis.with({ replicas: 2 }).set('read', 'before');
    const primary = await cluster.currentPrimary();
    for (const client of [ours, theirs]) {
      expect(await client.get('read')).toBe('before');
      expect(await portOf(client)).not.toBe(primary.address.port);
      await expect(client.set('read', 'never')).rejects.toThrow('READONLY');
    }
    const used = await portOf(ours);
    const mine = cluster.replicas().find(({ address }) => address.port === used);
    await mine?.kill();
    expect((await outcomeOf(ours.get('read'), 10_000)).value).toBe('before');
    expect(await portOf(ours)).not.toBe(used);
    await mine?.restart();
    await cluster.waitForReady();

    const switched = nextEvent(redis, 'failover.completed');
    await cluster.failover();
    const { failover } = await switched;
    await cluster.waitForReady();
    for (const client of [ours, theirs]) {
      expect((await outcomeOf(client.get('read'), 10_000)).value).toBe('before');
      expect(await portOf(client)).not.toBe(failover.to.port);
    }
  });

  it('are not ended by disconnect(true), whatever state they are in', async () => {
    const { redis } = startEngine(cluster.options());
    const client = redis.createClient({ maxRetriesPerRequest: null });
    // Before the first connection: nobody knows the primary yet.
    client.disconnect(true);
    expect(await outcomeOf(client.set('a', '1'), 10_000)).toMatchObject({ value: 'OK' });
    for (let i = 0; i < 20; i++) {
      client.disconnect(true);
      if (i % 3 === 0) await new Promise((done) => setTimeout(done, i));
    }
    expect(await outcomeOf(client.get('a'), 10_000)).toMatchObject({ value: '1' });

    // While there is nobody to connect to.
    const old = await cluster.currentPrimary();
    const switched = nextEvent(redis, 'failover.completed');
    await old.freeze();
    for (let i = 0; i < 20; i++) {
      client.disconnect(true);
      await new Promise((done) => setTimeout(done, 50));
    }
    await switched;
    expect(await outcomeOf(client.get('a'), 10_000)).toMatchObject({ value: '1' });
    expect(client.status).toBe('ready');
  });

  it('made by us end with the application; those of a library go on until their connection ends', async () => {
    const { redis, engine } = await startReadyEngine(cluster.options());
    const ours = redis.createClient();
    const theirs = libraryClient(redis);
    await Promise.all([ours.ping(), theirs.ping()]);
    await engine.close();
    await cluster.waitUntil(() => ours.status === 'end', {
      what: 'our client ends',
      timeoutMs: 3000,
    });
    // A library may still write something while the application closes.
    expect(await theirs.set('put', 'away')).toBe('OK');
    const primary = await cluster.currentPrimary();
    await primary.command('CLIENT', 'KILL', 'TYPE', 'normal');
    await cluster.waitUntil(() => theirs.status === 'end', {
      what: "the library's client does not try for ever",
      timeoutMs: 3000,
    });
    expect(() => redis.createClient()).toThrow(/shutting down/);
  });

  it('take db, credentials and an own retry policy like any other', async () => {
    const { redis } = await startReadyEngine(withOptions(cluster.options(), { node: { db: 3 } }));
    const client = redis.createClient({ keyPrefix: 'p:' });
    await client.set('x', 'in three');
    expect(await redis.get('p:x')).toBe('in three');
    expect(await client.client('INFO')).toContain('db=3');
  });

  it('subscribe and block on connections of their own', async () => {
    const { redis } = await startReadyEngine(cluster.options());
    const subscriber = redis.createClient({ maxRetriesPerRequest: null });
    const heard: string[] = [];
    subscriber.on('message', (_channel: string, message: string) => heard.push(message));
    await subscriber.subscribe('raw');
    const worker = redis.createClient({ maxRetriesPerRequest: null });
    const job = worker.blpop('jobs', 20);
    const switched = nextEvent(redis, 'failover.completed');
    await (await cluster.currentPrimary()).kill();
    await switched;
    await cluster.waitUntil(
      async () => {
        await redis.publish('raw', 'still there');
        return heard.length > 0;
      },
      { what: 'the raw subscriber hears again' },
    );
    await redis.rpush('jobs', 'one');
    const done = await outcomeOf(job, 10_000);
    expect(done.code ?? done.value).toEqual(['jobs', 'one']);
  });
});

async function portOf(client: DriverClient): Promise<number> {
  return Number(/tcp_port:(\d+)/.exec(await client.info('server'))?.[1]);
}
