import { createHash, randomBytes } from 'node:crypto';
import {
  DATABASE,
  DatabaseUnavailableError,
  type Database,
} from '../../src/app/database/database.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { startApp, type RunningApp } from './support/running-app.js';

const REDIS_PASSWORD = 'planted-password-of-redis';
const WRONG_PASSWORD = 'planted-password-of-a-user';
// Tokens of the right form that nobody has ever had.
const [NEVER_ISSUED, UNKNOWN] = [randomBytes(32), randomBytes(32)].map((bytes) =>
  bytes.toString('base64url'),
) as [string, string];

// The tests follow one story: first Redis is there, then it is gone, then the database as well.
describe('the sample backend with one Redis', () => {
  let server: RedisTestServer;
  let app: RunningApp;
  let token: string;

  beforeAll(async () => {
    server = await startRedisServer({ password: REDIS_PASSWORD });
    app = await startApp({ ...server.env(), LOGIN_ATTEMPTS_PER_MINUTE: '5' });
    await app.redis.whenReady();
    token = await app.http.login(5);
  });

  afterAll(async () => {
    await app.close();
    await server.stop();
  });

  it('counts in Redis, and shows no member for Sentinels', async () => {
    expect((await app.http.post('/api/counters/a')).body).toEqual({
      name: 'a',
      value: 1,
      keptIn: 'redis',
    });
    expect((await app.http.get('/api/counters/a')).body.value).toBe(1);
    const { body } = await app.http.get('/health');
    expect(body.redis).toMatchObject({ status: 'up', connected: true, mode: 'standalone' });
    expect(body.redis).not.toHaveProperty('sentinel');
  });

  it('keeps a counter for a day after it was used last, and never answers a rounded one', async () => {
    await server.node.command('PEXPIRE', 'counter:a', '60000');
    await app.http.post('/api/counters/a');
    const left = Number(await server.node.command('PTTL', 'counter:a'));
    expect(left).toBeGreaterThan(23 * 3_600_000);
    expect(left).toBeLessThanOrEqual(86_400_000);
    await server.node.command('SET', 'counter:full', '9007199254740990');
    expect((await app.http.post('/api/counters/full')).body).toMatchObject({
      value: 9_007_199_254_740_991,
    });
    const full = { status: 409, body: { statusCode: 409, code: 'COUNTER_FULL' } };
    await expect(app.http.post('/api/counters/full')).resolves.toMatchObject(full);
    expect((await app.http.get('/api/counters/full')).status).toBe(200);
    await server.node.command('SET', 'counter:full', '9223372036854775807');
    await expect(app.http.post('/api/counters/full')).resolves.toMatchObject(full);
    await expect(app.http.get('/api/counters/full')).resolves.toMatchObject(full);
  });

  it('does not ask clients to repeat what Redis will always refuse', async () => {
    await server.node.command('RPUSH', 'counter:list', 'x');
    const { status, body, headers } = await app.http.post('/api/counters/list');
    expect(status).toBe(500);
    expect(body).toMatchObject({ statusCode: 500, code: 'COMMAND_REJECTED' });
    expect(headers.has('retry-after')).toBe(false);
  });

  it('keeps what a user has looked at, the last one first', async () => {
    for (const id of [11, 12, 11]) await app.http.get(`/api/products/${id}`, { token });
    await waitUntil(
      async () => {
        const { body } = await app.http.get('/api/recently-viewed', { token });
        return JSON.stringify(body) === '{"items":[11,12],"isAvailable":true}';
      },
      { timeoutMs: 5000, what: 'the list of products that were looked at' },
    );
  });

  it('locks out a client that tries too many passwords, and no other', async () => {
    const json = { email: 'user6@example.com', password: WRONG_PASSWORD };
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 6; attempt++) {
      const answer = await app.http.post('/api/auth/login', { json });
      statuses.push(answer.status);
      if (answer.status !== 429) continue;
      expect(answer.body).toMatchObject({ statusCode: 429, code: 'TOO_MANY_ATTEMPTS' });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    // The count starts again with each minute of the clock, which may end in between.
    expect(statuses.filter((status) => status !== 401 && status !== 429)).toEqual([]);
    await expect(app.http.login(7)).resolves.toEqual(expect.any(String));
  });

  it('shows no secret and no key in logs, health and metrics', async () => {
    await app.http.get('/api/products/777', { token });
    await app.http.get('/api/auth/session', {
      token: NEVER_ISSUED,
      headers: { cookie: 'a=planted-cookie' },
    });
    const paths = [
      '/health',
      '/health/ready',
      '/api/health/redis',
      '/api/health/redis/metrics',
      '/metrics',
    ];
    const answers = await Promise.all(paths.map((path) => app.http.get(path)));
    const shown = [app.log, ...answers.map(({ text }) => text)].join('\n');
    const address = createHash('sha256').update('user6@example.com').digest('base64url');
    for (const secret of [
      REDIS_PASSWORD,
      WRONG_PASSWORD,
      'demo-password',
      token,
      NEVER_ISSUED,
      'planted-cookie',
      'product:777',
      'recent:user-5',
      'user6@example.com',
      address,
    ]) {
      expect(shown).not.toContain(secret);
    }
    expect(app.lines.length).toBeGreaterThan(20);
  });

  it('shows a change at once that was made although the answer of the database was lost', async () => {
    const before = await app.http.get('/api/products/502');
    const database = app.nest.get<Database>(DATABASE);
    const query = database.query.bind(database);
    // Others ask as well: which orders are to be confirmed, for one.
    const spy = jest.spyOn(database, 'query').mockImplementation(async (...statement) => {
      const rows = await query(...statement);
      if (!statement[0].startsWith('UPDATE products')) return rows;
      throw new DatabaseUnavailableError(new Error('the answer was lost'));
    });
    const json = { priceCents: 5 };
    const { status } = await app.http.put('/api/products/502', { token, json });
    expect(status).toBe(503);
    spy.mockRestore();
    const { body } = await app.http.get('/api/products/502');
    expect(body).toEqual({ ...before.body, ...json, updatedAt: expect.any(String) });
  });

  it('knows its users when Redis is gone, and says of others that nobody can tell', async () => {
    await app.http.get('/api/products/500');
    const left = new Promise<void>((resolve) => {
      app.redis.on('mode.changed', ({ change: { to } }) => {
        if (to === 'degraded') resolve();
      });
    });
    await server.stop();
    const asking = { isOver: false };
    void left.then(() => (asking.isOver = true));
    while (!asking.isOver) {
      expect((await app.http.get('/api/auth/session', { token })).status).toBe(200);
    }
    const unknown = await app.http.get('/api/auth/session', { token: UNKNOWN });
    expect(unknown.status).toBe(503);
    expect(unknown.body).toMatchObject({ statusCode: 503, code: 'SESSION_UNAVAILABLE' });
    expect(unknown.headers.get('retry-after')).toBe('1');
    expect((await app.http.get('/api/products/500')).status).toBe(200);
    expect((await app.http.get('/api/recently-viewed', { token })).body.isAvailable).toBe(false);
    const fresh = await app.http.login(10);
    expect((await app.http.get('/api/auth/session', { token: fresh })).status).toBe(200);
    expect((await app.http.get('/health')).body).toMatchObject({ status: 'degraded' });
    // What is about all requests is in the line of none, whichever of them has noticed it.
    const speaks = app.lines.filter(
      ({ context, msg }) => context === 'Redis' && /^(The |Redis counts)/.test(String(msg)),
    );
    expect(speaks.length).toBeGreaterThan(0);
    expect(speaks.filter((line) => 'requestId' in line)).toEqual([]);
  });

  it('goes on with what it knows when the database is gone too', async () => {
    await app.nest.get<Database>(DATABASE).close();
    expect((await app.http.get('/api/products/500')).status).toBe(200);
    const unknown = await app.http.get('/api/products/501');
    expect(unknown.status).toBe(503);
    expect(unknown.body).toEqual({
      statusCode: 503,
      code: 'DATABASE_UNAVAILABLE',
      message: 'The database cannot be reached. Try again',
    });
    expect(unknown.headers.get('retry-after')).toBe('1');
    const json = { email: 'user1@example.com', password: 'demo-password' };
    expect((await app.http.post('/api/auth/login', { json })).status).toBe(503);
    expect((await app.http.get('/api/auth/session', { token })).status).toBe(200);
  });
});

