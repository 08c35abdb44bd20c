import type { RedisService } from '../../../src/redis/index.js';
import { outcomeOf } from '../outcomes.js';
import { CASES, type ContractCall, expectOutcome } from './cases.js';

/** A Redis behind its face, and the way to let time pass there. */
export interface ContractRedis {
  readonly redis: RedisService;
  /** Resolves when so much time has passed on the calendar of Redis. */
  pass(ms: number): Promise<void>;
}

/** Calls a method of the face by its name. */
export function callOf(redis: RedisService, [method, ...args]: ContractCall): Promise<unknown> {
  const methods = redis as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  return methods[method]!(...args);
}

/** The promises that a Redis in memory and a real one both keep, through the same `RedisService`. */
export function describeRedisContract(of: string, current: () => ContractRedis): void {
  describe(`${of} keeps the contract of Redis`, () => {
    beforeEach(async () => {
      await current().redis.flushall();
    });

    it.each(CASES.map((one) => [one.title, one] as const))('%s', async (_title, { steps }) => {
      for (const [call, outcome] of steps) {
        expectOutcome(outcome, await outcomeOf(callOf(current().redis, call)));
      }
    });

    describeTime(current);
    describeBatches(current);
    describeWatching(current);
    describeMessages(current);
    describeWaiting(current);
    describeScans(current);
    describeFace(current);
  });
}

function describeTime(current: () => ContractRedis): void {
  it('time: takes what was set for a time, and nothing else', async () => {
    const { redis, pass } = current();
    await redis.set('short', 'v', 'PX', 40);
    await redis.set('long', 'v', 'PX', 100_000);
    expect(await redis.mget('short', 'long')).toEqual(['v', 'v']);
    await pass(41);
    expect(await redis.mget('short', 'long')).toEqual([null, 'v']);
    expect(await redis.exists('short', 'long')).toBe(1);
    expect(await redis.keys('*')).toEqual(['long']);
    expect(await redis.dbsize()).toBe(1);
  });

  it('time: lets what is left of a key grow less', async () => {
    const { redis, pass } = current();
    await redis.set('k', 'v', 'PX', 60_000);
    const before = await redis.pttl('k');
    await pass(30);
    expect(before - (await redis.pttl('k'))).toBeGreaterThanOrEqual(30);
  });

  it('time: frees a lock that nobody gave back', async () => {
    const { redis, pass } = current();
    expect(await redis.set('lock', 'a', 'PX', 40, 'NX')).toBe('OK');
    expect(await redis.set('lock', 'b', 'PX', 60_000, 'NX')).toBeNull();
    await pass(41);
    expect(await redis.set('lock', 'b', 'PX', 60_000, 'NX')).toBe('OK');
  });

  it('time: begins a counter anew', async () => {
    const { redis, pass } = current();
    expect(await redis.multi().incr('n').pexpire('n', 40).exec()).toEqual([
      [null, 1],
      [null, 1],
    ]);
    await pass(41);
    expect(await redis.incr('n')).toBe(1);
    expect(await redis.ttl('n')).toBe(-1);
  });

  it.each<[string, (redis: RedisService) => Promise<unknown>, (redis: RedisService) => unknown]>([
    ['hash', (redis) => redis.hset('k', 'f', 'v'), (redis) => redis.hgetall('k')],
    ['list', (redis) => redis.rpush('k', 'v'), (redis) => redis.lrange('k', 0, -1)],
    ['set', (redis) => redis.sadd('k', 'v'), (redis) => redis.smembers('k')],
    ['sorted set', (redis) => redis.zadd('k', 1, 'v'), (redis) => redis.zrange('k', '0', '-1')],
  ])('time: takes a %s with all that it holds', async (_type, fill, read) => {
    const { redis, pass } = current();
    await fill(redis);
    await redis.pexpire('k', 40);
    await pass(41);
    expect(Object.keys((await read(redis)) as object)).toEqual([]);
    expect(await redis.type('k')).toBe('none');
    await fill(redis);
    expect(await redis.ttl('k')).toBe(-1);
  });

  it('time: takes a key from a moment on that was named', async () => {
    const { redis, pass } = current();
    const [seconds, micros] = await redis.time();
    const now = Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
    await redis.set('k', 'v');
    await redis.pexpireat('k', now + 500);
    expect(await redis.get('k')).toBe('v');
    await pass(501);
    expect(await redis.get('k')).toBeNull();
  });
}

