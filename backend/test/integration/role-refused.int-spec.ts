import { startRedisServer, type RedisTestServer } from '../../src/redis/testing/index.js';
import { closeEngines, startEngine } from '../support/engines.js';

jest.setTimeout(30_000);

describe.each([
  ['does not know ROLE', 'rename-command ROLE ""', 'ERR'],
  ['may not be asked for it', 'user default on nopass ~* &* +@all -role', 'NOPERM'],
])('a single Redis that %s', (_, line, reason) => {
  let server: RedisTestServer;

  beforeAll(async () => {
    server = await startRedisServer({ redisConfig: [line] });
  });
  afterEach(() => closeEngines());
  afterAll(() => server.stop());

  it('is used as the primary, and this is said once', async () => {
    const { redis } = startEngine({ ...server.options(), node: { heartbeatIntervalMs: 100 } });
    const doubts: string[] = [];
    redis.on('settings.doubtful', ({ problem }) => {
      doubts.push(`${problem.field} ${String(problem.value)}`);
    });
    await redis.whenReady(5000);
    await expect(redis.set('k', 'v')).resolves.toBe('OK');
    await expect(redis.get('k')).resolves.toBe('v');
    await expect(redis.multi().incr('n').exec()).resolves.toEqual([[null, 1]]);
    await expect(redis.exclusive((own) => own.get('k'))).resolves.toBe('v');
    const { redis: second } = startEngine(server.options());
    await second.whenReady(5000);
    expect(doubts.filter((doubt) => doubt.startsWith('ROLE'))).toEqual([`ROLE ${reason}`]);
    expect(redis.status.canWrite).toBe(true);
  });

  it('is used again after its process was restarted', async () => {
    const { redis } = startEngine({ ...server.options(), node: { heartbeatIntervalMs: 100 } });
    await redis.whenReady(5000);
    await server.node.kill();
    await server.node.restart();
    await expect(redis.set('k', 'again')).resolves.toBe('OK');
  });
});
