import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import type {
  CredentialsReport,
  NodeOptions,
  RedisService,
  StandaloneModeOptions,
} from '../../src/redis/index.js';
import { closeEngines, startEngine, startReadyEngine } from '../support/engines.js';
import { EventLog, nextEvent } from '../support/events.js';
import { Load } from '../support/load.js';
import { outcomeOf } from '../support/outcomes.js';

jest.setTimeout(30_000);

describe('TLS options by function', () => {
  let server: RedisTestServer;

  beforeAll(async () => {
    server = await startRedisServer();
  });
  afterEach(() => closeEngines());
  afterAll(() => server.stop());

  it.each<[string, NodeOptions['tls'] & object, RegExp]>([
    [
      'fails',
      () => {
        throw new TypeError('planted-S3cret');
      },
      /node\.tls failed with TypeError/,
    ],
    ['rejects', () => Promise.reject(new RangeError('planted-S3cret')), /failed with RangeError/],
    ['returns text', () => 'planted-S3cret' as never, /something else than TLS options/],
    ['never answers', () => new Promise(() => undefined), /no TLS connection within 300 ms/],
  ])('one that %s: the error says so and shows no secret', async (_, tls, message) => {
    const { redis } = startEngine({
      ...server.options(),
      node: { tls, connectTimeoutMs: 300 },
      routing: { writeTimeoutMs: 1000 },
    });
    const raw = redis.createClient({ maxRetriesPerRequest: null });
    const outcome = await outcomeOf(redis.set('key', 'value'));
    expect(String(outcome.error)).toMatch(message);
    expect(inspect(outcome.error, { depth: 10 })).not.toContain('planted-S3cret');
    raw.disconnect();
  });
});

