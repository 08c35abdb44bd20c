import express, { type ErrorRequestHandler } from 'express';
import session from 'express-session';
import request from 'supertest';
import { InvalidArgumentError } from '../../base/errors/index.js';
import { ManualClock } from '../../testing/index.js';
import { newSessionWorld, type SessionWorld } from '../../../../test/support/session-rig.js';
import type { ScriptedKeyspace } from '../../../../test/support/scripted-keyspace.js';
import { turns } from '../../../../test/support/engine-rig.js';
import { expressSessionStore } from '../index.js';

declare module 'express-session' {
  interface SessionData {
    user: string;
  }
}

/** An application with the real express-session, on one process. */
function appOn(
  keyspace: ScriptedKeyspace,
  options: Partial<session.SessionOptions> = {},
): express.Express {
  const app = express();
  const store = expressSessionStore(session.Store, keyspace);
  const defaults = { secret: 'test', resave: false, saveUninitialized: false, store };
  app.use(session({ ...defaults, ...options }));
  app.get('/login', (req, res) => {
    req.session.user = 'ann';
    res.send('in');
  });
  app.get('/careful-login', (req, res, next) => {
    req.session.user = 'ann';
    req.session.save((error: unknown) => {
      if (error === null) res.send('in');
      else next(error);
    });
  });
  app.get('/me', (req, res) => {
    res.send(req.session.user ?? 'nobody');
  });
  app.get('/logout', (req, res) => {
    req.session.destroy((error: unknown) => {
      res.status(error === null ? 200 : 503).send('out');
    });
  });
  app.get('/renew', (req, res) => {
    req.session.regenerate((error: unknown) => res.send(String(error)));
  });
  app.get('/reload', (req, res) => {
    req.session.reload((error: unknown) => res.send(String(error)));
  });
  const show: ErrorRequestHandler = (
    error: { status?: number; code?: string },
    _req,
    res,
    next,
  ) => {
    if (res.headersSent) next(error);
    else res.status(error.status ?? 500).send(error.code);
  };
  app.use(show);
  return app;
}

async function login(app: express.Express): Promise<string> {
  const answer = await request(app).get('/login');
  return String(answer.headers['set-cookie']).split(';')[0] ?? '';
}