it('names the request of a write that may or may not have been executed', async () => {
  const server = await startRedisServer();
  const app = await startApp({ ...server.env(), REDIS_ROUTING_WRITE_TIMEOUT_MS: '300' });
  try {
    await app.redis.whenReady();
    await app.http.post('/api/counters/a');
    await server.node.freeze();
    const headers = { 'x-request-id': 'asks-for-one-more' };
    const { status, body } = await app.http.post('/api/counters/a', { headers });
    expect([status, body.code]).toEqual([503, 'COMMAND_UNCERTAIN']);
    const lines = await waitUntil(
      () => {
        const found = app.lines.filter(({ requestId }) => requestId === 'asks-for-one-more');
        return found.length === 2 ? found : undefined;
      },
      { what: 'both lines of the request' },
    );
    expect(lines[0]).toMatchObject({ code: 'COMMAND_UNCERTAIN', context: 'Http' });
    expect(lines[1]).toMatchObject({ msg: 'request', status: 503 });
  } finally {
    server.node.thaw();
    await app.close();
    await server.stop();
  }
});

it('starts and answers without any Redis, and says what is missing', async () => {
  const app = await startApp({
    REDIS_HOST: '127.0.0.1',
    REDIS_PORT: '1',
    REDIS_ROUTING_WRITE_TIMEOUT_MS: '200',
  });
  try {
    const health = await app.http.get('/health');
    expect(health.status).toBe(200);
    expect(health.body).toMatchObject({ status: 'degraded', redis: { status: 'down' } });
    const { body, status, headers } = await app.http.post('/api/counters/a');
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: 'NO_PRIMARY' });
    expect(headers.get('retry-after')).toBe('1');
  } finally {
    await app.close();
  }
});