describe('credentials by function', () => {
  let server: RedisTestServer;
  const acl = (...rules: string[]): Promise<unknown> =>
    server.node.command('ACL', 'SETUSER', 'app', ...rules);

  beforeEach(async () => {
    server = await startRedisServer();
    await acl('on', '>first-pw', '~*', '&*', '+@all');
  });
  afterEach(async () => {
    await closeEngines();
    await server.stop();
  });

  const options = (node: NodeOptions): StandaloneModeOptions => ({
    ...server.options(),
    node,
    routing: { writeTimeoutMs: 2000 },
  });

  it('are asked for at each connection: shared, lent, subscribed, raw', async () => {
    let asked = 0;
    const { redis } = await startReadyEngine(
      options({
        credentials: () => {
          asked++;
          return Promise.resolve({ username: 'app', password: 'first-pw' });
        },
      }),
    );
    expect(asked).toBe(1);
    expect(await redis.exclusive((one) => one.call('acl', 'whoami'))).toBe('app');
    expect(asked).toBe(2);
    await redis.subscribe('news', () => undefined);
    expect(asked).toBe(3);
    expect(await redis.createClient().call('acl', 'whoami')).toBe('app');
    expect(asked).toBe(4);
  });

  it('change under 1,000 operations a second, and the old ones end: no call fails', async () => {
    let password = 'first-pw';
    const { redis } = await startReadyEngine(
      options({ credentials: () => ({ username: 'app', password }) }),
    );
    const raw = redis.createClient({ maxRetriesPerRequest: null });
    await redis.exclusive((one) => one.ping());
    await raw.ping();
    const load = new Load(redis, { opsPerSecond: 1000 });
    await writes(load, 300);
    await acl('>second-pw');
    password = 'second-pw';
    const report = await redis.renewCredentials();
    // The shared connection, the lent one, and the raw client's.
    expect(report).toEqual({ renewed: 3, refused: 0, later: 0 });
    await acl('<first-pw');
    await writes(load, 600);
    await server.node.command('CLIENT', 'KILL', 'USER', 'app');
    await writes(load, 900);
    expect(await raw.call('acl', 'whoami')).toBe('app');
    const { errors, hung, uncertain } = await load.stop();
    expect({ errors, hung }).toEqual({ errors: [], hung: 0 });
    // INCR is not repeated when its answer was lost with the connection.
    expect(uncertain.set).toBe(0);
  });

  it('that a new connection gets reach the living ones, which nobody told', async () => {
    let password = 'first-pw';
    const { redis } = await startReadyEngine(
      options({ credentials: () => ({ username: 'app', password }) }),
    );
    await acl('>second-pw', '<first-pw');
    const before = await authCalls(server);
    password = 'second-pw';
    await redis.exclusive((one) => one.ping());
    await waitUntil(async () => (await authCalls(server)) === before + 2, {
      what: 'the shared connection logs in again, besides the new one',
    });
  });

  describe('of raw clients', () => {
    let password: string;
    let redis: RedisService;
    let raw: Redis;

    beforeEach(async () => {
      password = 'first-pw';
      ({ redis } = await startReadyEngine(
        options({ credentials: () => ({ username: 'app', password }) }),
      ));
      // As a library makes it: nobody but its socket is known here.
      raw = new Redis({ ...redis.connectionOptions(), maxRetriesPerRequest: null });
      await raw.ping();
    });
    afterEach(() => {
      raw.disconnect();
    });

    async function renew(next: string): Promise<CredentialsReport> {
      await acl('resetpass', `>${next}`);
      password = next;
      return redis.renewCredentials();
    }

    it('reach them between two commands, and each answer stays with its command', async () => {
      const answers: Promise<unknown>[] = [];
      const expected: unknown[] = [];
      const send = (count: number): void => {
        for (let i = 0; i < count; i++) {
          const text = `-ERR é ${String(answers.length)}\r\n$3\r\n`;
          answers.push(raw.echo(text), raw.callBuffer('echo', Buffer.from(text)));
          expected.push(text, Buffer.from(text));
        }
        answers.push(raw.pipeline().set('k', 'v').lrange('none', 0, -1).exec());
        expected.push([
          [null, 'OK'],
          [null, []],
        ]);
      };
      const before = await authCalls(server);
      for (const next of ['second-pw', 'third-pw', 'fourth-pw']) {
        send(500);
        expect(await renew(next)).toMatchObject({ refused: 0 });
        send(500);
      }
      expect(await Promise.all(answers)).toEqual(expected);
      // Of the shared connection and of this one.
      await waitUntil(async () => (await authCalls(server)) === before + 6, {
        what: 'both have logged in three times',
      });
    });

    it('are not sent into a transaction, and follow it', async () => {
      await raw.multi({ pipeline: false });
      const before = await authCalls(server);
      expect(await renew('second-pw')).toEqual({ renewed: 1, refused: 0, later: 1 });
      await raw.incr('n');
      expect(await raw.exec()).toEqual([[null, 1]]);
      await raw.ping();
      expect(await authCalls(server)).toBe(before + 2);
    });

    it('follow a command that blocks, whose element arrives', async () => {
      const popped = raw.blpop('queue', 0);
      const before = await authCalls(server);
      expect(await renew('second-pw')).toEqual({ renewed: 1, refused: 0, later: 1 });
      await redis.rpush('queue', 'element');
      expect(await popped).toEqual(['queue', 'element']);
      await raw.ping();
      expect(await authCalls(server)).toBe(before + 2);
    });

    it('reach one that is subscribed when it connects next, and no message is disturbed', async () => {
      const heard: string[] = [];
      const errors: Error[] = [];
      raw.on('message', (_, message: string) => heard.push(message));
      raw.on('error', (error: Error) => errors.push(error));
      await raw.subscribe('news');
      expect(await renew('second-pw')).toEqual({ renewed: 1, refused: 0, later: 1 });
      await redis.publish('news', 'one');
      await waitUntil(() => heard.length === 1, { what: 'the message arrives' });
      // An answer that belongs to none of its commands would be one.
      expect(errors).toEqual([]);
      await server.node.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await waitUntil(async () => (await redis.publish('news', 'two')) > 0, {
        what: 'it is subscribed again',
      });
      await waitUntil(() => heard.includes('two'), { what: 'it hears again' });
    });

    it('that the server refuses leave it as it is', async () => {
      password = 'wrong-pw';
      expect(await redis.renewCredentials()).toEqual({ renewed: 0, refused: 2, later: 0 });
      expect(await raw.set('still', 'works')).toBe('OK');
    });
  });

  it('are not sent into a transaction of a caller who has the connection alone', async () => {
    let password = 'first-pw';
    const { redis } = await startReadyEngine(
      options({ credentials: () => ({ username: 'app', password }) }),
    );
    await redis.exclusive(async (one) => {
      await one.watch('balance');
      await acl('>second-pw');
      password = 'second-pw';
      expect(await redis.renewCredentials()).toEqual({ renewed: 1, refused: 0, later: 1 });
      expect(await one.multi().incr('balance').exec()).toEqual([[null, 1]]);
    });
    const before = await authCalls(server);
    await redis.exclusive((one) => one.ping());
    expect(await authCalls(server)).toBe(before);
  });

  it('that change on one side first fail no call that waits meanwhile', async () => {
    let password = 'first-pw';
    const { redis } = await startReadyEngine(
      options({ credentials: () => ({ username: 'app', password }) }),
    );
    await acl('>second-pw', '<first-pw');
    const lost = nextEvent(redis, 'connection.lost');
    await server.node.command('CLIENT', 'KILL', 'USER', 'app');
    await lost;
    const write = outcomeOf(redis.set('during', 'rotation'));
    const calls = await authCalls(server);
    await waitUntil(async () => (await authCalls(server)) >= calls + 3, {
      what: 'the old password is refused three times more',
    });
    password = 'second-pw';
    expect((await write).value).toBe('OK');
  });

  it('that nobody accepts any more end what waits, long before its deadline', async () => {
    const { redis } = await startReadyEngine({
      ...options({ username: 'app', password: 'first-pw' }),
      routing: { writeTimeoutMs: 600_000, readTimeoutMs: 600_000 },
    });
    const lost = nextEvent(redis, 'connection.lost');
    await server.node.command('ACL', 'DELUSER', 'app');
    await lost;
    const [write, read] = await Promise.all([
      outcomeOf(redis.set('key', 'value')),
      outcomeOf(redis.get('key')),
    ]);
    expect([write.code, read.code]).toEqual(['NO_PRIMARY', 'COMMAND_TIMEOUT']);
    for (const { error } of [write, read]) expect(String(error)).toMatch(/WRONGPASS/);
    await acl('on', '>first-pw', '~*', '&*', '+@all');
    expect(await redis.set('key', 'value')).toBe('OK');
  });

  it('that the server refuses leave every connection as it is', async () => {
    let password = 'first-pw';
    const { redis } = await startReadyEngine(
      options({ credentials: () => ({ username: 'app', password }) }),
    );
    password = 'wrong-pw';
    expect(await redis.renewCredentials()).toEqual({ renewed: 0, refused: 1, later: 0 });
    expect(await redis.set('still', 'works')).toBe('OK');
  });

  it.each<[string, NodeOptions['credentials'] & object, RegExp]>([
    ['never answers', () => new Promise(() => undefined), /not there within 300 ms.*answer sooner/],
    [
      'fails',
      () => {
        throw new TypeError('planted-S3cret');
      },
      /node\.credentials failed with TypeError/,
    ],
    [
      'returns a wrong password',
      () => ({ username: 'app', password: 'planted-S3cret' }),
      /WRONGPASS/,
    ],
  ])('from a function that %s: the error says so and shows no secret', async (_, load, message) => {
    const base = options({ credentials: load, connectTimeoutMs: 300 });
    const { redis } = startEngine({ ...base, routing: { writeTimeoutMs: 1000 } });
    const events = new EventLog(redis);
    const outcome = await outcomeOf(redis.set('key', 'value'));
    expect(outcome.code).toBe('NO_PRIMARY');
    expect(String(outcome.error)).toMatch(message);
    const told = [inspect(outcome.error, { depth: 10 }), events.toText()].join();
    expect(told).not.toContain('planted-S3cret');
    events.stop();
  });

  it('from a function that fails once: the next attempt asks again', async () => {
    let failuresLeft = 3;
    const { redis } = startEngine(
      options({
        credentials: () => {
          if (--failuresLeft >= 0) throw new TypeError('not yet');
          return { username: 'app', password: 'first-pw' };
        },
      }),
    );
    expect(await redis.set('key', 'value')).toBe('OK');
    failuresLeft = 2;
    const raw = redis.createClient({ maxRetriesPerRequest: null });
    expect(await raw.get('key')).toBe('value');
    expect(failuresLeft).toBeLessThan(0);
  });

  it('that are fixed cannot be renewed, and the error says how they could', async () => {
    const { redis } = await startReadyEngine(server.options());
    const outcome = await outcomeOf(redis.renewCredentials());
    expect(outcome.code).toBe('INVALID_ARGUMENT');
    expect(String(outcome.error)).toMatch(/node\.credentials.*passwordFile/);
  });
});

/** Resolves when so many writes were acknowledged since the load began. */
function writes(load: Load, count: number): Promise<unknown> {
  return waitUntil(() => load.writesAcknowledged >= count, {
    what: `${String(count)} writes are acknowledged`,
  });
}

/** How often the server has let somebody in or refused somebody. */
async function authCalls(server: RedisTestServer): Promise<number> {
  const stats = await server.node.info('commandstats');
  return Number(/calls=(\d+)/.exec(stats.get('cmdstat_auth') ?? '')?.[1] ?? 0);
}
