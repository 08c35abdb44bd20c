import { Redis } from 'ioredis';
import type { RedisService } from '../../src/redis/index.js';
import { startRedisServer, type RedisTestServer } from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine } from '../support/engines.js';
import { outcomeOf } from '../support/outcomes.js';

type Step = readonly [name: string, ...args: unknown[]];

/** Commands of every family, in an order in which each finds what it needs. Both clients run all of them. */
const STEPS: readonly Step[] = [
  // strings and counters
  ['set', 'k:s', 'hello'],
  ['set', 'k:s', 'ignored', 'NX'],
  ['set', 'k:px', 'x', 'PX', 100_000],
  ['get', 'k:s'],
  ['get', 'k:none'],
  ['getrange', 'k:s', 1, 3],
  ['append', 'k:s', ' world'],
  ['strlen', 'k:s'],
  ['setrange', 'k:s', 0, 'J'],
  ['getset', 'k:s', 'new'],
  ['setnx', 'k:s', 'x'],
  ['incr', 'k:n'],
  ['incrby', 'k:n', 41],
  ['decr', 'k:n'],
  ['incrbyfloat', 'k:f', 1.5],
  ['set', 'k:int', 5, 'GET'],
  // several keys
  ['mset', { 'm:1': 'a', 'm:2': 'b' }],
  ['mset', 'm:3', 'c', 'm:4', 'd'],
  ['mset', ['m:5', 'e']],
  ['mget', 'm:1', 'm:2', 'm:none'],
  ['mget', ['m:3', 'm:4']],
  ['exists', 'm:1', 'm:2', 'm:none'],
  ['del', 'm:4', 'm:none'],
  ['unlink', ['m:5']],
  // expiry
  ['expire', 'm:1', 100],
  ['persist', 'm:1'],
  ['ttl', 'm:1'],
  ['ttl', 'm:none'],
  ['type', 'k:s'],
  // hashes
  ['hset', 'h', { a: 1, b: 'two' }],
  ['hset', 'h', 'c', '3'],
  ['hset', 'h', new Map([['d', '4']])],
  ['hget', 'h', 'a'],
  ['hget', 'h', 'none'],
  ['hmget', 'h', 'a', 'none'],
  ['hgetall', 'h'],
  ['hgetall', 'h:none'],
  ['hincrby', 'h', 'a', 2],
  ['hdel', 'h', 'd', 'none'],
  ['hlen', 'h'],
  ['hkeys', 'h'],
  ['hvals', 'h'],
  ['hexists', 'h', 'a'],
  // sets
  // Numbers, because each server hashes words in an order of its own.
  ['sadd', 's', 1, 2],
  ['sadd', 's', [3]],
  ['scard', 's'],
  ['sismember', 's', 1],
  ['smismember', 's', 1, 'none'],
  ['srem', 's', 3],
  ['sinter', 's', 's:none'],
  // sorted sets
  ['zadd', 'z', 1, 'one', 2, 'two', 3.5, 'more'],
  ['zadd', 'z', 'NX', 'CH', 9, 'one'],
  ['zincrby', 'z', 1, 'one'],
  ['zrange', 'z', 0, -1],
  ['zrange', 'z', 0, -1, 'WITHSCORES'],
  ['zrangebyscore', 'z', '-inf', '+inf', 'LIMIT', 0, 1],
  ['zscore', 'z', 'more'],
  ['zscore', 'z', 'none'],
  ['zrank', 'z', 'two'],
  ['zcard', 'z'],
  ['zrem', 'z', 'two'],
  // lists
  ['rpush', 'l', 'a', 'b', 'c'],
  ['lpush', 'l', 'z'],
  ['lrange', 'l', 0, -1],
  ['lindex', 'l', 0],
  ['llen', 'l'],
  ['lpop', 'l'],
  ['rpop', 'l', 2],
  ['lpop', 'l:none'],
  ['blpop', 'l', 1],
  // streams, bits, geo, hyperloglog
  ['xadd', 'x', '1-1', 'field', 'value'],
  ['xrange', 'x', '-', '+'],
  ['xlen', 'x'],
  ['xread', 'COUNT', 1, 'STREAMS', 'x', '0'],
  ['xgroup', 'CREATE', 'x', 'g', '0'],
  ['xreadgroup', 'GROUP', 'g', 'me', 'STREAMS', 'x', '>'],
  ['xack', 'x', 'g', '1-1'],
  ['setbit', 'b', 7, 1],
  ['bitcount', 'b'],
  ['geoadd', 'geo', 13.361389, 38.115556, 'Palermo'],
  ['geopos', 'geo', 'Palermo', 'none'],
  ['pfadd', 'hll', 'a', 'b'],
  ['pfcount', 'hll'],
  // scans, objects, copies, publishing, scripts
  ['scan', 0, 'MATCH', 'hl*', 'COUNT', 1000],
  ['hscan', 'h', 0],
  ['sscan', 's', 0],
  ['zscan', 'z', 0],
  ['object', 'ENCODING', 'k:n'],
  ['copy', 'k:n', 'k:copy'],
  ['rename', 'k:copy', 'k:renamed'],
  ['publish', 'nobody', 'listens'],
  ['eval', 'return {1, "two", {3}, ARGV[1]}', 1, 'k:n', 'arg'],
  ['eval', 'return redis.status_reply("FINE")', 0],
  ['eval', 'return nil', 0],
  ['dbsize'],
  ['ping'],
  ['echo', 'hello'],
  ['time'],
  // Buffers
  ['getBuffer', 'k:s'],
  ['hgetallBuffer', 'h'],
  ['mgetBuffer', 'm:1', 'm:none'],
  ['zrangeBuffer', 'z', 0, -1],
  // errors
  ['lpush', 'k:s', 'not a list'],
  ['incr', 'k:s'],
  ['hset', 'h', 'odd'],
];

