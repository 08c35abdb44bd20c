import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyRing, type RedisService } from '../../src/redis/index.js';
import { idOf } from '../../src/redis/sessions/record/session-token.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine } from '../support/engines.js';
import type { SessionAnswer } from '../support/key-worker.js';
import { WorkerPool, type Worker } from '../support/worker.js';

const [OLD, NEW] = [newKey(), newKey()];
const USER = 'ann@example.com';
const SECRET = 'S3cret-of-ann';

const pool = new WorkerPool('key-worker.ts');
let server: RedisTestServer;

beforeEach(async () => {
  server = await startRedisServer();
});
afterEach(async () => {
  if (server.node.isFrozen) server.node.thaw();
  await closeEngines();
  await server.stop();
});
afterAll(() => pool.close());

function newKey(): string {
  return randomBytes(32).toString('base64');
}

function idOfKey(key: string): string {
  return KeyRing.of([key])?.ids[0] ?? '';
}

/** A process whose environment says which keys it has. */
function start(keys: readonly string[], env: Record<string, string> = {}): Promise<Worker> {
  const ring = keys.length === 0 ? {} : { REDIS_SESSIONS_KEYS: keys.join(',') };
  return pool.start({ env: { ...server.env(), ...ring, ...env } });
}

function read(worker: Worker, token: string): Promise<SessionAnswer> {
  return worker.call('read', token);
}

/** All bytes that Redis has, names and values. */
async function everythingIn(redis: RedisService): Promise<string> {
  const told: string[] = [];
  for (const key of await redis.keys('*')) {
    const type = await redis.type(key);
    if (type === 'string') told.push(key, (await redis.getBuffer(key))?.toString('latin1') ?? '');
    else if (type === 'zset') told.push(key, ...(await redis.zrange(key, '0', '-1')));
    else throw new TypeError(`a ${type} is not looked into`);
  }
  return told.join('\n');
}

it('go over to a new key, process by process, and nobody is logged out', async () => {
  const worker = await start([OLD]);
  const token = await worker.call<string>('create', USER, { n: 0 });
  let before = worker;
  let n = 0;
  for (const ring of [[OLD, NEW], [NEW, OLD], [NEW]]) {
    // A key may go when each session was written since another one is the first.
    await before.call('update', token, { n });
    const after = await start(ring);
    expect(await read(after, token)).toEqual({ data: { n } });
    await after.call('update', token, { n: ++n });
    expect(await read(before, token)).toEqual({ data: { n } });
    before = after;
  }
  expect(await read(worker, token)).toEqual({ reason: 'unreadable' });
  expect(await read(before, token)).toEqual({ data: { n: 3 } });
}, 60_000);

it('lie in Redis without a word of their data or their user', async () => {
  const { redis } = await startReadyEngine(server.options());
  const plain = await start([]);
  await plain.call('create', USER, { pin: SECRET });
  expect(await everythingIn(redis)).toContain(SECRET);
  await redis.flushall();
  const worker = await start([NEW]);
  const token = await worker.call<string>('create', USER, { pin: SECRET });
  await worker.call('update', token, { pin: `${SECRET} too` });
  const bytes = await everythingIn(redis);
  expect(bytes).toContain(idOf(token));
  for (const word of [SECRET, 'pin', USER, token]) expect(bytes).not.toContain(word);
}, 60_000);

it('lie in the folder of the journal without a word of them either', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'redis-ha-journal-'));
  const inFolder = (): string =>
    readdirSync(dir)
      .map((name) => readFileSync(join(dir, name)).toString('latin1'))
      .join('\n');
  try {
    const env = { REDIS_JOURNAL_DIR: dir, REDIS_FALLBACK_STABLE_MS: '100' };
    const [plain, worker] = [await start([], env), await start([NEW], env)];
    await server.node.freeze();
    const token = await worker.call<string>('create', USER, { pin: SECRET });
    expect(inFolder()).toContain(idOf(token));
    for (const word of [SECRET, USER]) expect(inFolder()).not.toContain(word);
    await plain.call('create', USER, { pin: SECRET });
    expect(inFolder()).toContain(SECRET);
    server.node.thaw();
    const other = await start([NEW]);
    await waitUntil(async () => (await read(other, token)).data !== undefined, {
      what: 'Redis has what was journaled',
      timeoutMs: 20_000,
    });
    expect(await read(other, token)).toEqual({ data: { pin: SECRET } });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 60_000);

it('are not let in under another id, nor in clear where that is refused', async () => {
  const { redis } = await startReadyEngine(server.options());
  const [plain, worker] = [
    await start([]),
    await start([NEW], { REDIS_SESSIONS_PLAIN_DATA: 'refuse' }),
  ];
  const forged = await plain.call<string>('create', 'admin', {});
  expect(await read(worker, forged)).toEqual({ reason: 'unreadable' });
  const token = await worker.call<string>('create', USER, { n: 1 });
  const [from, to] = [token, forged].map((some) => `sessions:${idOf(some)}`) as [string, string];
  await redis.copy(from, to, 'REPLACE');
  expect(await read(worker, forged)).toEqual({ reason: 'unreadable' });
  expect(await read(worker, token)).toEqual({ data: { n: 1 } });
}, 60_000);

it('name the key that is missing in the log, and show no key and no data there', async () => {
  const [worker, other] = [await start([NEW]), await start([OLD])];
  const token = await worker.call<string>('create', USER, { pin: SECRET });
  for (let i = 0; i < 20; i++) expect(await read(other, token)).toEqual({ reason: 'unreadable' });
  const log = await other.call<string[]>('log');
  const told = log.filter((line) => line.includes('cannot be read'));
  expect(told).toEqual([expect.stringContaining(`the key ${idOfKey(NEW)}, which is not in`)]);
  // The options at the start, at the level debug, have the ids to compare with.
  expect(log.join('\n')).toContain(`"keys":["${idOfKey(OLD)}"]`);
  const everything = [...log, ...(await worker.call<string[]>('log'))].join('\n');
  for (const secret of [OLD, NEW, SECRET, token, idOf(token), USER])
    expect(everything).not.toContain(secret.slice(0, 12));
  expect(await read(worker, token)).toEqual({ data: { pin: SECRET } });
}, 60_000);
