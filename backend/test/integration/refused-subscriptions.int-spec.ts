import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine } from '../support/engines.js';
import { outcomeOf } from '../support/outcomes.js';

jest.setTimeout(30_000);

describe('subscriptions on a server that refuses some of them', () => {
  let server: RedisTestServer;

  beforeAll(async () => {
    // As with Redis 6.2, which has no sharded channels, and a user who may hear one channel only.
    server = await startRedisServer({
      redisConfig: [
        'rename-command SSUBSCRIBE ""',
        'user default on nopass ~* resetchannels &open +@all',
      ],
    });
  });
  afterEach(() => closeEngines());
  afterAll(() => server.stop());

  it('reject with the reason at once, and the others hear on without a gap', async () => {
    const { redis } = await startReadyEngine(server.options());
    const heard: string[] = [];
    const gaps: number[] = [];
    await redis.subscribe('open', (message) => heard.push(message), {
      onGap: (gapMs) => gaps.push(gapMs),
    });
    const listener = (): void => undefined;
    const refused = await Promise.all(
      [
        redis.ssubscribe('open', listener),
        redis.subscribe(['open', 'closed'], listener),
        redis.psubscribe('*', listener),
      ].map((each) => outcomeOf(each, 5000)),
    );
    expect(refused.map(({ code }) => code)).toEqual(Array(3).fill('COMMAND_REJECTED'));
    expect(refused.map(({ error }) => (error as { details: object }).details)).toEqual([
      { command: 'ssubscribe', reply: 'ERR' },
      { command: 'subscribe', reply: 'NOPERM' },
      { command: 'psubscribe', reply: 'NOPERM' },
    ]);
    await redis.publish('open', 'still here');
    await waitUntil(() => heard.includes('still here'), { what: 'the message arrives' });
    expect([heard, gaps]).toEqual([['still here'], []]);
    // What was refused is forgotten: it may be tried again.
    expect((await outcomeOf(redis.psubscribe('*', listener))).code).toBe('COMMAND_REJECTED');
  });

  it('reject in the same way when they are the first', async () => {
    const { redis } = await startReadyEngine(server.options());
    const listener = (): void => undefined;
    const both = [redis.subscribe('closed', listener), redis.subscribe('open', listener)];
    const outcomes = await Promise.all(both.map((each) => outcomeOf(each, 5000)));
    expect(outcomes.map(({ code }) => code)).toEqual(['COMMAND_REJECTED', null]);
  });
});
