import { Redis } from 'ioredis';
import type { DriverClient } from '../../src/redis/index.js';
import { startRedisServer, type RedisTestServer } from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine, type RunningEngine } from '../support/engines.js';

const WRITES = 200;

describe('raw ioredis clients', () => {
  let server: RedisTestServer;
  let started: RunningEngine;

  beforeAll(async () => {
    server = await startRedisServer();
  });
  beforeEach(async () => {
    await server.node.command('FLUSHALL');
    started = await startReadyEngine(server.options());
  });
  afterEach(() => closeEngines());
  afterAll(() => server.stop());

  const ours = (): DriverClient => started.redis.createClient();
  const theirs = (): DriverClient => new Redis(started.redis.connectionOptions());

  const writeMany = (client: DriverClient): Promise<PromiseSettledResult<unknown>[]> =>
    Promise.allSettled(Array.from({ length: WRITES }, (_, i) => client.set(`k${String(i)}`, i)));
  const answered = (results: PromiseSettledResult<unknown>[]): number =>
    results.filter(({ status }) => status === 'fulfilled').length;

  it.each([
    ['createClient()', ours],
    ['connectionOptions()', theirs],
  ])('of %s get the replies of what is in flight when they are disconnected', async (_, create) => {
    const client = create();
    await client.ping();
    const writes = writeMany(client);
    client.disconnect();
    expect(answered(await writes)).toBe(WRITES);
    expect(await server.node.command('DBSIZE')).toBe(WRITES);
  });

  it('get the replies of what is in flight when the application closes', async () => {
    const client = ours();
    await client.ping();
    const writes = writeMany(client);
    await started.engine.close();
    expect(client.status).toBe('end');
    expect(answered(await writes)).toBe(WRITES);
    expect(await server.node.command('DBSIZE')).toBe(WRITES);
  });

  it('that are blocked do not hold up an application that closes', async () => {
    const client = ours();
    await client.ping();
    const blocked = client.blpop('nothing-comes', 0).catch((error: unknown) => error);
    await started.engine.close();
    expect(client.status).toBe('end');
    expect(await blocked).toBeInstanceOf(Error);
  });

  it('and calls outlive a test that fakes the clock of its application, whatever it does to it', async () => {
    // The driver itself needs these two.
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    try {
      await server.node.freeze();
      const client = ours();
      const closed = jest.fn();
      client.on('close', closed);
      const answer = client.ping();
      await new Promise((resolve) => client.once('connect', resolve));
      jest.advanceTimersByTime(3_600_000);
      server.node.thaw();
      expect(await answer).toBe('PONG');
      jest.setSystemTime(0);
      expect(await started.redis.set('k', 'v')).toBe('OK');
      expect(await started.redis.get('k')).toBe('v');
      jest.advanceTimersByTime(3_600_000);
      expect(await client.get('k')).toBe('v');
      expect(closed).not.toHaveBeenCalled();
      expect(started.redis.status.canWrite).toBe(true);
    } finally {
      jest.useRealTimers();
      if (server.node.isFrozen) server.node.thaw();
    }
  });

  it('nothing of the library needs what a test has faked', async () => {
    jest.useFakeTimers();
    try {
      expect(await started.redis.set('k', 'v')).toBe('OK');
    } finally {
      jest.useRealTimers();
    }
  });
});