function describeBatches(current: () => ContractRedis): void {
  it('pipelines: give each reply in its place', async () => {
    const { redis } = current();
    const results = await redis.pipeline().set('k', 'v').get('k').incr('n').hgetall('h').exec();
    expect(results).toEqual([
      [null, 'OK'],
      [null, 'v'],
      [null, 1],
      [null, {}],
    ]);
  });

  it('pipelines: go on after an error', async () => {
    const { redis } = current();
    const results = await redis.pipeline().set('k', 'v').lpush('k', 'x').get('k').exec();
    expect(results).toMatchObject([
      [null, 'OK'],
      [{ code: 'COMMAND_REJECTED' }, undefined],
      [null, 'v'],
    ]);
  });

  it('pipelines: take a list of commands', async () => {
    const { redis } = current();
    const list = [
      ['set', 'k', '1'],
      ['incr', 'k'],
    ];
    expect(await redis.pipeline(list).exec()).toEqual([
      [null, 'OK'],
      [null, 2],
    ]);
    expect(await redis.pipeline().exec()).toEqual([]);
  });

  it('pipelines: give Buffers for Buffer methods', async () => {
    const { redis } = current();
    expect(await redis.pipeline().set('k', 'v').getBuffer('k').exec()).toEqual([
      [null, 'OK'],
      [null, Buffer.from('v')],
    ]);
  });

  it('transactions: give each reply in its place', async () => {
    const { redis } = current();
    const results = await redis
      .multi()
      .set('k', 'v')
      .get('k')
      .hset('h', 'a', 1)
      .hgetall('h')
      .exec();
    expect(results).toEqual([
      [null, 'OK'],
      [null, 'v'],
      [null, 1],
      [null, { a: '1' }],
    ]);
  });

  it('transactions: go on after an error of a command', async () => {
    const { redis } = current();
    const results = await redis.multi().set('k', 'v').lpush('k', 'x').incr('n').exec();
    expect(results).toMatchObject([
      [null, 'OK'],
      [{ code: 'COMMAND_REJECTED' }, undefined],
      [null, 1],
    ]);
  });

  it('transactions: do nothing when a command cannot be one', async () => {
    const { redis } = current();
    const outcome = await outcomeOf(redis.multi().set('k', 'v').call('GET').exec());
    expect(outcome).toMatchObject({
      error: {
        code: 'COMMAND_REJECTED',
        message: expect.stringMatching(/^EXECABORT Transaction discarded .*\bget\b/i) as string,
      },
    });
    expect(await redis.get('k')).toBeNull();
  });

  it('transactions: are nothing without commands', async () => {
    expect(await current().redis.multi().exec()).toEqual([]);
  });

  it('transactions: do not wait', async () => {
    const { redis } = current();
    const results = await redis.exclusive((own) => own.multi().blpop('none', 0).exec());
    expect(results).toEqual([[null, null]]);
  });
}

function describeWatching(current: () => ContractRedis): void {
  const raise = async (meanwhile: () => Promise<unknown>): Promise<unknown> =>
    current().redis.exclusive(async (own) => {
      await own.watch('n', 'other');
      const n = Number((await own.get('n')) ?? '0');
      await meanwhile();
      return own
        .multi()
        .set('n', n + 1)
        .exec();
    });

  it('watching: lets a transaction be done when nothing has changed', async () => {
    const { redis } = current();
    expect(await raise(() => redis.set('unwatched', '1'))).toEqual([[null, 'OK']]);
    expect(await redis.get('n')).toBe('1');
  });

  it.each<[string, (redis: RedisService) => Promise<unknown>]>([
    ['was set', (redis) => redis.set('n', '5')],
    ['was set to the same', (redis) => redis.set('other', 'same')],
    ['was deleted', (redis) => redis.del('other')],
    ['came and went', (redis) => redis.pipeline().set('n', '1').del('n').exec()],
    ['got an end', (redis) => redis.expire('other', 100)],
    ['got another name', (redis) => redis.rename('other', 'third')],
  ])('watching: keeps a transaction from being done when a key %s', async (_what, change) => {
    const { redis } = current();
    await redis.set('other', 'same');
    expect(await raise(() => change(redis))).toBeNull();
    expect(await redis.get('n')).not.toBe('1');
  });

  it('watching: sees that a member has changed', async () => {
    const { redis } = current();
    await redis.hset('other', 'a', '1');
    expect(await raise(() => redis.hset('other', 'a', '2'))).toBeNull();
  });

  it('watching: does not mind commands that change nothing', async () => {
    const { redis } = current();
    await redis.set('other', 'v');
    const idle = (): Promise<unknown> =>
      redis.pipeline().get('other').set('other', 'w', 'NX').persist('other').del('n').exec();
    expect(await raise(idle)).toEqual([[null, 'OK']]);
  });

  it('watching: ends with UNWATCH', async () => {
    const { redis } = current();
    const results = await redis.exclusive(async (own) => {
      await own.watch('n');
      await redis.set('n', '5');
      await own.unwatch();
      return own.multi().incr('n').exec();
    });
    expect(results).toEqual([[null, 6]]);
  });

  it('watching: ends with the transaction', async () => {
    const { redis } = current();
    const results = await redis.exclusive(async (own) => {
      await own.watch('n');
      await own.multi().incr('n').exec();
      await redis.set('n', '5');
      return own.multi().incr('n').exec();
    });
    expect(results).toEqual([[null, 6]]);
  });

  it('an exclusive connection: runs commands as any other, and counts no replicas where there are none', async () => {
    const { redis } = current();
    const found = await redis.exclusive(async (own) => {
      await own.set('k', 'v');
      return [await own.get('k'), await own.wait(0, 0), await own.call('STRLEN', 'k')];
    });
    expect(found).toEqual(['v', 0, 1]);
  });
}

