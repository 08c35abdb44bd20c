import { context, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  RedisCache,
  RedisModule,
  RedisService,
  SessionModule,
  SessionService,
} from '../../src/redis/index.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { traceRedis, type RedisTracingOptions } from '../../src/redis/tracing/index.js';
import { closeApps, startApp } from '../support/apps.js';
import { closeEngines, startEngine } from '../support/engines.js';
import { orphansAmong, type ReceivedSpan } from '../support/otlp-receiver.js';
import { outcomeOf } from '../support/outcomes.js';
import { startTracingRig, type TracingRig } from '../support/tracing-rig.js';

const PLANTED = 'planted-4f1c';

interface Running {
  readonly redis: RedisService;
  readonly cache: RedisCache;
  readonly sessions: SessionService;
}

describe('traces of a real Redis, as they arrive at a collector', () => {
  let server: RedisTestServer;
  let rig: TracingRig;
  let stopTracing: () => void;

  beforeAll(async () => {
    server = await startRedisServer();
  });
  beforeEach(async () => {
    rig = await startTracingRig();
  });
  afterEach(async () => {
    await closeApps();
    await closeEngines();
    stopTracing();
    await rig.stop();
  });
  afterAll(() => server.stop());

  async function start(options: RedisTracingOptions = {}): Promise<Running> {
    stopTracing = traceRedis(options);
    const { app } = await startApp({
      imports: [
        RedisModule.forRoot({ ...server.options(), shutdownTimeoutMs: 100 }),
        SessionModule.forRoot(),
      ],
    });
    const redis = app.get(RedisService);
    await redis.whenReady(10_000);
    return { redis, cache: app.get(RedisCache), sessions: app.get(SessionService) };
  }

  /** What arrived under a span of this name, and under that. */
  async function under(name: string, work: () => Promise<unknown>): Promise<ReceivedSpan[]> {
    const traceId = await rig.inSpan(name, work);
    const spans = (await rig.arrived()).filter(({ trace }) => trace === traceId);
    expect(orphansAmong(spans)).toEqual([]);
    return spans.filter((span) => span.name !== name);
  }

  it('shows a command as one span under its caller, named and described as the conventions say', async () => {
    const { redis } = await start();
    const [span, ...more] = await under('request', () => redis.set(`${PLANTED}:key`, PLANTED));
    expect(more).toEqual([]);
    expect(span).toMatchObject({ name: 'set', kind: 3, scope: 'nestjs-redis-ha', isError: false });
    const { host, port } = server.node.address;
    expect(span!.attributes).toEqual({
      'db.system.name': 'redis',
      'db.operation.name': 'set',
      'db.namespace': '0',
      'server.address': host,
      'server.port': port,
      'network.peer.address': host,
      'network.peer.port': port,
      'redis.ha.connection': 'default',
    });
  });

  it('shows a pipeline, a transaction and a script that Redis does not know yet as one span each', async () => {
    const { redis } = await start();
    const script = redis.script({
      lua: `return redis.call('SET', KEYS[1], ARGV[1]) -- ${PLANTED}`,
    });
    const spans = await under('request', async () => {
      await redis.pipeline().set('a', 1).set('b', 2).exec();
      await redis.multi().set('a', 1).get('a').exec();
      await script(['a'], ['1']);
      await redis.exclusive((connection) => connection.set('a', 1));
    });
    expect(
      spans.map(({ name, attributes }) => [name, attributes['db.operation.batch.size']]),
    ).toEqual([
      ['PIPELINE set', 2],
      ['MULTI', 2],
      ['evalsha', undefined],
      ['set', undefined],
    ]);
    expect(spans[2]!.attributes['db.stored_procedure.name']).toMatch(/^[0-9a-f]{40}$/);
    expect(spans.filter(({ isError }) => isError)).toEqual([]);
  });

  it('says what kind of failure it was, and not in whose words', async () => {
    const { redis } = await start();
    await redis.set('text', PLANTED);
    const [span] = await under('request', () => outcomeOf(redis.incr('text')));
    expect(span).toMatchObject({ isError: true, statusText: '' });
    expect(span!.attributes).toMatchObject({
      'error.type': 'ERR',
      'db.response.status_code': 'ERR',
    });
  });

  it('shows a call of the cache with its outcome, and what it asks of Redis and the loader does under it', async () => {
    const { cache } = await start();
    const load = (): Promise<string> => rig.inSpan('select', () => Promise.resolve());
    const key = `${PLANTED}:user`;
    const spans = await under('request', async () => {
      await cache.getOrSet(key, load);
      await cache.getOrSet(key, load);
      await cache.set(key, PLANTED);
      await cache.delete([key, 'other']);
    });
    const calls = spans.filter(({ kind, name }) => kind === 1 && name.startsWith('cache.'));
    expect(calls.map(({ name, attributes }) => [name, attributes['redis.ha.outcome']])).toEqual([
      ['cache.getOrSet', 'loaded'],
      ['cache.getOrSet', 'hit'],
      ['cache.set', 'stored'],
      ['cache.delete', 'stored'],
    ]);
    const [first] = calls;
    const select = spans.find(({ name }) => name === 'select');
    expect(select?.parent).toBe(first!.id);
    const commands = spans.filter(({ kind }) => kind === 3);
    expect(commands.length).toBeGreaterThanOrEqual(5);
    const ids = new Set(calls.map(({ id }) => id));
    expect(commands.filter(({ parent }) => !ids.has(parent))).toEqual([]);
  });

  it('shows a write that waits in the journal as such', async () => {
    const own = await startRedisServer();
    stopTracing = traceRedis();
    const { app } = await startApp({
      imports: [
        RedisModule.forRoot({
          ...own.options(),
          routing: { writeTimeoutMs: 100, readTimeoutMs: 100 },
          shutdownTimeoutMs: 100,
        }),
      ],
    });
    const cache = app.get(RedisCache);
    await app.get(RedisService).whenReady(10_000);
    await own.stop();
    const spans = await under('request', async () => {
      await cache.delete('a');
    });
    const [call] = spans.filter(({ kind }) => kind === 1);
    expect(call).toMatchObject({ name: 'cache.delete', isError: false });
    expect(call!.attributes['redis.ha.outcome']).toBe('journaled');
  });

  it('shows the calls of sessions', async () => {
    const { sessions } = await start();
    const spans = await under('request', async () => {
      const { token } = await sessions.create({ userId: PLANTED, data: {} });
      await sessions.read(token);
      await sessions.find('nothing');
      await sessions.destroy(token);
    });
    const calls = spans.filter(({ kind }) => kind === 1);
    expect(
      calls.map(({ name, attributes }) => [
        name,
        attributes['redis.ha.outcome'] ?? attributes['error.type'],
      ]),
    ).toEqual([
      ['session.create', 'ok'],
      ['session.read', 'ok'],
      ['session.find', 'none'],
      ['session.destroy', 'ok'],
    ]);
  });

  it('shows nothing that the library does by itself', async () => {
    const { redis } = await start();
    const rolesAsked = async (): Promise<number> => {
      const stats = (await server.node.command('INFO', 'commandstats')) as string;
      return Number(/cmdstat_role:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };
    const before = await rolesAsked();
    await waitUntil(async () => (await rolesAsked()) > before + 2, { what: 'heartbeats' });
    expect(redis.status.canWrite).toBe(true);
    expect(await rig.arrived()).toEqual([]);
  });

  it('shows that a command waited for a node', async () => {
    stopTracing = traceRedis();
    const { redis } = startEngine(server.options());
    const [span] = await under('request', () => redis.set('a', 1));
    expect(span!.events).toEqual([{ name: 'waiting for a node', attributes: {} }]);
  });

  it('shows that a command was refused and sent again', async () => {
    const { redis } = await start();
    await server.node.command('CONFIG', 'SET', 'min-replicas-to-write', '1');
    const written = under('request', () => redis.set('a', 1));
    await waitUntil(() => redis.stats.retries.refused > 0, { what: 'it is refused' });
    await server.node.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
    const [span] = await written;
    expect(Number(span!.attributes['redis.ha.attempts'])).toBeGreaterThan(1);
    const names = span!.events.map(({ name }) => name);
    expect(names.slice(0, 3)).toEqual(['to be sent again', 'waiting for a node', 'sent']);
    expect(span!.events[0]!.attributes).toEqual({ 'redis.ha.reason': 'refused' });
  });

  it('shows the kinds of keys only when asked, and no key, value, script or token ever', async () => {
    const { redis, cache, sessions } = await start({ queryText: true });
    const [span] = await under('request', () => redis.hset(`user:${PLANTED}`, PLANTED, PLANTED));
    expect(span!.attributes['db.query.text']).toBe('hset user:? ? ?');
    const spans = await under('request', async () => {
      await redis.set(PLANTED, PLANTED);
      await redis.pipeline().set(`a:${PLANTED}`, PLANTED).mget(PLANTED, PLANTED).exec();
      await redis.script({ lua: `return '${PLANTED}'` })([PLANTED], [PLANTED]);
      await redis.publish(PLANTED, PLANTED);
      const { unsubscribe: end } = await redis.subscribe(PLANTED, () => undefined);
      await end();
      await cache.set(PLANTED, PLANTED, { tags: [PLANTED] });
      await cache.deleteByTag(PLANTED);
      await outcomeOf(cache.getOrSet('x', () => Promise.reject(new TypeError(PLANTED))));
      const { token } = await sessions.create({ userId: PLANTED, data: { secret: PLANTED } });
      await sessions.update(token, () => ({ secret: PLANTED }));
    });
    expect(spans.length).toBeGreaterThan(10);
    expect(rig.receiver.bodies.join()).not.toContain(PLANTED);
  });

  it('asks nobody anything while nobody watches, and again after tracing has ended', async () => {
    const { redis } = await start();
    stopTracing();
    expect(await under('request', () => redis.set('a', 1))).toEqual([]);
  });

  it('makes nothing under a span that is not sampled, of which other tools see all the same', async () => {
    const { redis, cache } = await start();
    const seen: string[] = [];
    const note = (message: unknown): void => void seen.push((message as { name: string }).name);
    const ignore = (): void => undefined;
    const [begins, ends] = ['start', 'asyncEnd'].map(
      (event) => `tracing:nestjs-redis-ha:command:${event}`,
    ) as [string, string];
    const unsampled = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      spanId: '00f067aa0ba902b7',
      traceFlags: TraceFlags.NONE,
    });
    const work = async (): Promise<void> => {
      await redis.set('a', 1);
      await cache.set('b', 1);
    };
    // To listen to the ends asks for nothing.
    subscribe(ends, note);
    await context.with(unsampled, work);
    expect(seen).toEqual([]);
    subscribe(begins, ignore);
    await context.with(unsampled, work);
    unsubscribe(begins, ignore);
    unsubscribe(ends, note);
    expect(seen).toContain('set');
    expect(await rig.arrived()).toEqual([]);
  });

  it('leaves out what has no span around it, if that is wanted', async () => {
    const { redis } = await start({ requireParentSpan: true });
    await redis.set('a', 1);
    expect(await rig.arrived()).toEqual([]);
    expect(await under('request', () => redis.set('a', 1))).toHaveLength(1);
  });

  it('gives other tools the same by the channels of Node', async () => {
    const seen: string[] = [];
    const names = ['start', 'end', 'asyncStart', 'asyncEnd'].map(
      (event) => `tracing:nestjs-redis-ha:command:${event}`,
    );
    const listener = (message: unknown, name: string | symbol): void => {
      seen.push(`${String(name).split(':').at(-1) ?? ''} ${(message as { name: string }).name}`);
    };
    const { redis } = await start();
    stopTracing();
    for (const name of names) subscribe(name, listener);
    await redis.set('a', 1);
    for (const name of names) unsubscribe(name, listener);
    await redis.set('a', 1);
    expect(seen).toEqual(['start set', 'end set', 'asyncStart set', 'asyncEnd set']);
  });
});
