import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveFromEnv, RedisModule, RedisService } from '../../src/redis/index.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { closeApps, startApp } from '../support/apps.js';
import { closeEngines, startEngine, startReadyEngine } from '../support/engines.js';
import { outcomeOf } from '../support/outcomes.js';

jest.setTimeout(30_000);

describe('a Unix socket', () => {
  let folder: string;
  let path: string;
  let server: RedisTestServer;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'redis-ha-'));
    path = join(folder, 'redis.sock');
    server = await startRedisServer({ password: 'pw', redisConfig: [`unixsocket ${path}`] });
  });
  afterEach(async () => {
    await closeApps();
    await closeEngines();
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** How many connections the server has through its socket file. */
  async function throughSocket(): Promise<number> {
    const list = JSON.stringify(await server.node.command('CLIENT', 'LIST'));
    return list.split('\\n').filter((line) => line.includes(`addr=${path}:0`)).length;
  }

  it('carries commands, lent connections, subscriptions and raw clients', async () => {
    const { redis } = await startReadyEngine({
      mode: 'standalone',
      path,
      node: { password: 'pw', db: 2 },
    });
    expect(await redis.set('key', 'value')).toBe('OK');
    expect(await redis.exclusive((one) => one.get('key'))).toBe('value');
    const messages: string[] = [];
    await redis.subscribe('news', (message) => messages.push(message));
    await redis.publish('news', 'hello');
    await waitUntil(() => messages.length > 0, { what: 'the message arrives' });
    expect(await redis.createClient().get('key')).toBe('value');
    expect(await throughSocket()).toBeGreaterThanOrEqual(4);
    expect(await server.node.command('EXISTS', 'key')).toBe(0);
  });

  it('is named by its path in status and health', async () => {
    const { redis } = await startReadyEngine({
      mode: 'standalone',
      path,
      node: { password: 'pw' },
    });
    expect(redis.status.primary?.address).toEqual({ host: path, port: 0 });
  });

  it.each<[string, NodeJS.ProcessEnv]>([
    ['REDIS_URL=unix://…?db=1', { REDIS_URL: 'unix://:pw@PATH?db=1' }],
    ['REDIS_SOCKET_PATH', { REDIS_SOCKET_PATH: 'PATH', REDIS_PASSWORD: 'pw', REDIS_DB: '1' }],
  ])('is taken from %s', async (_, env) => {
    const set = Object.entries(env).map(([name, text]) => [name, text?.replace('PATH', path)]);
    const { options } = resolveFromEnv(Object.fromEntries(set) as NodeJS.ProcessEnv);
    expect(options).toMatchObject({ address: { host: path }, node: { db: 1, password: 'pw' } });
    const app = await startApp({
      imports: [RedisModule.forRoot({ mode: 'standalone', url: `unix://:pw@${path}?db=1` })],
    });
    expect(await app.app.get(RedisService).ping()).toBe('PONG');
  });

  it('that is not there is named in the error', async () => {
    const missing = join(folder, 'none.sock');
    const { redis } = startEngine({
      mode: 'standalone',
      path: missing,
      routing: { writeTimeoutMs: 300 },
    });
    const outcome = await outcomeOf(redis.set('key', 'value'));
    expect(outcome.code).toBe('NO_PRIMARY');
    expect(String(outcome.error)).toContain(missing);
  });
});