function describeMessages(current: () => ContractRedis): void {
  /** Messages as they come, and a promise for each number of them. */
  class Inbox {
    readonly messages: string[] = [];
    #wake: (() => void)[] = [];
    readonly take = (message: string, channel: string): void => {
      this.messages.push(`${channel}: ${message}`);
      for (const wake of this.#wake.splice(0)) wake();
    };
    async has(count: number): Promise<string[]> {
      while (this.messages.length < count) {
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
      return this.messages;
    }
  }

  it('messages: come to those who listen to the channel', async () => {
    const { redis } = current();
    const inbox = new Inbox();
    const subscription = await redis.subscribe(['news', 'prices'], inbox.take);
    expect(await redis.publish('news', 'größe 🙂')).toBe(1);
    expect(await redis.publish('other', 'x')).toBe(0);
    expect(await redis.publish('prices', '2')).toBe(1);
    expect(await inbox.has(2)).toEqual(['news: größe 🙂', 'prices: 2']);
    await subscription.unsubscribe();
  });

  it('messages: come to those who listen to a pattern', async () => {
    const { redis } = current();
    const inbox = new Inbox();
    const subscription = await redis.psubscribe('user:*', inbox.take);
    await redis.publish('job:1', 'x');
    await redis.publish('user:1', 'a');
    expect(await inbox.has(1)).toEqual(['user:1: a']);
    expect(await redis.pubsub('NUMPAT')).toBe(1);
    await subscription.unsubscribe();
  });

  it('messages: come to each listener, and are counted once for a process', async () => {
    const { redis } = current();
    const [one, two] = [new Inbox(), new Inbox()];
    const subscriptions = [
      await redis.subscribe('news', one.take),
      await redis.subscribe('news', two.take),
    ];
    expect(await redis.publish('news', 'a')).toBe(1);
    expect([await one.has(1), await two.has(1)]).toEqual([['news: a'], ['news: a']]);
    expect(await redis.pubsub('NUMSUB', 'news', 'none')).toEqual(['news', 1, 'none', 0]);
    for (const subscription of subscriptions) await subscription.unsubscribe();
  });

  it('messages: come no more after the subscription has ended', async () => {
    const { redis } = current();
    const [ended, other] = [new Inbox(), new Inbox()];
    const subscription = await redis.subscribe('news', ended.take);
    const another = await redis.subscribe('news', other.take);
    await subscription.unsubscribe();
    await redis.publish('news', 'a');
    expect(await other.has(1)).toEqual(['news: a']);
    expect(ended.messages).toEqual([]);
    await another.unsubscribe();
  });

  it('messages: come byte for byte to those who want Buffers', async () => {
    const { redis } = current();
    const come: Buffer[][] = [];
    const inbox = new Inbox();
    const subscriptions = [
      await redis.subscribeBuffer('news', (message, channel) => come.push([message, channel])),
      await redis.subscribe('news', inbox.take),
    ];
    await redis.publish('news', Buffer.from([255, 0]));
    await inbox.has(1);
    expect(come).toEqual([[Buffer.from([255, 0]), Buffer.from('news')]]);
    for (const subscription of subscriptions) await subscription.unsubscribe();
  });

  it('messages: of sharded channels come to those who listen to them', async () => {
    const { redis } = current();
    const [sharded, plain] = [new Inbox(), new Inbox()];
    const subscriptions = [
      await redis.ssubscribe('news', sharded.take),
      await redis.subscribe('news', plain.take),
    ];
    expect(await redis.spublish('news', 'a')).toBe(1);
    expect(await redis.publish('news', 'b')).toBe(1);
    expect([await sharded.has(1), await plain.has(1)]).toEqual([['news: a'], ['news: b']]);
    expect(await redis.pubsub('SHARDCHANNELS')).toEqual(['news']);
    for (const subscription of subscriptions) await subscription.unsubscribe();
  });

  it('messages: come from a transaction, too, in their order', async () => {
    const { redis } = current();
    const inbox = new Inbox();
    const subscription = await redis.subscribe('news', inbox.take);
    expect(await redis.multi().publish('news', 'a').publish('news', 'b').exec()).toEqual([
      [null, 1],
      [null, 1],
    ]);
    expect(await inbox.has(2)).toEqual(['news: a', 'news: b']);
    await subscription.unsubscribe();
  });
}

function describeWaiting(current: () => ContractRedis): void {
  it('waiting: ends when somebody pushes', async () => {
    const { redis } = current();
    const taken = redis.blpop('none', 'jobs', 0);
    await redis.rpush('jobs', 'a', 'b');
    expect(await taken).toEqual(['jobs', 'a']);
    expect(await redis.lrange('jobs', 0, -1)).toEqual(['b']);
  });

  it('waiting: ends when somebody adds to a sorted set', async () => {
    const { redis } = current();
    const taken = redis.bzpopmin('z', 0);
    await redis.zadd('z', 1.5, 'a');
    expect(await taken).toEqual(['z', 'a', '1.5']);
  });

  it('waiting: moves what somebody pushes', async () => {
    const { redis } = current();
    const taken = redis.blmove('from', 'to', 'LEFT', 'RIGHT', 0);
    await redis.rpush('from', 'a');
    expect(await taken).toBe('a');
    expect(await redis.lrange('to', 0, -1)).toEqual(['a']);
  });

  it('waiting: ends when a transaction pushes', async () => {
    const { redis } = current();
    const taken = redis.blpop('jobs', 0);
    await redis.multi().rpush('jobs', 'a').rpush('jobs', 'b').exec();
    expect(await taken).toEqual(['jobs', 'a']);
  });

  it('waiting: ends with nothing when its time is over', async () => {
    const { redis, pass } = current();
    const taken = redis.brpop('jobs', 0.05);
    await pass(60);
    expect(await taken).toBeNull();
  });

  it('waiting: ends when the caller gives up, and takes nothing', async () => {
    const { redis } = current();
    const caller = new AbortController();
    const taken = outcomeOf(redis.with({ signal: caller.signal }).blpop('jobs', 0));
    caller.abort();
    expect(await taken).toMatchObject({ error: { code: 'COMMAND_ABORTED' } });
    await redis.rpush('jobs', 'a');
    expect(await redis.llen('jobs')).toBe(1);
  });
}

function describeScans(current: () => ContractRedis): void {
  const names = Array.from({ length: 250 }, (_, i) => `user:${String(i)}`);

  const all = async (steps: AsyncIterable<string[]>): Promise<Set<string>> => {
    const found = new Set<string>();
    for await (const step of steps) for (const one of step) found.add(one);
    return found;
  };

  it('scans: find every key, step by step', async () => {
    const { redis } = current();
    await redis.mset(Object.fromEntries(names.map((name) => [name, '1'])));
    expect([...(await all(redis.scanIterator()))].sort()).toEqual([...names].sort());
    expect((await all(redis.scanIterator({ match: 'user:1?', count: 7 }))).size).toBe(10);
  });

  it('scans: find what stays, although others come and go', async () => {
    const { redis } = current();
    await redis.mset(Object.fromEntries(names.map((name) => [name, '1'])));
    const found = new Set<string>();
    const gone = new Set<string>();
    let steps = 0;
    for await (const step of redis.scanIterator({ count: 20 })) {
      for (const one of step) found.add(one);
      const next = names.find((name) => !found.has(name));
      if (next !== undefined) gone.add(next);
      await redis.set(`user:new:${String(steps++)}`, '1');
      if (next !== undefined) await redis.del(next);
    }
    expect(names.filter((name) => !found.has(name) && !gone.has(name))).toEqual([]);
  });

  it('scans: find keys and members as Buffers and as streams', async () => {
    const { redis } = current();
    await redis.set(Buffer.from([255]), '1');
    await redis.hset('h', 'f', 'v');
    const found: Buffer[] = [];
    for await (const step of redis.scanIteratorBuffer()) found.push(...step);
    expect(found.map((key) => key.toString('latin1')).sort()).toEqual(['h', '\u00ff']);
    const members: unknown[] = [];
    for await (const step of redis.hscanStream('h')) members.push(...(step as string[]));
    expect(members).toEqual(['f', 'v']);
  });

  it('scans: find keys of one type', async () => {
    const { redis } = current();
    await redis.mset('a', '1', 'b', '2');
    await redis.rpush('l', 'x');
    expect([...(await all(redis.scanIterator({ type: 'list' })))]).toEqual(['l']);
  });

  it.each<['hscan' | 'sscan' | 'zscan', (redis: RedisService) => Promise<unknown>]>([
    ['hscan', (redis) => redis.hset('k', Object.fromEntries(names.map((name) => [name, name])))],
    ['sscan', (redis) => redis.sadd('k', names)],
    ['zscan', (redis) => redis.zadd('k', ...names.flatMap((name, i) => [i, name]))],
  ])('scans: find every member with %s', async (command, fill) => {
    const { redis } = current();
    await fill(redis);
    const found = await all(redis.scanMembers(command, 'k'));
    expect(names.filter((name) => !found.has(name))).toEqual([]);
    const some = await all(redis.scanMembers(command, 'k', { match: 'user:12?' }));
    expect([...some].filter((one) => one.startsWith('user:'))).toHaveLength(10);
  });
}

function describeFace(current: () => ContractRedis): void {
  it('the face: is up, and ready', async () => {
    const { redis } = current();
    await redis.whenReady();
    expect(redis.status).toMatchObject({ status: 'up', canRead: true, canWrite: true });
    expect(redis.name).toBe('default');
    expect(redis.failovers).toEqual([]);
  });

  it('the face: counts what was done', async () => {
    const { redis } = current();
    const ok = (): number => redis.stats.kinds.write.outcomes.ok;
    const before = ok();
    await redis.set('k', 'v');
    expect(ok() - before).toBe(1);
  });

  it('the face: calls back', async () => {
    const { redis } = current();
    await redis.set('k', 'v');
    const called = new Promise((resolve) => {
      void redis.get('k', (error, value) => {
        resolve([error, value]);
      });
    });
    expect(await called).toEqual([null, 'v']);
  });

  it.each<[string, (redis: RedisService) => Promise<unknown>]>([
    ['an object as a value', (redis) => redis.set('k', {} as never)],
    ['a command of one connection', (redis) => redis.call('SELECT', 1)],
    ['a subscription to nothing', (redis) => redis.subscribe([], () => undefined)],
    ['a command without a name', (redis) => redis.call('')],
  ])('the face: refuses %s', async (_what, run) => {
    expect(await outcomeOf(run(current().redis))).toMatchObject({
      error: { code: 'INVALID_ARGUMENT' },
    });
  });

  it('the face: does not begin what was given up already', async () => {
    const { redis } = current();
    const outcome = await outcomeOf(redis.with({ signal: AbortSignal.abort() }).set('k', 'v'));
    expect(outcome).toMatchObject({ error: { code: 'COMMAND_ABORTED' } });
    expect(await redis.exists('k')).toBe(0);
  });

  it('the face: tells that a write was confirmed by no replica, where there is none', async () => {
    const { redis } = current();
    const outcome = await outcomeOf(redis.with({ replicas: 1, timeoutMs: 50 }).set('k', 'v'));
    expect(outcome).toMatchObject({ error: { code: 'NOT_REPLICATED' } });
    expect(await redis.get('k')).toBe('v');
  });

  it('the face: runs what is declared to be a read', async () => {
    const { redis } = current();
    await redis.set('k', 'v');
    expect(await redis.with({ as: 'read' }).call('GET', 'k')).toBe('v');
  });

  it('the face: needs Sentinels for a switchover', async () => {
    expect(await outcomeOf(current().redis.switchover())).toMatchObject({
      error: { code: 'SWITCHOVER_FAILED' },
    });
  });
}
