import cookiePlugin from '@fastify/cookie';
import sessionPlugin from '@fastify/session';
import fastify, { type FastifyInstance } from 'fastify';
import { ManualClock } from '../../testing/index.js';
import { newSessionWorld, type SessionWorld } from '../../../../test/support/session-rig.js';
import type { ScriptedKeyspace } from '../../../../test/support/scripted-keyspace.js';
import { turns } from '../../../../test/support/engine-rig.js';
import { fastifySessionStore } from '../index.js';

declare module 'fastify' {
  interface Session {
    user?: string;
  }
}

const running: FastifyInstance[] = [];

/** An application with the real plugin, on one process. */
async function appOn(keyspace: ScriptedKeyspace, maxAge?: number): Promise<FastifyInstance> {
  const app = fastify();
  running.push(app);
  await app.register(cookiePlugin);
  await app.register(sessionPlugin, {
    secret: 'x'.repeat(32),
    store: fastifySessionStore(keyspace),
    saveUninitialized: false,
    rolling: false,
    cookie: { secure: false, ...(maxAge !== undefined && { maxAge }) },
  });
  app.get('/login', (request) => {
    request.session.user = 'ann';
    return 'in';
  });
  app.get('/me', (request) => request.session.user ?? 'nobody');
  app.get('/logout', async (request) => {
    await request.session.destroy();
    return 'out';
  });
  app.get('/renew', async (request) => {
    await request.session.regenerate(['user']);
    return request.session.user;
  });
  return app;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly cookie: string | undefined;
}

async function get(app: FastifyInstance, url: string, cookie = ''): Promise<Answer> {
  const { statusCode, body, headers } = await app.inject({ url, headers: { cookie } });
  const given = headers['set-cookie'];
  return {
    status: statusCode,
    text: body,
    cookie: given === undefined ? undefined : String(given).split(';')[0],
  };
}

describe('a store for @fastify/session', () => {
  let world: SessionWorld;
  let a: ScriptedKeyspace;
  let b: ScriptedKeyspace;

  beforeEach(() => {
    world = newSessionWorld(new ManualClock(Date.now()));
    a = world.process().keyspace;
    b = world.process().keyspace;
  });
  afterEach(() => Promise.all(running.splice(0).map((app) => app.close())));

  it('keeps sessions for all processes, and ends them', async () => {
    const [one, two] = [await appOn(a), await appOn(b)];
    const { cookie } = await get(one, '/login');
    expect((await get(two, '/me', cookie)).text).toBe('ann');
    expect((await get(one, '/logout', cookie)).text).toBe('out');
    expect((await get(two, '/me', cookie)).text).toBe('nobody');
  });

  it('lets them live as long as the cookie', async () => {
    const app = await appOn(a, 10_000);
    const { cookie } = await get(app, '/login');
    await world.clock.advance(9000);
    expect((await get(app, '/me', cookie)).text).toBe('ann');
    await world.clock.advance(2000);
    expect((await get(app, '/me', cookie)).text).toBe('nobody');
  });

  it('gives a new id to a session that is regenerated', async () => {
    const [one, two] = [await appOn(a), await appOn(b)];
    const { cookie } = await get(one, '/login');
    const renewed = await get(one, '/renew', cookie);
    expect(renewed.text).toBe('ann');
    expect((await get(two, '/me', renewed.cookie)).text).toBe('ann');
    expect((await get(two, '/me', cookie)).text).toBe('nobody');
  });

  it('serves what this process knows while Redis is away', async () => {
    const app = await appOn(a);
    const { cookie } = await get(app, '/login');
    a.goAway();
    expect((await get(app, '/me', cookie)).text).toBe('ann');
  });

  it('answers 503 when nobody can tell, and leaves the cookie of the user as it is', async () => {
    const [one, two] = [await appOn(a), await appOn(b)];
    const { cookie } = await get(one, '/login');
    b.goAway();
    const answer = await get(two, '/me', cookie);
    expect(answer).toMatchObject({ status: 503, cookie: undefined });
    expect(answer.text).toContain('SESSION_UNAVAILABLE');
    b.comeBack();
    expect((await get(two, '/me', cookie)).text).toBe('ann');
  });

  it('says that nothing was kept when the journal is full', async () => {
    const app = await appOn(a);
    const { cookie } = await get(app, '/login');
    a.goAway();
    a.isJournalFull = true;
    expect(await get(app, '/login')).toMatchObject({ status: 503, cookie: undefined });
    expect((await get(app, '/logout', cookie)).status).toBe(503);
  });

  it('contains what a callback throws, and calls it once', async () => {
    const { sessions, events } = world.process();
    const store = fastifySessionStore(sessions);
    let calls = 0;
    const callback = (): void => {
      calls++;
      throw new TypeError('mine');
    };
    store.get('sid', callback);
    store.set('sid', { cookie: {} }, callback);
    store.destroy('sid', callback);
    await turns(3);
    expect(calls).toBe(3);
    expect(events.map(({ type }) => type)).toEqual(Array(3).fill('listener.failed'));
  });
});
