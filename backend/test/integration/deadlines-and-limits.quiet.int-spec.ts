import {
  CommandRejectedError,
  type RedisHaError,
  type RedisService,
  type StandaloneModeOptions,
} from '../../src/redis/index.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { closeEngines, startEngine, startReadyEngine } from '../support/engines.js';
import { EventLog } from '../support/events.js';
import { outcomeOf } from '../support/outcomes.js';

jest.setTimeout(30_000);

describe('with one Redis', () => {
  let server: RedisTestServer;

  beforeAll(async () => {
    server = await startRedisServer();
  });
  afterEach(async () => {
    if (server.node.isFrozen) server.node.thaw();
    await closeEngines();
    await server.node.command('FLUSHALL');
  });
  afterAll(() => server.stop());

  function start(
    routing: StandaloneModeOptions['routing'] = {},
    node: StandaloneModeOptions['node'] = {},
  ): Promise<{ redis: RedisService }> {
    return startReadyEngine({ ...server.options(), routing: { ...routing }, node: { ...node } });
  }

  it('a read ends at its deadline, a write at its own', async () => {
    const { redis } = await start({ readTimeoutMs: 200, writeTimeoutMs: 900 });
    await server.node.freeze();
    const [read, write, counter] = await Promise.all([
      outcomeOf(redis.get('a')),
      outcomeOf(redis.set('a', '1')),
      outcomeOf(redis.incr('n')),
    ]);
    expect(read.code).toBe('COMMAND_TIMEOUT');
    expect(read.tookMs).toBeGreaterThanOrEqual(190);
    expect(read.tookMs).toBeLessThan(600);
    // Both were sent: nobody knows whether they were executed.
    expect([write.code, counter.code]).toEqual(['COMMAND_UNCERTAIN', 'COMMAND_UNCERTAIN']);
    expect(write.tookMs).toBeGreaterThanOrEqual(890);
    expect(write.tookMs).toBeLessThan(1500);
  });

  it('a call may have a deadline of its own', async () => {
    const { redis } = await start({ readTimeoutMs: 5000 });
    await server.node.freeze();
    const impatient = redis.with({ timeoutMs: 60 });
    const [get, multi, pipeline] = await Promise.all([
      outcomeOf(impatient.get('a')),
      outcomeOf(impatient.multi().incr('a').exec()),
      outcomeOf(impatient.pipeline().get('a').exec()),
    ]);
    expect(get.code).toBe('COMMAND_TIMEOUT');
    expect(get.tookMs).toBeLessThan(500);
    expect(multi.code).toBe('COMMAND_UNCERTAIN');
    const [[error]] = pipeline.value as [[RedisHaError, unknown]];
    expect(error.code).toBe('COMMAND_TIMEOUT');
    for (const timeoutMs of [0, -1, Number.NaN, Infinity]) {
      expect(() => redis.with({ timeoutMs })).toThrow(/positive number/);
    }
  });

  it('an AbortSignal ends a call, before, while and after it is sent', async () => {
    const { redis } = await start({ readTimeoutMs: 5000 });
    const aborted = AbortSignal.abort(new Error('not needed'));
    expect((await outcomeOf(redis.with({ signal: aborted }).get('a'))).code).toBe(
      'COMMAND_ABORTED',
    );
    await server.node.freeze();
    const controller = new AbortController();
    const { signal } = controller;
    const [read, write, blocked] = [
      outcomeOf(redis.with({ signal }).get('a')),
      outcomeOf(redis.with({ signal }).set('a', '1')),
      outcomeOf(redis.with({ signal }).blpop('l', 0)),
    ];
    await new Promise((done) => setTimeout(done, 50));
    controller.abort(new Error('changed my mind'));
    const outcomes = await Promise.all([read, write, blocked]);
    expect(outcomes[0]).toMatchObject({ code: 'COMMAND_ABORTED' });
    expect((outcomes[0].error as Error).cause).toEqual(new Error('changed my mind'));
    expect(outcomes[1].code).toBe('COMMAND_UNCERTAIN');
    expect(['COMMAND_ABORTED', 'COMMAND_UNCERTAIN']).toContain(outcomes[2].code);
    server.node.thaw();
    const late = new AbortController();
    expect(await redis.with({ signal: late.signal, timeoutMs: 5000 }).set('b', '1')).toBe('OK');
    late.abort();
    expect(await redis.get('b')).toBe('1');
  });

  it('late answers are not given to others', async () => {
    const { redis } = await start({ readTimeoutMs: 150 });
    await Promise.all(Array.from({ length: 50 }, (_, i) => redis.set(`k${String(i)}`, String(i))));
    await server.node.freeze();
    const lost = Array.from({ length: 50 }, (_, i) => outcomeOf(redis.get(`k${String(i)}`)));
    for (const outcome of await Promise.all(lost)) expect(outcome.code).toBe('COMMAND_TIMEOUT');
    server.node.thaw();
    await redis.whenReady();
    for (let i = 0; i < 50; i++) {
      expect(await redis.with({ timeoutMs: 2000 }).get(`k${String(i)}`)).toBe(String(i));
    }
  });

  it('values of 32 MB and bytes of every kind come back as they were', async () => {
    const { redis } = await start({ readTimeoutMs: 10_000 });
    const big = Buffer.alloc(32 * 1024 * 1024, 'abcdefg');
    await redis.set('big', big);
    expect((await redis.getBuffer('big'))?.equals(big)).toBe(true);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await redis.hset('bytes', { all: bytes });
    expect((await redis.hgetBuffer('bytes', 'all'))?.equals(bytes)).toBe(true);
    await redis.set('unicode', '✓ naïve \r\n $6 日本');
    expect(await redis.get('unicode')).toBe('✓ naïve \r\n $6 日本');
    await redis.set('', '');
    expect(await redis.get('')).toBe('');
  });

  it('100,000 commands at once are answered, in order', async () => {
    const { redis } = await start({ writeTimeoutMs: 20_000, maxQueuedCommands: 200_000 });
    const counts = await Promise.all(Array.from({ length: 100_000 }, () => redis.incr('n')));
    expect(counts).toEqual(Array.from({ length: 100_000 }, (_, i) => i + 1));
    expect(redis.status).toMatchObject({ pending: 0, waiting: { reads: 0, writes: 0 } });
  });

  it('more commands than may wait fail at once, typed; the others are answered', async () => {
    const { redis } = await start({ writeTimeoutMs: 20_000, maxQueuedCommands: 1000 });
    await server.node.freeze();
    const probe = outcomeOf(redis.set('probe', '1'), 25_000);
    await waitUntil(() => !redis.status.canWrite, { what: 'the freeze is noticed' });
    const startedAt = performance.now();
    const calls = Array.from({ length: 20_000 }, () => outcomeOf(redis.incr('n'), 25_000));
    const last = await calls.at(-1);
    expect(last?.code).toBe('QUEUE_FULL');
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(redis.status.waiting.writes).toBeLessThanOrEqual(1000);
    server.node.thaw();
    const byCode = new Map<string | null, number>();
    for (const { code } of await Promise.all(calls)) byCode.set(code, (byCode.get(code) ?? 0) + 1);
    expect(Object.fromEntries(byCode)).toEqual({ null: 1000, QUEUE_FULL: 19_000 });
    expect(await redis.get('n')).toBe('1000');
    expect((await probe).value).toBe('OK');
  });

  it('bytes that wait are bounded too', async () => {
    const { redis } = startEngine({
      mode: 'standalone',
      port: 1,
      routing: { maxQueuedBytes: 1_000_000, writeTimeoutMs: 300 },
    });
    const value = 'x'.repeat(100_000);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) => outcomeOf(redis.set(`k${String(i)}`, value))),
    );
    const codes = outcomes.map(({ code }) => code);
    expect(codes.filter((code) => code === 'NO_PRIMARY')).toHaveLength(9);
    expect(codes.filter((code) => code === 'QUEUE_FULL')).toHaveLength(11);
  });

  it('CLIENT PAUSE delays writes and loses none', async () => {
    const { redis } = await start({ readTimeoutMs: 3000 });
    await server.node.command('CLIENT', 'PAUSE', '700', 'WRITE');
    const startedAt = performance.now();
    const counts = await Promise.all(Array.from({ length: 100 }, () => redis.incr('n')));
    expect(performance.now() - startedAt).toBeGreaterThan(500);
    expect(counts.at(-1)).toBe(100);
    await server.node.command('CLIENT', 'PAUSE', '700', 'ALL');
    expect(await outcomeOf(redis.get('n'))).toMatchObject({ value: '100' });
  });

  it('while a script holds the server up, writes wait and then succeed', async () => {
    const { redis } = await start({ writeTimeoutMs: 10_000, readTimeoutMs: 5000 });
    await server.node.command('CONFIG', 'SET', 'busy-reply-threshold', '100');
    const client = await server.node.connect({ deadlineMs: 10_000 });
    const slow = client.command([
      'EVAL',
      'local t = redis.call("TIME") local now = t[1] * 1000 + t[2] / 1000 local till = now + 1200 ' +
        'while now < till do t = redis.call("TIME") now = t[1] * 1000 + t[2] / 1000 end return 1',
      '0',
    ]);
    await new Promise((done) => setTimeout(done, 300));
    const outcomes = await Promise.all([
      outcomeOf(redis.incr('n')),
      outcomeOf(redis.set('s', '1')),
      outcomeOf(redis.get('n')),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual([null, null, null]);
    expect(outcomes[0].value).toBe(1);
    await slow;
    client.close();
  });

  it('errors of Redis keep their words and carry no arguments', async () => {
    const { redis } = await start();
    await redis.set('text', 'secret-value');
    const wrong = await outcomeOf(redis.lpush('text', 'secret-argument'));
    expect(wrong.error).toBeInstanceOf(CommandRejectedError);
    expect(wrong.error).toMatchObject({
      code: 'COMMAND_REJECTED',
      retryable: false,
      details: { command: 'lpush', reply: 'WRONGTYPE' },
    });
    const { inspect } = await import('node:util');
    expect(inspect(wrong.error, { depth: 10 })).not.toContain('secret-argument');
    const inBatch = await redis.multi().set('a', '1').lpush('text', 'secret-argument').exec();
    expect(inBatch?.[0]).toEqual([null, 'OK']);
    expect(inBatch?.[1]?.[0]).toMatchObject({ code: 'COMMAND_REJECTED' });
    expect(inspect(inBatch, { depth: 10 })).not.toContain('secret-argument');
    const aborted = await outcomeOf(redis.multi().call('nonsense', 'secret-argument').exec());
    expect(aborted.code).toBe('COMMAND_REJECTED');
    expect(inspect(aborted.error, { depth: 10 })).not.toContain('secret-argument');
  });

  it('a full Redis says so at once, and reads go on', async () => {
    const { redis } = await start();
    await redis.set('there', 'before');
    await server.node.command('CONFIG', 'SET', 'maxmemory', '1');
    try {
      const full = await outcomeOf(redis.set('more', 'x'));
      expect(full.error).toMatchObject({ code: 'COMMAND_REJECTED', details: { reply: 'OOM' } });
      expect(full.tookMs).toBeLessThan(1000);
      expect(await redis.get('there')).toBe('before');
    } finally {
      await server.node.command('CONFIG', 'SET', 'maxmemory', '0');
    }
  });

  it('a restart of Redis is survived, and reported as a restart', async () => {
    const { redis } = await start({ readTimeoutMs: 3000 });
    const events = new EventLog(redis);
    await redis.set('before', '1');
    const heard: string[] = [];
    await redis.subscribe('news', (message) => heard.push(message));
    const blocked = outcomeOf(redis.blpop('jobs', 20), 25_000);
    await server.node.kill();
    const during = outcomeOf(redis.set('during', '1'));
    await server.node.restart();
    expect((await during).value).toBe('OK');
    expect(await redis.get('during')).toBe('1');
    await waitUntil(() => events.of('primary.reset').length === 1, {
      what: 'the restart is reported',
    });
    await waitUntil(
      async () => {
        await redis.publish('news', 'hello');
        return heard.length > 0;
      },
      { what: 'the subscription hears again' },
    );
    await redis.rpush('jobs', 'one');
    expect(['COMMAND_UNCERTAIN', 'jobs,one']).toContain(
      await blocked.then(({ code, value }) => code ?? String(value)),
    );
    events.stop();
  });

  it('blocking commands wait on connections of their own and disturb nobody', async () => {
    const { redis } = await start();
    const waiting = Array.from({ length: 30 }, (_, i) =>
      outcomeOf(redis.blpop(`queue:${String(i)}`, 15), 20_000),
    );
    const startedAt = performance.now();
    await redis.set('quick', '1');
    expect(performance.now() - startedAt).toBeLessThan(500);
    await waitUntil(
      async () => (await server.node.info('clients')).get('blocked_clients') === '9',
      { what: 'as many wait as there are connections for it' },
    );
    for (let i = 0; i < 30; i++) await redis.rpush(`queue:${String(i)}`, String(i));
    const outcomes = await Promise.all(waiting);
    expect(outcomes.map(({ code, value }) => code ?? (value as string[])[1])).toEqual(
      Array.from({ length: 30 }, (_, i) => String(i)),
    );
    // Its own time over: null, as from Redis itself.
    expect(await redis.blpop('never', 0.2)).toBeNull();
    expect(await redis.call('xread', 'BLOCK', '100', 'STREAMS', 'x', '$')).toBeNull();
    expect(redis.status.pools.write.available).toBe(10);
  });

  it('NOAUTH is reported as the reason', async () => {
    await using locked = await startRedisServer({ password: 'the-password' });
    const { host, port } = locked.node.address;
    const { redis } = startEngine({
      mode: 'standalone',
      host,
      port,
      routing: { writeTimeoutMs: 400 },
    });
    const outcome = await outcomeOf(redis.set('a', '1'));
    expect(outcome.code).toBe('NO_PRIMARY');
    expect(String(outcome.error)).toMatch(/NOAUTH/);
    await closeEngines();
  });
});