describe('every command answers what a bare ioredis client answers', () => {
  let server: RedisTestServer;
  let plainServer: RedisTestServer;
  let redis: RedisService;
  let plain: Redis;

  beforeAll(async () => {
    [server, plainServer] = await Promise.all([startRedisServer(), startRedisServer()]);
    ({ redis } = await startReadyEngine(server.options()));
    plain = new Redis({ ...plainServer.node.address, protocol: 2 } as never);
  });
  beforeEach(async () => {
    await Promise.all([server.node.command('FLUSHALL'), plainServer.node.command('FLUSHALL')]);
  });
  afterAll(async () => {
    plain.disconnect();
    await closeEngines();
    await Promise.all([server.stop(), plainServer.stop()]);
  });

  /** Runs one step on a client; an error becomes its message. */
  async function run(client: object, [name, ...args]: Step): Promise<unknown> {
    const method = (client as Record<string, (...all: unknown[]) => Promise<unknown>>)[name];
    try {
      return await method!.call(client, ...args.map(copyOf));
    } catch (error) {
      return `error: ${(error as Error).message}`;
    }
  }

  it(`one by one (${String(STEPS.length)} calls)`, async () => {
    for (const step of STEPS) {
      const ours = await run(redis, step);
      const theirs = await run(plain, step);
      if (step[0] === 'time') expect(shapeOf(ours)).toEqual(shapeOf(theirs));
      else expect({ step, reply: ours }).toEqual({ step, reply: theirs });
    }
  });

  it('in one pipeline', async () => {
    const steps = STEPS.filter(([name]) => !['time', 'blpop'].includes(name));
    const fill = (client: { pipeline(): unknown }): Promise<[Error | null, unknown][]> => {
      const batch = client.pipeline() as Record<string, (...all: unknown[]) => unknown>;
      for (const [name, ...args] of steps) batch[name]!(...args.map(copyOf));
      return (batch['exec'] as () => Promise<[Error | null, unknown][]>)();
    };
    expect(comparable(await fill(redis))).toEqual(comparable(await fill(plain)));
  });

  it('in one transaction', async () => {
    const steps = STEPS.filter(
      ([name]) => !['time', 'blpop', 'xread', 'xreadgroup'].includes(name),
    );
    // Refused before EXEC, which ends the whole transaction.
    const valid = steps.filter(([name, , field]) => !(name === 'hset' && field === 'odd'));
    const fill = (client: { multi(): unknown }): Promise<[Error | null, unknown][]> => {
      const batch = client.multi() as Record<string, (...all: unknown[]) => unknown>;
      for (const [name, ...args] of valid) batch[name]!(...args.map(copyOf));
      return (batch['exec'] as () => Promise<[Error | null, unknown][]>)();
    };
    expect(comparable(await fill(redis))).toEqual(comparable(await fill(plain)));
  });

  it('with callbacks, as old code passes them', async () => {
    await redis.set('cb', 'value');
    const got = await new Promise((resolve, reject) => {
      void redis.get('cb', (error, value) => {
        if (error) reject(error);
        else resolve(value);
      });
    });
    expect(got).toBe('value');
    const failed = await new Promise<unknown>((resolve) => {
      void redis.incr('cb', (error) => resolve(error)).catch(() => undefined);
    });
    expect(failed).toMatchObject({ code: 'COMMAND_REJECTED' });
    const batch = await new Promise((resolve) => {
      void redis
        .pipeline()
        .get('cb')
        .exec((_, results) => resolve(results));
    });
    expect(batch).toEqual([[null, 'value']]);
  });

  it('by name: call() and callBuffer()', async () => {
    expect(await redis.call('SET', 'by', 'name')).toBe('OK');
    expect(await redis.call('get', 'by')).toBe('name');
    expect(await redis.callBuffer('GET', 'by')).toEqual(Buffer.from('name'));
    expect(await redis.call('object', 'encoding', 'by')).toBe('embstr');
    expect(await redis.call('client', 'getname')).toBe('nestjs-redis-ha');
    expect((await outcomeOf(redis.call('no-such-command', 'secret-argument'))).code).toBe(
      'COMMAND_REJECTED',
    );
  });

  it('commands that belong to one connection are refused with what to use instead', async () => {
    for (const [name, remedy] of [
      ['subscribe', 'redis.subscribe'],
      ['multi', 'redis.multi'],
      ['watch', 'redis.exclusive'],
      ['select', 'node.db'],
      ['monitor', 'createClient'],
      ['quit', 'shuts down'],
    ] as const) {
      const outcome = await outcomeOf(redis.call(name, 'x'));
      expect(outcome.code).toBe('INVALID_ARGUMENT');
      expect(String(outcome.error)).toContain(remedy);
    }
  });

  it('scripts are loaded once, and again where they are missing', async () => {
    const join = redis.script<string>({ lua: 'return KEYS[1] .. ARGV[1]', readOnly: true });
    expect(await join(['a'], ['b'])).toBe('ab');
    expect(await join(['a'], [7])).toBe('a7');
    await server.node.command('SCRIPT', 'FLUSH');
    expect(await join(['c'], ['d'])).toBe('cd');
    const failing = redis.script({ lua: 'return redis.call("INCR", KEYS[1])' });
    await redis.set('text', 'x');
    expect((await outcomeOf(failing(['text']))).code).toBe('COMMAND_REJECTED');
  });

  it('iterators see every key and every member', async () => {
    const keys = Array.from({ length: 1200 }, (_, i) => `it:${String(i)}`);
    await redis.mset(keys.flatMap((key) => [key, '1']));
    await redis.hset('it-hash', Object.fromEntries(keys.map((key) => [key, 'v'])));
    const seen = new Set<string>();
    for await (const page of redis.scanIterator({ match: 'it:*', count: 50 })) {
      for (const key of page) seen.add(key);
    }
    expect(seen.size).toBe(keys.length);
    const types = new Set<string>();
    for await (const page of redis.scanIterator({ type: 'hash' }))
      for (const key of page) types.add(key);
    expect([...types]).toEqual(['it-hash']);
    const fields = new Set<string>();
    for await (const page of redis.scanMembers('hscan', 'it-hash')) {
      for (let i = 0; i < page.length; i += 2) fields.add(page[i]!);
    }
    expect(fields.size).toBe(keys.length);
  });

  it('an iterator that is left early, or asked of nothing, ends quietly', async () => {
    await redis.mset('left:1', '1', 'left:2', '2');
    for await (const page of redis.scanIterator({ count: 1 })) {
      expect(page.length).toBeGreaterThan(0);
      break;
    }
    const nothing: string[][] = [];
    for await (const page of redis.scanMembers('sscan', 'none')) nothing.push(page);
    expect(nothing).toEqual([]);
  });

  it('publish and subscribe: channels, patterns, several listeners, an end', async () => {
    const heard: string[] = [];
    const first = await redis.subscribe('a', (message, channel) =>
      heard.push(`1 ${channel} ${message}`),
    );
    const second = await redis.subscribe(['a', 'b'], (message) => heard.push(`2 ${message}`));
    const pattern = await redis.psubscribe('?', (message, channel) =>
      heard.push(`p ${channel} ${message}`),
    );
    const bad = await redis.subscribe('a', () => {
      throw new Error('listener broke');
    });
    expect(await redis.publish('a', 'x')).toBe(2);
    await untilEqual(() => heard.toSorted(), ['1 a x', '2 x', 'p a x']);
    await first.unsubscribe();
    await bad.unsubscribe();
    heard.length = 0;
    await redis.publish('a', 'y');
    await redis.publish('b', 'z');
    await untilEqual(() => heard.toSorted(), ['2 y', '2 z', 'p a y', 'p b z']);
    await second.unsubscribe();
    await second.unsubscribe();
    await pattern.unsubscribe();
    await untilEqual(() => redis.publish('a', 'nobody'), 0);
    expect((await outcomeOf(redis.subscribe([], () => undefined))).code).toBe('INVALID_ARGUMENT');
  });

  it('sharded channels are heard apart from others, and messages come byte for byte', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0x80]);
    const heard: string[] = [];
    const raw: Buffer[] = [];
    const plain = await redis.subscribe('shared', (message) => heard.push(`plain ${message}`));
    const sharded = await redis.ssubscribe('shared', (message) => heard.push(`sharded ${message}`));
    const buffers = await redis.ssubscribeBuffer('bytes', (message) => raw.push(message));
    expect(await redis.spublish('shared', 'a')).toBe(1);
    expect(await redis.publish('shared', 'b')).toBe(1);
    expect(await redis.spublish('bytes', bytes)).toBe(1);
    await untilEqual(() => heard.toSorted(), ['plain b', 'sharded a']);
    await untilEqual(() => raw, [bytes]);
    await Promise.all([sharded, buffers].map((each) => each.unsubscribe()));
    await untilEqual(() => redis.spublish('shared', 'nobody'), 0);
    // The last of the sharded ones has ended, and the others are heard all the same.
    await redis.publish('shared', 'c');
    await untilEqual(() => heard.toSorted(), ['plain b', 'plain c', 'sharded a']);
    await plain.unsubscribe();
  });

  it('scans give Buffers byte for byte, also as streams', async () => {
    const key = Buffer.from([0xff, 0x00, 0x80]);
    await redis.set(key, 'v');
    await redis.hset('bytes-hash', key, key);
    const keys: Buffer[] = [];
    for await (const page of redis.scanIteratorBuffer({ type: 'string' })) keys.push(...page);
    expect(keys.some((each) => each.equals(key))).toBe(true);
    const pairs: Buffer[] = [];
    for await (const page of redis.scanMembersBuffer('hscan', 'bytes-hash')) pairs.push(...page);
    expect(pairs).toEqual([key, key]);
    const streamed = (await redis.hscanBufferStream('bytes-hash').toArray()) as Buffer[][];
    expect(streamed).toEqual([[key, key]]);
    await redis.sadd('members', 'a', 'b');
    const members = (await redis.sscanStream('members').toArray()) as string[][];
    expect(members.flat().toSorted()).toEqual(['a', 'b']);
    const all = (await redis.scanStream({ match: 'members' }).toArray()) as string[][];
    expect(all).toEqual([['members']]);
  });

  it('sessions watch, transact and are given back clean', async () => {
    await redis.set('stock', '5');
    const sell = (): Promise<unknown> =>
      redis.exclusive(async (session) => {
        await session.watch('stock');
        const left = Number(await session.get('stock'));
        return session
          .multi()
          .set('stock', left - 1)
          .exec();
      });
    const results = await Promise.all([sell(), sell(), sell(), sell()]);
    const sold = results.filter((result) => result !== null).length;
    expect(await redis.get('stock')).toBe(String(5 - sold));
    expect(sold).toBeGreaterThan(0);
    await expect(redis.exclusive(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
    // More sessions than connections: they take turns.
    const many = await Promise.all(
      Array.from({ length: 40 }, () => redis.exclusive((session) => session.incr('turns'))),
    );
    expect(Math.max(...many)).toBe(40);
    expect(redis.status.pools.write).toEqual({ size: 10, available: 10 });
  });
});

