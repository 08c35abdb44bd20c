import type { ExclusiveConnection, StandaloneModeOptions } from '../../src/redis/index.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine, type RunningEngine } from '../support/engines.js';
import { EventLog } from '../support/events.js';
import { outcomeOf } from '../support/outcomes.js';

jest.setTimeout(30_000);

const RIGHTS =
  '~* &* -@all +@read +@write +@list +@transaction +role +info +config|get +ping'.split(' ');

describe('calls on connections of their own, on a real server', () => {
  let server: RedisTestServer;

  beforeAll(async () => {
    server = await startRedisServer();
  });
  afterEach(async () => {
    await closeEngines();
    await server.node.command('FLUSHALL');
  });
  afterAll(() => server.stop());

  function start(node: StandaloneModeOptions['node'] = {}): Promise<RunningEngine> {
    return startReadyEngine({ ...server.options(), node: { ...node }, shutdownTimeoutMs: 2000 });
  }
  const blockedClients = async (): Promise<number> => {
    const info = (await server.node.command('INFO', 'clients')) as string;
    return Number(/blocked_clients:(\d+)/.exec(info)?.[1]);
  };
  const untilBlocked = (count: number): Promise<true> =>
    waitUntil(async () => (await blockedClients()) === count, { what: `${String(count)} wait` });

  it('an aborted BLPOP says that it took nothing, and the element stays', async () => {
    const { redis } = await start();
    const controller = new AbortController();
    const job = outcomeOf(redis.with({ signal: controller.signal }).blpop('jobs', 0));
    await untilBlocked(1);
    controller.abort();
    expect((await job).code).toBe('COMMAND_ABORTED');
    await server.node.command('RPUSH', 'jobs', 'one');
    expect(await redis.lrange('jobs', 0, -1)).toEqual(['one']);
  });

  it('shutdown ends a BLPOP with certainty, and lets the work of exclusive() finish', async () => {
    const { redis, engine } = await start();
    const job = outcomeOf(redis.blpop('jobs', 0));
    const work = outcomeOf(
      redis.exclusive(async (own) => {
        await own.set('begun', '1');
        await new Promise((done) => setTimeout(done, 300));
        return own.set('ended', '1');
      }),
    );
    await untilBlocked(1);
    await waitUntil(async () => (await server.node.command('EXISTS', 'begun')) === 1, {
      what: 'the work has begun',
    });
    await engine.close();
    expect((await job).code).toBe('CLOSED');
    expect((await work).value).toBe('OK');
    expect(await server.node.command('GET', 'ended')).toBe('1');
  });

  it('an object that outlives its work cannot undo the WATCH of the next one', async () => {
    const { redis } = await start();
    let kept: ExclusiveConnection | null = null;
    await redis.exclusive(async (own) => {
      kept = own;
      await own.get('w');
    });
    const result = await redis.exclusive(async (own) => {
      await own.watch('w');
      const late = await outcomeOf(kept!.multi().set('other', '1').exec());
      expect(late.code).toBe('CONNECTION_LOST');
      await server.node.command('SET', 'w', 'changed by another');
      return own.multi().set('w', 'mine').exec();
    });
    expect(result).toBeNull();
    expect(await server.node.command('GET', 'w')).toBe('changed by another');
  });

  it.each([
    ['with the rights of the page', ['+client|id', '+client|unblock'], 'COMMAND_ABORTED', 0],
    ['without CLIENT UNBLOCK', ['+client|id'], 'COMMAND_UNCERTAIN', 1],
    ['without either', [], 'COMMAND_UNCERTAIN', 1],
  ])('an aborted BLPOP %s', async (_, more, code, told) => {
    const user = ['on', '>secret', ...RIGHTS, ...more];
    await server.node.command('ACL', 'SETUSER', 'worker', 'reset', ...user);
    const { redis } = await start({ username: 'worker', password: 'secret' });
    const facts = new EventLog(redis);
    for (const queue of ['a', 'b']) {
      const controller = new AbortController();
      const job = outcomeOf(redis.with({ signal: controller.signal }).blpop(queue, 0));
      await untilBlocked(1);
      controller.abort();
      expect((await job).code).toBe(code);
    }
    const doubts = facts.of('settings.doubtful');
    expect(doubts).toHaveLength(told);
    facts.stop();
  });
});
