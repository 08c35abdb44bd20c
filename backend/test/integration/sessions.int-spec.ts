import express, { type ErrorRequestHandler } from 'express';
import expressSession from 'express-session';
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { RedisModule, RedisService, type RedisHaEvent } from '../../src/redis/index.js';
import { RedisKeyspaces } from '../../src/redis/engine/redis-keyspaces.js';
import type { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import {
  expressSessionStore,
  SessionGuard,
  SessionModule,
  SessionService,
  type SessionOptions,
} from '../../src/redis/sessions/index.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine } from '../support/engines.js';
import { codeOf, TableArchive } from '../support/session-rig.js';

let server: RedisTestServer;

beforeEach(async () => {
  server = await startRedisServer();
});
afterEach(async () => {
  if (server.node.isFrozen) server.node.thaw();
  await closeEngines();
  await server.stop();
});

interface Counter {
  readonly n: number;
}

/** An engine of its own with sessions on it: what another process has. */
interface Process {
  readonly sessions: SessionService<Counter>;
  readonly engine: RedisEngine;
  readonly redis: RedisService;
  readonly events: RedisHaEvent[];
}

async function start(options: SessionOptions = {}): Promise<Process> {
  const { engine, redis } = await startReadyEngine({
    ...server.options(),
    shutdownTimeoutMs: 100,
    fallback: { stableMs: 100 },
  });
  const events: RedisHaEvent[] = [];
  engine.bus.onAny((event) => events.push(event));
  const settings = { policy: 'session', nearMs: 0, maxStaleMs: 0 } as const;
  const namespace = engine.keyspaces.open('sessions', settings);
  const { bus, clock } = engine;
  const sessions = new SessionService<Counter>(namespace, options, { bus, clock });
  return { sessions, engine, redis, events };
}

it.each([
  ['volatile-lru', true, 1],
  ['noeviction', true, 0],
  ['volatile-lru', false, 0],
])(
  'with %s it is said that sessions may be evicted, where there are any: %j',
  async (policy, hasSessions, said) => {
    await server.node.command('CONFIG', 'SET', 'maxmemory', '100mb');
    await server.node.command('CONFIG', 'SET', 'maxmemory-policy', policy);
    const { engine } = await startReadyEngine(server.options());
    const problems: unknown[] = [];
    engine.bus.on('settings.doubtful', ({ problem }) => problems.push(problem));
    const keyspaces = new RedisKeyspaces(engine);
    const kind = hasSessions ? 'session' : 'cache';
    keyspaces.open('some', { policy: kind, nearMs: 0, maxStaleMs: 0 });
    if (said > 0) await until(() => problems.length > 0, 'the finding');
    // What is sent after the questions is answered after them.
    await engine.connected.tracker.primary?.call('ping');
    expect(problems).toHaveLength(said);
    if (said > 0) expect(problems[0]).toMatchObject({ field: 'maxmemory-policy', value: policy });
  },
);

const modeOf = ({ engine }: Process): string => engine.keyspaces.status.mode;

async function until(look: () => unknown, what: string): Promise<void> {
  await waitUntil(async () => Boolean(await look()), { what, timeoutMs: 10_000 });
}

/** Stops Redis, which keeps its memory, and waits until this process knows. */
async function freeze(process: Process): Promise<void> {
  if (!server.node.isFrozen) await server.node.freeze();
  await until(async () => {
    await process.sessions.find('A'.repeat(43)).catch(() => undefined);
    return modeOf(process) === 'degraded' && process.sessions.keyspace.isAway;
  }, 'the process takes Redis for away');
}

async function thaw(...processes: readonly Process[]): Promise<void> {
  server.node.thaw();
  for (const process of processes) {
    await until(() => modeOf(process) === 'healthy', 'the process is healthy again');
  }
}

/** Ends Redis as a crash does; it keeps nothing on disk. */
async function restartEmpty(...processes: readonly Process[]): Promise<void> {
  await server.node.kill();
  await server.node.start();
  for (const { redis } of processes) await redis.whenReady(10_000);
  for (const process of processes) {
    await until(
      () =>
        !process.sessions.keyspace.isAway && process.engine.keyspaces.status.journal.entries === 0,
      'the process talks to Redis again',
    );
  }
}

async function timed<R>(call: Promise<R>): Promise<{ value: R; ms: number }> {
  const startedAt = performance.now();
  const value = await call;
  return { value, ms: performance.now() - startedAt };
}

const ANN = { userId: 'ann', data: { n: 0 } };

describe('sessions of two processes on a real Redis', () => {
  it('are begun here, read there, changed, rotated and ended', async () => {
    const [a, b] = [await start(), await start()];
    const { token, session } = await a.sessions.create(ANN);
    expect(await b.sessions.read(token)).toEqual(session);
    expect((await b.sessions.update(token, ({ n }) => ({ n: n + 1 }))).data).toEqual({ n: 1 });
    expect((await a.sessions.read(token)).data).toEqual({ n: 1 });
    const rotated = await a.sessions.rotate(token);
    expect(await b.sessions.read(rotated.token)).toEqual(rotated.session);
    expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
    await b.sessions.destroy(rotated.token);
    expect(await codeOf(a.sessions.read(rotated.token))).toBe('SESSION_INVALID');
    expect(await a.sessions.find(rotated.token)).toBeNull();
  });

  it('are listed and ended by their owner, all or all but one', async () => {
    const [a, b] = [await start(), await start()];
    const mine = [await a.sessions.create(ANN), await b.sessions.create(ANN)];
    const kept = await b.sessions.create(ANN);
    const other = await b.sessions.create({ userId: 'bob', data: { n: 0 } });
    const listed = await a.sessions.listOf('ann');
    expect(listed.isComplete).toBe(true);
    expect(listed.sessions.map(({ id }) => id).sort()).toEqual(
      [...mine, kept].map(({ session }) => session.id).sort(),
    );
    expect(await a.sessions.destroyById('ann', mine[0]?.session.id ?? '')).toBe(true);
    expect((await b.sessions.listOf('ann')).sessions).toHaveLength(2);
    await a.sessions.destroyAllOf('ann', { except: kept.token });
    expect(await codeOf(b.sessions.read(mine[1]?.token ?? ''))).toBe('SESSION_INVALID');
    expect(await codeOf(b.sessions.read(kept.token))).toBe('ok');
    expect(await codeOf(a.sessions.read(kept.token))).toBe('ok');
    await a.sessions.destroyAllOf('ann');
    expect(await codeOf(b.sessions.read(kept.token))).toBe('SESSION_INVALID');
    expect(await codeOf(b.sessions.read(other.token))).toBe('ok');
    expect((await b.sessions.listOf('ann')).sessions).toEqual([]);
    expect(await codeOf(b.sessions.create(ANN))).toBe('ok');
  });

  it('never lose the one that stays while all others are ended, though it is read all the time', async () => {
    const [a, b] = [await start(), await start()];
    const { token } = await a.sessions.create(ANN);
    for (let round = 0; round < 20; round++) {
      await b.sessions.create(ANN);
      let isOver = false;
      const codes = new Set<string>();
      const look = async (): Promise<void> => {
        while (!isOver) codes.add(await codeOf(b.sessions.read(token)));
      };
      const looking = [look(), look(), look()];
      await a.sessions.destroyAllOf('ann', { except: token });
      isOver = true;
      await Promise.all(looking);
      expect([...codes]).toEqual(['ok']);
    }
    expect((await b.sessions.listOf('ann')).sessions).toHaveLength(1);
  });

  it('run out in Redis, which keeps no token', async () => {
    const { sessions, redis } = await start();
    // Later than they are over, at their end: a use of them may come late.
    const times = { idleMs: 2_000, absoluteMs: 10_000 };
    const { token, session } = await sessions.create({ ...ANN, ...times });
    const keys = await redis.keys('*');
    const values = await Promise.all(
      keys.map(async (key) => ((await redis.type(key)) === 'string' ? redis.get(key) : '')),
    );
    expect(JSON.stringify([keys, values])).not.toContain(token);
    const ttl = await redis.pttl(`sessions:${session.id}`);
    expect(ttl).toBeGreaterThan(8000);
    expect(ttl).toBeLessThan(11_000);
  });

  it('end when they were not used', async () => {
    const { sessions } = await start();
    const { token } = await sessions.create({ ...ANN, idleMs: 300 });
    // To be listed is not to be used.
    const isListed = async (): Promise<boolean> => {
      const list = await sessions.listOf('ann');
      return list.sessions.length > 0;
    };
    await until(async () => !(await isListed()), 'the session is over');
    expect(await sessions.find(token)).toBeNull();
  });

  it('live on while they are used, and end at their absolute end', async () => {
    const { sessions } = await start();
    const startedAt = Date.now();
    const { token } = await sessions.create({ ...ANN, idleMs: 400, absoluteMs: 1500 });
    await until(async () => (await sessions.find(token)) === null, 'the session is over');
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(1400);
  });

  it('stay ended, whatever is done to them at the same moment', async () => {
    const [a, b] = [await start(), await start()];
    for (let round = 0; round < 30; round++) {
      const { token } = await a.sessions.create(ANN);
      const uses = [a, b, a, b].flatMap(({ sessions }, i) => [
        codeOf(sessions.touch(token)),
        codeOf(sessions.update(token, { n: i })),
        codeOf(sessions.read(token)),
      ]);
      const rotation = b.sessions.rotate(token).catch(() => null);
      await a.sessions.destroyAllOf('ann');
      await Promise.all(uses);
      const rotated = await rotation;
      for (const { sessions } of [a, b]) {
        expect(await codeOf(sessions.read(token))).toBe('SESSION_INVALID');
        if (rotated === null) continue;
        expect(await codeOf(sessions.read(rotated.token))).toBe('SESSION_INVALID');
      }
    }
    expect((await b.sessions.listOf('ann')).sessions).toEqual([]);
  });

  it('stand in Redis as nonsense once, and nobody is let in by it', async () => {
    const [a, b] = [await start(), await start()];
    const { token, session } = await a.sessions.create(ANN);
    const key = `sessions:${session.id}`;
    await a.redis.set(key, 'nonsense');
    expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
    const rejected = b.events.filter(({ type }) => type === 'value.rejected');
    expect(rejected).toHaveLength(1);
    await a.redis.del(key);
    await a.redis.lpush(key, 'a', 'list');
    expect(await codeOf(b.sessions.read(token))).toBe('SESSION_INVALID');
    await b.sessions.destroy(token);
    expect(await codeOf(a.sessions.read(token))).toBe('SESSION_INVALID');
  });
});

describe('when Redis freezes', () => {
  it('goes on with what it knows, begins and ends sessions, and says what nobody can tell', async () => {
    const [a, b] = [await start(), await start()];
    const known = await a.sessions.create(ANN);
    const unknown = await b.sessions.create(ANN);
    const ended = await a.sessions.create(ANN);
    await b.sessions.read(ended.token);
    await freeze(a);

    const read = await timed(a.sessions.read(known.token));
    expect(read.value).toEqual(known.session);
    expect(read.ms).toBeLessThan(500);
    const refused = await timed(codeOf(a.sessions.read(unknown.token)));
    expect(refused.value).toBe('SESSION_UNAVAILABLE');
    expect(refused.ms).toBeLessThan(500);
    const begun = await timed(a.sessions.create(ANN));
    expect(begun.ms).toBeLessThan(500);
    await a.sessions.update(begun.value.token, { n: 7 });
    expect((await a.sessions.read(begun.value.token)).data).toEqual({ n: 7 });
    const rotated = await a.sessions.rotate(known.token);
    await a.sessions.destroy(ended.token);
    expect(await codeOf(a.sessions.read(ended.token))).toBe('SESSION_INVALID');
    expect((await a.sessions.listOf('ann')).isComplete).toBe(false);

    await thaw(a);
    await until(() => !b.sessions.keyspace.isAway, 'the other process reads from Redis');
    expect(await b.sessions.read(unknown.token)).toEqual(unknown.session);
    expect((await b.sessions.read(begun.value.token)).data).toEqual({ n: 7 });
    expect(await codeOf(b.sessions.read(rotated.token))).toBe('ok');
    expect(await codeOf(b.sessions.read(known.token))).toBe('SESSION_INVALID');
    expect(await codeOf(b.sessions.read(ended.token))).toBe('SESSION_INVALID');
  });

  it('logs nobody out in the very moment: calls under way end well, or are to be tried again', async () => {
    const a = await start();
    const tokens: string[] = [];
    for (let i = 0; i < 20; i++) tokens.push((await a.sessions.create(ANN)).token);
    await server.node.freeze();
    const reads = await timed(Promise.all(tokens.map((token) => codeOf(a.sessions.read(token)))));
    expect(new Set(reads.value)).toEqual(new Set(['ok']));
    expect(reads.ms).toBeLessThan(1500);
    const begun = await timed(Promise.all(tokens.map(() => a.sessions.create(ANN))));
    expect(begun.ms).toBeLessThan(1500);
    const fresh = begun.value.map(({ token }) => codeOf(a.sessions.read(token)));
    expect(new Set(await Promise.all(fresh))).toEqual(new Set(['ok']));
    await thaw(a);
    const b = await start();
    const later = [...tokens, ...begun.value.map(({ token }) => token)];
    const seen = await Promise.all(later.map((token) => codeOf(b.sessions.read(token))));
    expect(new Set(seen)).toEqual(new Set(['ok']));
  });

  it('does not bring back what another process has ended meanwhile', async () => {
    const [a, b] = [await start(), await start()];
    const { token } = await a.sessions.create(ANN);
    await b.sessions.read(token);
    await Promise.all([freeze(a), freeze(b)]);
    await b.sessions.destroy(token);
    // This one cannot know of it, and its changes are the later ones.
    await a.sessions.update(token, { n: 1 });
    await a.sessions.touch(token);
    await thaw(a, b);
    for (const { sessions } of [a, b, await start()]) {
      expect(await codeOf(sessions.read(token))).toBe('SESSION_INVALID');
    }
  });

  it('asks the archive for what memory does not know', async () => {
    const archive = new TableArchive();
    const [a, b] = [await start({ archive }), await start({ archive })];
    const { token, session } = await a.sessions.create(ANN);
    await freeze(b);
    expect(await b.sessions.read(token)).toEqual(session);
    const fresh = await b.sessions.create(ANN);
    await thaw(a, b);
    expect(await a.sessions.read(fresh.token)).toEqual(fresh.session);
  });
});

describe('when Redis comes back empty', () => {
  it('has all sessions again that the archive has, and asks it once for each', async () => {
    const archive = new TableArchive();
    const [a, b] = [await start({ archive }), await start({ archive })];
    const tokens: string[] = [];
    for (let i = 0; i < 30; i++) tokens.push((await a.sessions.create(ANN)).token);
    const ended = await a.sessions.create(ANN);
    await a.sessions.destroy(ended.token);
    // Who wrote them a moment ago would write them again. It is gone.
    await a.engine.close();
    await restartEmpty(b);
    const codes = tokens.flatMap((token) => [
      codeOf(b.sessions.read(token)),
      codeOf(b.sessions.read(token)),
    ]);
    expect(new Set(await Promise.all(codes))).toEqual(new Set(['ok']));
    expect(archive.count('find')).toBe(tokens.length);
    const { sessions } = await start({ archive });
    for (const token of tokens) expect(await codeOf(sessions.read(token))).toBe('ok');
    expect(archive.count('find')).toBe(tokens.length);
    expect(await codeOf(b.sessions.read(ended.token))).toBe('SESSION_INVALID');
    expect((await b.sessions.listOf('ann')).sessions).toHaveLength(30);
  });

  it('has the sessions of the last seconds again without an archive, and the end of others', async () => {
    const [a, b] = [await start(), await start()];
    const { token, session } = await a.sessions.create(ANN);
    const ended = await b.sessions.create(ANN);
    await a.sessions.destroy(ended.token);
    await restartEmpty(a, b);
    await until(async () => (await b.sessions.find(token)) !== null, 'the session is back');
    expect(await b.sessions.read(token)).toEqual(session);
    expect(await codeOf(b.sessions.read(ended.token))).toBe('SESSION_INVALID');
  });
});

describe('an application on sessions', () => {
  @UseGuards(SessionGuard)
  @Controller()
  class Pages {
    @Get('me')
    me(): string {
      return 'you';
    }
  }

  it('answers 401 to strangers and 503, not 401, to whom nobody can know', async () => {
    @Module({
      imports: [
        RedisModule.forRoot({ ...server.options(), shutdownTimeoutMs: 100 }),
        SessionModule.forRoot(),
      ],
      controllers: [Pages],
    })
    class App {}
    const other = await start();
    const { token } = await other.sessions.create(ANN);
    const module = await Test.createTestingModule({ imports: [App] }).compile();
    module.useLogger(false);
    const app = module.createNestApplication();
    await app.init();
    try {
      await app.get(RedisService).whenReady(10_000);
      const get = (bearer: string): request.Test =>
        request(app.getHttpServer() as never)
          .get('/me')
          .set('Authorization', `Bearer ${bearer}`);
      expect((await get('x')).status).toBe(401);
      await server.node.freeze();
      expect((await get(token)).status).toBe(503);
      const own = await app.get(SessionService).create({ userId: 'ann', data: {} });
      expect((await get(own.token)).text).toBe('you');
      server.node.thaw();
      await until(async () => (await get(token)).status === 200, 'the session is known again');
    } finally {
      await app.close();
    }
  });

  it('keeps the users of express-session logged in through a freeze', async () => {
    const [a, b] = [await start(), await start()];
    const appOn = (process: Process): express.Express => {
      const app = express();
      const store = expressSessionStore(expressSession.Store, process.sessions);
      app.use(expressSession({ secret: 's', resave: false, saveUninitialized: false, store }));
      app.get('/login', (req, res) => {
        Object.assign(req.session, { user: 'ann' });
        res.send('in');
      });
      app.get('/me', (req, res) => {
        res.send('user' in req.session ? 'ann' : 'nobody');
      });
      const show: ErrorRequestHandler = (error: { status?: number }, _req, res, _next) => {
        res.status(error.status ?? 500).send('later');
      };
      app.use(show);
      return app;
    };
    const login = await request(appOn(a)).get('/login');
    const cookie = String(login.headers['set-cookie']).split(';')[0] ?? '';
    const me = (process: Process): Promise<request.Response> =>
      Promise.resolve(request(appOn(process)).get('/me').set('Cookie', cookie));
    await server.node.freeze();
    expect((await me(a)).text).toBe('ann');
    const unknown = await me(b);
    expect(unknown.status).toBe(503);
    expect(unknown.headers['set-cookie']).toBeUndefined();
    await thaw(a, b);
    expect((await me(b)).text).toBe('ann');
  });
});