describe('keyPrefix and db', () => {
  it('put the prefix before every key, scripts, transactions and sessions included', async () => {
    await using server = await startRedisServer();
    const { redis } = await startReadyEngine({
      ...server.options(),
      node: { keyPrefix: 'app:', db: 2 },
    });
    await redis.mset('a', '1', 'b', '2');
    await redis.multi().set('c', '3').exec();
    await redis.pipeline().set('d', '4').exec();
    await redis.exclusive((session) => session.set('e', '5'));
    await redis.script({ lua: 'return redis.call("SET", KEYS[1], "6")' })(['f']);
    await redis.rpush('list', 'x');
    expect(await redis.blpop('list', 1)).toEqual(['app:list', 'x']);
    const client = await server.node.connect();
    await client.command(['SELECT', '2']);
    const keys = (await client.command(['KEYS', '*'])) as string[];
    expect(keys.map(String).toSorted()).toEqual([
      'app:a',
      'app:b',
      'app:c',
      'app:d',
      'app:e',
      'app:f',
    ]);
    client.close();
    expect(await redis.mget('a', 'b', 'c')).toEqual(['1', '2', '3']);
    await closeEngines();
  });
});

/** ioredis flattens some arguments in place, so each client gets its own. */
function copyOf(arg: unknown): unknown {
  if (Array.isArray(arg)) return [...(arg as unknown[])];
  if (arg instanceof Map) return new Map(arg);
  return typeof arg === 'object' && arg !== null && !Buffer.isBuffer(arg) ? { ...arg } : arg;
}

function shapeOf(value: unknown): unknown {
  return Array.isArray(value) ? (value as unknown[]).map(shapeOf) : typeof value;
}

function comparable(results: [Error | null, unknown][]): unknown[] {
  return results.map(([error, result]) => (error === null ? result : `error: ${error.message}`));
}

async function untilEqual<T>(look: () => T | Promise<T>, expected: T): Promise<void> {
  const giveUpAt = performance.now() + 3000;
  for (;;) {
    const value = await look();
    if (JSON.stringify(value) === JSON.stringify(expected) || performance.now() > giveUpAt) {
      expect(value).toEqual(expected);
      return;
    }
    await new Promise((done) => setTimeout(done, 10));
  }
}
