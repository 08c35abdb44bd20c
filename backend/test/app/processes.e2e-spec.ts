import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get as httpGet } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { AppProcess, buildApp } from './support/app-process.js';
import { describeNeeds } from '../support/needs.js';
import { PostgresServer } from './support/postgres-server.js';

const DATABASE_PASSWORD = 'planted-password-of-postgres';

describe('the sample backend as processes', () => {
  let removeBuild: () => void;

  beforeAll(() => {
    removeBuild = buildApp();
  });

  afterAll(() => {
    removeBuild();
  });

  describeNeeds('postgres')('two of them, on one Postgres and one Redis', () => {
    let postgres: PostgresServer;
    let redis: RedisTestServer;
    let apps: [AppProcess, AppProcess];

    beforeAll(async () => {
      [postgres, redis] = await Promise.all([
        PostgresServer.start(DATABASE_PASSWORD),
        startRedisServer(),
      ]);
      const environment = { ...redis.env(), DATABASE_URL: postgres.url };
      // At the same moment, and on an empty database.
      apps = [new AppProcess(environment), new AppProcess(environment)];
    });

    afterAll(async () => {
      await Promise.all(apps.map((app) => app.stop()));
      await Promise.all([postgres.stop(), redis.stop()]);
    });

    it('both start, and the schema and the data are there once', async () => {
      await Promise.all(apps.map((app) => app.whenListening()));
      const [counts] = await postgres.query(
        `SELECT (SELECT count(*)::int FROM schema_migrations) AS steps,
                (SELECT count(*)::int FROM users) AS users,
                (SELECT count(*)::int FROM products) AS products`,
      );
      expect(counts).toEqual({ steps: 4, users: 200, products: 1000 });
      const migrated = apps.filter(({ output }) => output.includes('Schema brought up to date'));
      expect(migrated).toHaveLength(1);
    });

    it('a session of one is a session of the other, and a change too', async () => {
      const [one, other] = await Promise.all(apps.map((app) => app.whenListening()));
      const token = (await one?.login(1)) ?? '';
      expect((await other?.get('/api/auth/session', { token }))?.status).toBe(200);
      const before = await other?.get('/api/products/9');
      await one?.put('/api/products/9', { token, json: { priceCents: 4242 } });
      expect(before?.body.priceCents).not.toBe(4242);
      expect((await other?.get('/api/products/9'))?.body.priceCents).toBe(4242);
    });

    it('sessions outlive a Redis that comes back empty, and ended ones stay ended', async () => {
      const [one, other] = await Promise.all(apps.map((app) => app.whenListening()));
      const [kept, ended] = [(await one?.login(2)) ?? '', (await one?.login(2)) ?? ''];
      await one?.post('/api/auth/logout', { token: ended });
      await redis.node.command('FLUSHALL');
      expect((await other?.get('/api/auth/session', { token: kept }))?.status).toBe(200);
      expect((await other?.get('/api/auth/session', { token: ended }))?.status).toBe(401);
      expect((await other?.get('/api/auth/sessions', { token: kept }))?.body).toMatchObject({
        isComplete: true,
        sessions: [{ userId: 'user-2' }],
      });
    });

    it('a database that is gone is shown, and takes neither sessions nor cached products with it', async () => {
      const [one] = await Promise.all(apps.map((app) => app.whenListening()));
      const token = (await one?.login(3)) ?? '';
      await one?.get('/api/products/33');
      await postgres.stop();
      expect((await one?.get('/api/auth/session', { token }))?.status).toBe(200);
      expect((await one?.get('/api/products/33'))?.status).toBe(200);
      expect((await one?.get('/api/products/34'))?.body).toMatchObject({
        statusCode: 503,
        code: 'DATABASE_UNAVAILABLE',
      });
      expect((await one?.get('/health'))?.body.details.database).toMatchObject({
        status: 'degraded',
        kind: 'server',
      });
      for (const { output } of apps) expect(output).not.toContain(DATABASE_PASSWORD);
    });
  });

  describe('when it is told to stop', () => {
    it('fails readiness first, finishes what is under way, and ends with 0', async () => {
      // Longer than the look for a failing readiness may take: after that nobody listens any more.
      const app = new AppProcess({ REDIS_MODE: 'memory', SHUTDOWN_DELAY_MS: '3000' });
      const http = await app.whenListening();
      // Logins take a while: the hash of a password is slow on purpose.
      const logins = Array.from({ length: 8 }, () => http.login(1));
      await waitUntil(async () => (await http.get('/health/live')).status === 200, {
        what: 'life',
      });
      app.signal('SIGTERM');
      await waitUntil(async () => (await http.get('/health/ready')).status === 503, {
        what: 'readiness to fail',
        timeoutMs: 2000,
      });
      const answer = await http.get('/api/products/1');
      expect(answer.status).toBe(200);
      expect(answer.headers.get('connection')).toBe('close');
      await expect(Promise.all(logins)).resolves.toHaveLength(8);
      await expect(app.whenEnded()).resolves.toBe(0);
      expect(app.output).toContain('"msg":"Stopped"');
    });

    it('ends with 0 while it is still starting', async () => {
      const app = new AppProcess({ REDIS_MODE: 'memory' });
      await waitUntil(() => app.output.includes('Embedded Postgres'), {
        what: 'the start of the database',
        timeoutMs: 20_000,
      });
      app.signal('SIGTERM');
      await expect(app.whenEnded()).resolves.toBe(0);
    });

    it('is not held up by a connection that somebody keeps open', async () => {
      const app = new AppProcess({ REDIS_MODE: 'memory' });
      const http = await app.whenListening();
      const agent = new Agent({ keepAlive: true });
      await new Promise<void>((resolve, reject) => {
        const asked = httpGet(`${http.url}/health/live`, { agent }, (response) => {
          response.resume().once('end', resolve);
        });
        asked.once('error', reject);
      });
      const startedAt = performance.now();
      await expect(app.stop()).resolves.toBe(0);
      expect(performance.now() - startedAt).toBeLessThan(5000);
      agent.destroy();
    });

    it('is not spoilt by a request that never arrives whole: it ends in order, with 0', async () => {
      const app = new AppProcess({ REDIS_MODE: 'memory' });
      const { url } = await app.whenListening();
      const halves = [
        'POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"em',
        'GET /api/products/1 HTTP/1.1\r\nHos',
      ].map((half) => sendHalf(url, half));
      await Promise.all(halves.map(({ sent }) => sent));
      await expect(app.stop()).resolves.toBe(0);
      await Promise.all(halves.map(({ closed }) => closed));
      expect(app.output).toContain('"msg":"Stopped"');
      expect(app.output).toContain('are cut');
    });

    it('ends at once at the second signal', async () => {
      const app = new AppProcess({ REDIS_MODE: 'memory', SHUTDOWN_DELAY_MS: '60000' });
      await app.whenListening();
      app.signal('SIGTERM');
      await waitUntil(() => app.output.includes('Stopping'), {
        what: 'the first signal to be heard',
      });
      app.signal('SIGTERM');
      await expect(app.whenEnded()).resolves.toBe(1);
    });
  });

  describe('an embedded database in a folder', () => {
    let folder: string;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'sample-folder-'));
    });

    afterEach(() => {
      rmSync(folder, { recursive: true });
    });

    it('belongs to one process: others are refused by its number, and after a crash the next one has its rows', async () => {
      const environment = { REDIS_MODE: 'memory', PGLITE_DIR: folder };
      const apps = [1, 2, 3].map(() => new AppProcess(environment));
      const first = await waitUntil(() => apps.find((app) => app.output.includes('"url":')), {
        timeoutMs: 40_000,
        what: 'one of them to listen',
      });
      for (const app of apps.filter((one) => one !== first)) {
        await expect(app.whenEnded()).resolves.toBe(1);
        expect(app.output).toContain(`belongs to process ${first.pid}`);
      }
      const http = await first.whenListening();
      const token = await http.login(1);
      const json = { name: 'Changed before the crash' };
      expect((await http.put('/api/products/5', { token, json })).status).toBe(200);
      first.signal('SIGKILL');
      await first.whenEnded();
      const next = new AppProcess(environment);
      const found = await (await next.whenListening()).get('/api/products/5');
      expect(found.body).toMatchObject(json);
      await expect(next.stop()).resolves.toBe(0);
    });
  });

  it.each([
    ['PORT', '70000', 'PORT = \\"70000\\"'],
    ['LOG_LEVEL', 'loud', 'fatal, error, warn, info, debug, trace'],
    ['SHUTDOWN_DELAY_MS', '-1', 'SHUTDOWN_DELAY_MS'],
    ['SEED', 'perhaps', 'SEED'],
    ['DATABASE_URL', `mysql://u:${DATABASE_PASSWORD}@h/d`, 'DATABASE_URL'],
  ])('does not start with %s=%s, and says why', async (name, value, message) => {
    const app = new AppProcess({ REDIS_MODE: 'memory', [name]: value });
    await expect(app.whenEnded()).resolves.toBe(1);
    expect(app.output).toContain(message);
    expect(app.output).not.toContain(DATABASE_PASSWORD);
  });
});

/** Sends the beginning of a request, and nothing more. */
function sendHalf(url: string, half: string): { sent: Promise<void>; closed: Promise<void> } {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const sent = new Promise<void>((resolve) => socket.write(half, () => resolve()));
  return { sent, closed };
}
