import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import type { Answer } from './support/http-client.js';
import { startApp, type RunningApp } from './support/running-app.js';

const MOST = 20;
const PATH = '/api/products/1';

const minute = (): number => Math.floor(Date.now() / 60_000);

function ask(app: RunningApp, times: number, from?: string): Promise<Answer[]> {
  const headers = from === undefined ? {} : { 'x-forwarded-for': from };
  return Promise.all(Array.from({ length: times }, () => app.http.get(PATH, { headers })));
}

/** Runs a story that must not have the end of a minute in it: then all counts begin anew. */
async function withinOneMinute(story: () => Promise<void>): Promise<void> {
  for (;;) {
    const begun = minute();
    try {
      await story();
    } catch (error) {
      if (minute() === begun) throw error;
    }
    if (minute() === begun) return;
  }
}

const statusesOf = (answers: readonly Answer[]): number[] =>
  answers.map(({ status }) => status).sort((a, b) => a - b);

const letThrough = (answers: readonly Answer[]): number =>
  answers.filter(({ status }) => status === 200).length;

describe('limits of requests', () => {
  let server: RedisTestServer;
  let apps: [RunningApp, RunningApp];
  /** Each story has a client of its own. */
  let client = 0;

  beforeAll(async () => {
    server = await startRedisServer();
    const environment = {
      ...server.env(),
      REQUESTS_PER_MINUTE: String(MOST),
      TRUSTED_PROXIES: '1',
    };
    apps = [await startApp(environment), await startApp(environment)];
    await Promise.all(apps.map((app) => app.redis.whenReady()));
  });

  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await server.stop();
  });

  const newClient = (): string => `192.0.2.${++client}`;

  it('let a client have what it may, and say to the rest when to come again', async () => {
    await withinOneMinute(async () => {
      const answers = await ask(apps[0], MOST + 5, newClient());
      expect(letThrough(answers)).toBe(MOST);
      const refused = answers.filter(({ status }) => status !== 200);
      for (const { status, body, headers } of refused) {
        expect(status).toBe(429);
        expect(body).toMatchObject({ statusCode: 429, code: 'TOO_MANY_REQUESTS' });
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
        expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
        expect(headers.get('x-content-type-options')).toBe('nosniff');
      }
      expect(statusesOf(await ask(apps[0], 1, newClient()))).toEqual([200]);
    });
  });

  it('count what a client asks of another process, too', async () => {
    await withinOneMinute(async () => {
      const from = newClient();
      expect(letThrough(await ask(apps[0], MOST, from))).toBe(MOST);
      expect(letThrough(await ask(apps[1], 1, from))).toBe(1);
      await waitUntil(async () => (await countsInRedis(server)).includes(MOST + 1), {
        what: 'both to have told of it',
      });
      expect(statusesOf(await ask(apps[1], 1, from))).toEqual([429]);
    });
  });

  it('believe no address that a client says it has: that which the proxy added counts', async () => {
    await withinOneMinute(async () => {
      const from = newClient();
      for (let i = 0; i < MOST; i++) await ask(apps[0], 1, `10.0.0.${i}, ${from}`);
      expect(statusesOf(await ask(apps[0], 1, `10.0.0.99, ${from}`))).toEqual([429]);
    });
  });

  it('do not count probes and scrapers', async () => {
    await withinOneMinute(async () => {
      const headers = { 'x-forwarded-for': newClient() };
      for (let i = 0; i < MOST + 5; i++) {
        const path = ['/health/ready', '/metrics', '/api/health/redis'][i % 3] ?? '';
        expect((await apps[0].http.get(path, { headers })).status).toBe(200);
      }
    });
  });

  it('keep no address in Redis', async () => {
    await withinOneMinute(async () => {
      await ask(apps[0], 1, '198.51.100.77');
      await waitUntil(async () => (await countsInRedis(server)).length > 0, { what: 'a count' });
      const keys = (await server.node.command('KEYS', '*')) as string[];
      expect(keys.join()).not.toMatch(/198\.51\.100|192\.0\.2/);
    });
  });

  it('go on in each process when Redis is gone, and no request waits for it', async () => {
    await server.node.kill();
    await withinOneMinute(async () => {
      const from = newClient();
      for (const app of apps) {
        const answers = await ask(app, MOST + 1, from);
        expect(statusesOf(answers).filter((status) => status === 429)).toHaveLength(1);
      }
    });
  });
});

it('limits of requests hold in memory mode, and there are none where none are set', async () => {
  const app = await startApp({ REDIS_MODE: 'memory', REQUESTS_PER_MINUTE: String(MOST) });
  await withinOneMinute(async () => {
    // From this machine, as an address of IPv4 and of IPv6: it is one client for each of them.
    expect(statusesOf(await ask(app, 2 * MOST))).toContain(429);
  });
  await app.close();
  const free = await startApp({ REDIS_MODE: 'memory' });
  expect(letThrough(await ask(free, 3 * MOST))).toBe(3 * MOST);
  await free.close();
});

async function countsInRedis({ node }: RedisTestServer): Promise<number[]> {
  const keys = (await node.command('KEYS', 'requests+*')) as string[];
  return Promise.all(keys.map(async (key) => Number(await node.command('GET', key))));
}