describe('a store for express-session', () => {
  let world: SessionWorld;
  let a: ScriptedKeyspace;
  let b: ScriptedKeyspace;

  beforeEach(() => {
    world = newSessionWorld(new ManualClock(Date.now()));
    a = world.process().keyspace;
    b = world.process().keyspace;
  });

  const get = (app: express.Express, path: string, cookie: string): request.Test =>
    request(app).get(path).set('Cookie', cookie);

  it('keeps sessions for all processes', async () => {
    const cookie = await login(appOn(a));
    expect((await get(appOn(b), '/me', cookie)).text).toBe('ann');
    expect((await request(appOn(b)).get('/me')).text).toBe('nobody');
  });

  it('is asked once by each request, and does not write what was not changed', async () => {
    const app = appOn(a);
    const cookie = await login(app);
    const { reads, writes } = a;
    await get(app, '/me', cookie);
    // One for get, one for touch.
    expect([a.reads - reads, a.writes - writes]).toEqual([2, 0]);
  });

  it('ends them when the user logs out', async () => {
    const app = appOn(a);
    const cookie = await login(app);
    expect((await get(app, '/logout', cookie)).status).toBe(200);
    expect((await get(appOn(b), '/me', cookie)).text).toBe('nobody');
  });

  it('lets them live as long as the cookie', async () => {
    const app = appOn(a, { cookie: { maxAge: 10_000 } });
    const cookie = await login(app);
    await world.clock.advance(9000);
    expect((await get(app, '/me', cookie)).text).toBe('ann');
    await world.clock.advance(12_000);
    expect((await get(app, '/me', cookie)).text).toBe('nobody');
  });

  it('lets them live longer while they are used', async () => {
    // The cookie goes by `Date`, and so does the store here.
    const clock = Object.assign(new ManualClock(), { wallTime: () => Date.now() });
    const store = expressSessionStore(session.Store, a, { clock });
    const app = appOn(a, { cookie: { maxAge: 10_000 }, rolling: true, store });
    const cookie = await login(app);
    const [before] = [...world.redis.data.entries.values()];
    const real = Date.now;
    try {
      Date.now = () => real() + 8000;
      await world.clock.advance(8000);
      await get(app, '/me', cookie);
    } finally {
      Date.now = real;
    }
    const [after] = [...world.redis.data.entries.values()];
    expect((after?.freshUntil ?? 0) - (before?.freshUntil ?? 0)).toBeGreaterThan(7000);
  });

  it('serves what this process knows while Redis is away', async () => {
    const app = appOn(a);
    const cookie = await login(app);
    a.goAway();
    expect((await get(app, '/me', cookie)).text).toBe('ann');
    const during = await login(app);
    expect((await get(app, '/me', during)).text).toBe('ann');
    a.comeBack();
    expect((await get(appOn(b), '/me', during)).text).toBe('ann');
  });

  it('answers 503 when nobody can tell, and leaves the cookie of the user as it is', async () => {
    const cookie = await login(appOn(a));
    b.goAway();
    const answer = await get(appOn(b, { saveUninitialized: true }), '/me', cookie);
    expect(answer.status).toBe(503);
    expect(answer.text).toBe('SESSION_UNAVAILABLE');
    expect(answer.headers['set-cookie']).toBeUndefined();
    b.comeBack();
    expect((await get(appOn(b), '/me', cookie)).text).toBe('ann');
  });

  it('says that nobody was logged out when the journal is full', async () => {
    const app = appOn(a);
    const cookie = await login(app);
    a.goAway();
    a.isJournalFull = true;
    expect((await get(app, '/logout', cookie)).status).toBe(503);
    expect((await get(app, '/renew', cookie)).text).toContain('JournalFullError');
    expect((await get(app, '/me', cookie)).text).toBe('ann');
  });

  it('reports a login that was not stored only to handlers that save before they respond', async () => {
    const app = appOn(a);
    expect((await request(app).get('/careful-login')).text).toBe('in');
    a.goAway();
    a.isJournalFull = true;
    // express-session sends what it has, whatever happened to the session.
    const careless = await request(app).get('/login');
    expect([careless.status, careless.text]).toEqual([200, 'in']);
    const careful = await request(app).get('/careful-login');
    expect([careful.status, careful.text]).toEqual([503, 'JOURNAL_FULL']);
  });

  it('can reload and regenerate', async () => {
    const app = appOn(a);
    const cookie = await login(app);
    expect((await get(app, '/reload', cookie)).text).toBe('undefined');
    expect((await get(app, '/renew', cookie)).text).toBe('null');
    expect((await get(app, '/me', cookie)).text).toBe('nobody');
  });

  it('is a store as express-session wants it, which emits events', () => {
    const store = expressSessionStore(session.Store, a);
    expect(store).toBeInstanceOf(session.Store);
    expect(typeof store.on).toBe('function');
    expect(store.emit('connect')).toBe(false);
  });

  it('needs no callback where express-session needs none', async () => {
    const store = expressSessionStore(session.Store, a);
    store.set('sid', { cookie: {} });
    store.touch('sid', { cookie: {} });
    store.destroy('sid');
    a.writeError = new TypeError('no');
    store.set('sid', { cookie: {} });
    await turns(3);
  });

  it('calls back instead of throwing, also for what is no session id', async () => {
    const store = expressSessionStore(session.Store, a);
    const calls: unknown[][] = [];
    const note = (...args: unknown[]): number => calls.push(args);
    expect(() => {
      store.get(undefined as unknown as string, note);
      store.set('sid', undefined as unknown as object, note);
      store.touch('sid', null as unknown as object, note);
    }).not.toThrow();
    await turns(3);
    expect(calls).toHaveLength(3);
  });

  it.each([
    ['the module itself', session],
    ['an instance', new session.MemoryStore()],
    ['nothing', undefined],
  ])('is not made of %s', (_, Store) => {
    expect(() => expressSessionStore(Store as unknown as typeof session.Store, a)).toThrow(
      InvalidArgumentError,
    );
  });
});
