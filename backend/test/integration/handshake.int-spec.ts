import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { RedisModule, RedisService } from '../../src/redis/index.js';
import { closeApps, startApp } from '../support/apps.js';
import { closeEngines, startEngine, startReadyEngine } from '../support/engines.js';
import { outcomeOf } from '../support/outcomes.js';

jest.setTimeout(30_000);

describe('what a connection says before it is used', () => {
  let server: RedisTestServer;

  beforeAll(async () => {
    server = await startRedisServer();
    await server.node.command(
      ...'ACL SETUSER narrow on >narrow-pw ~* &* +@all -select -client|setname'.split(' '),
    );
  });
  afterEach(async () => {
    await closeApps();
    await closeEngines();
    await server.node.command('FLUSHALL');
  });
  afterAll(() => server.stop());

  const NARROW = { username: 'narrow', password: 'narrow-pw' };
  const QUICK = { writeTimeoutMs: 600 };

  it.each([
    [
      'it does not have',
      { db: 99 },
      /database 99 cannot be selected: ERR DB index is out of range.*Choose a database/,
    ],
    [
      'the user may not choose',
      { ...NARROW, db: 5 },
      /database 5 cannot be selected: NOPERM.*Give the ACL user \+select/,
    ],
  ])('no command reaches another database than one that %s', async (_, node, reason) => {
    await server.node.command('SET', 'who', 'db0');
    const { redis } = startEngine({ ...server.options(), node, routing: QUICK });
    const [write, read] = [outcomeOf(redis.set('who', 'me')), outcomeOf(redis.get('who'))];
    expect((await write).code).toBe('NO_PRIMARY');
    expect(String((await write).error)).toMatch(reason);
    expect((await read).code).toBe('COMMAND_TIMEOUT');
    expect(redis.status.canWrite).toBe(false);
    expect(await server.node.command('GET', 'who')).toBe('db0');
  });

  it('the log of the application says which database, why and what to do', async () => {
    const { log } = await startApp({
      imports: [RedisModule.forRoot({ ...server.options(), node: { db: 99 } })],
    });
    const reason = /database 99 cannot be selected: ERR DB index is out of range/;
    await waitUntil(() => reason.test(log.texts('error').join('\n')), { what: 'the log says why' });
  });

  it.each([
    ['of ours', (redis: RedisService) => redis.createClient({ db: 99, maxRetriesPerRequest: 0 })],
    [
      'that its library duplicates',
      (redis: RedisService) => redis.createClient().duplicate({ db: 99, maxRetriesPerRequest: 0 }),
    ],
  ])('a raw client %s is not connected to another database', async (_, create) => {
    const { redis } = await startReadyEngine(server.options());
    const client = create(redis);
    const errors: string[] = [];
    client.on('error', (error: Error) => errors.push(error.message));
    await expect(client.set('who', 'me')).rejects.toThrow();
    expect(errors.join('\n')).toMatch(/database 99 cannot be selected: ERR DB index/);
    expect(await server.node.command('EXISTS', 'who')).toBe(0);
    client.disconnect();
  });

  it('a raw client works in the database that it chooses', async () => {
    const { redis } = await startReadyEngine(server.options());
    const client = redis.createClient({ db: 7 });
    expect(await client.set('who', 'seven')).toBe('OK');
    expect(await redis.exists('who')).toBe(0);
    client.disconnect();
  });

  it('a password that the server does not ask for is refused: it may be another server', async () => {
    const { redis } = startEngine({
      ...server.options(),
      node: { password: 'planted-S3cret' },
      routing: QUICK,
    });
    const outcome = await outcomeOf(redis.set('a', '1'));
    expect(String(outcome.error)).toMatch(
      /the password is refused: .*Check that this is the right/,
    );
    expect(JSON.stringify(redis.status)).not.toContain('planted-S3cret');
  });

  it('a name that is refused costs one warning and nothing else', async () => {
    const { log, app } = await startApp({
      imports: [RedisModule.forRoot({ ...server.options(), node: NARROW })],
    });
    const redis = app.get(RedisService);
    expect(await redis.set('a', '1')).toBe('OK');
    expect(await redis.exclusive((one) => one.get('a'))).toBe('1');
    const warnings = log.texts('warn').filter((text) => text.includes('clientName'));
    expect(warnings).toEqual([
      expect.stringMatching(/NOPERM.*Give the ACL user \+client\|setname/) as string,
    ]);
  });
});
