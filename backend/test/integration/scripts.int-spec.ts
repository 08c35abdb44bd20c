import type { RedisService } from '../../src/redis/index.js';
import { startRedisServer, type RedisTestServer } from '../../src/redis/testing/index.js';
import { closeEngines, startEngine, startReadyEngine } from '../support/engines.js';
import { outcomeOf } from '../support/outcomes.js';

jest.setTimeout(30_000);

interface Bank {
  deposit: number;
  balance: string | null;
}

const DEPOSIT = 'return redis.call("INCRBY", KEYS[1], ARGV[1])';
const BALANCE = 'return redis.call("GET", KEYS[1])';
const SCRIPTS = { deposit: { lua: DEPOSIT }, balance: { lua: BALANCE, readOnly: true } };

describe('scripts as methods, on a real server', () => {
  let server: RedisTestServer;
  let redis: RedisService;

  beforeAll(async () => {
    server = await startRedisServer();
  });
  beforeEach(async () => {
    ({ redis } = await startReadyEngine(server.options()));
    await server.node.command('FLUSHALL');
    await server.node.command('SCRIPT', 'FLUSH');
  });
  afterEach(() => closeEngines());
  afterAll(() => server.stop());

  it('run by themselves, beside the commands, and under other terms', async () => {
    const bank = redis.withScripts<Bank>(SCRIPTS);
    await expect(bank.deposit(['a'], [5])).resolves.toBe(5);
    await expect(bank.balance(['a'])).resolves.toBe('5');
    await expect(bank.with({ timeoutMs: 500 }).deposit(['a'], [1])).resolves.toBe(6);
    await expect(bank.get('a')).resolves.toBe('6');
  });

  it('run in pipelines and transactions where the server knows none of them', async () => {
    const bank = redis.withScripts<Bank>(SCRIPTS);
    await expect(
      bank.pipeline().deposit(['p'], [2]).get('p').balance(['p']).exec(),
    ).resolves.toEqual([
      [null, 2],
      [null, '2'],
      [null, '2'],
    ]);
    await server.node.command('SCRIPT', 'FLUSH');
    await expect(
      bank.multi().set('t', '1').deposit(['t'], [2]).balance(['t']).exec(),
    ).resolves.toEqual([
      [null, 'OK'],
      [null, 3],
      [null, '3'],
    ]);
  });

  it('run on an exclusive connection, alone and in its transactions, between WATCH and EXEC', async () => {
    await redis.exclusive(async (own) => {
      const bank = own.withScripts<Bank>(SCRIPTS);
      await own.watch('x');
      await expect(bank.balance(['x'])).resolves.toBeNull();
      expect(bank.isWatching).toBe(true);
      await expect(bank.multi().deposit(['x'], [3]).balance(['x']).exec()).resolves.toEqual([
        [null, 3],
        [null, '3'],
      ]);
      expect(own.isWatching).toBe(false);
      await bank.watch('x');
      await redis.set('x', '9');
      await expect(bank.multi().deposit(['x'], [3]).exec()).resolves.toBeNull();
    });
    await expect(redis.get('x')).resolves.toBe('9');
  });

  it('of an exclusive connection end with its work, and take no options', async () => {
    const bank = await redis.exclusive((own) => {
      const mine = own.withScripts<Bank>(SCRIPTS);
      return Promise.resolve({ mine });
    });
    const late = await outcomeOf(bank.mine.deposit(['a'], [1]));
    expect(late.code).toBe('CONNECTION_LOST');
    const outcome = await outcomeOf(
      redis.exclusive((own) => {
        const deposit = own.withScripts<Bank>(SCRIPTS).deposit as (
          ...args: unknown[]
        ) => Promise<unknown>;
        return deposit(['a'], [1], { timeoutMs: 5 });
      }),
    );
    expect(outcome.code).toBe('INVALID_ARGUMENT');
    expect(String(outcome.error)).toMatch(/timeoutMs to redis\.exclusive/);
  });

  it('put the key prefix in front of their keys', async () => {
    const prefixed = await startReadyEngine({ ...server.options(), node: { keyPrefix: 'app:' } });
    const bank = prefixed.redis.withScripts<Bank>(SCRIPTS);
    await bank.deposit(['k'], [1]);
    await bank.multi().deposit(['k'], [1]).exec();
    await expect(server.node.command('GET', 'app:k')).resolves.toBe('2');
  });

  it('answer with Buffers where they are asked to', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0x80]);
    await redis.set('b', bytes);
    const read = redis.script<Buffer>({ lua: BALANCE, buffers: true });
    await expect(read(['b'])).resolves.toEqual(bytes);
    const named = redis.withScripts<{ read: Buffer }>({ read: { lua: BALANCE, buffers: true } });
    await expect(named.multi().read(['b']).exec()).resolves.toEqual([[null, bytes]]);
  });

  it('reject in memory mode, as every command', async () => {
    const { redis: none } = startEngine({ mode: 'memory' });
    const bank = none.withScripts<Bank>(SCRIPTS);
    expect((await outcomeOf(bank.deposit(['a'], [1]))).code).toBe('REDIS_DISABLED');
    const batch = bank.pipeline().deposit(['a'], [1]).exec();
    expect((await outcomeOf(batch)).code).toBe('REDIS_DISABLED');
  });
});
