import type { StandaloneModeOptions } from '../../src/redis/config/index.js';
import type {
  EntryDraft,
  Keyspace,
  KeyspaceOptions,
  Reading,
} from '../../src/redis/keyspace/index.js';
import type { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine } from '../support/engines.js';
import { outcomeOf } from '../support/outcomes.js';

const CACHE: KeyspaceOptions = { policy: 'cache', nearMs: 0, maxStaleMs: 60_000 };
const STRICT: KeyspaceOptions = { policy: 'strict', nearMs: 0, maxStaleMs: 0 };
const KEYS = Array.from({ length: 40 }, (_, i) => `k${String(i)}`);

let server: RedisTestServer;

function draft(text: string): EntryDraft {
  const body = Buffer.from(text);
  const times = { freshMs: 60_000, staleMs: 0 };
  return { kind: 'value', codec: 3, isCompressed: false, body, groups: [], ...times };
}

function shown(reading: Reading): string {
  if (reading.state !== 'found') return reading.state;
  return `${reading.entry.body.toString()} from ${reading.source}`;
}

async function start(
  options: Pick<StandaloneModeOptions, 'fallback'> = {},
): Promise<{ engine: RedisEngine; cache: Keyspace }> {
  const { engine } = await startReadyEngine({ ...server.options(), ...options });
  const cache = engine.keyspaces.open('cache', CACHE);
  await Promise.all(KEYS.map((key) => cache.write(key, draft(`of ${key}`))));
  await cache.read(KEYS[0] ?? '');
  return { engine, cache };
}

async function readAll(keyspace: Keyspace, keys = KEYS): Promise<string[]> {
  return (await Promise.all(keys.map((key) => keyspace.read(key)))).map(shown);
}

function codeOf(error: unknown): string {
  return (error as { code: string }).code;
}

/** How often Redis has run the two commands that read since the last call. */
async function reads(): Promise<{ readonly get: number; readonly mget: number }> {
  const stats = await server.node.info('commandstats');
  await server.node.command('CONFIG', 'RESETSTAT');
  const calls = (name: string): number =>
    Number(/calls=(\d+)/.exec(stats.get(`cmdstat_${name}`) ?? '')?.[1] ?? 0);
  return { get: calls('get'), mget: calls('mget') };
}

beforeEach(async () => {
  server = await startRedisServer();
});
afterEach(async () => {
  await closeEngines();
  await server.stop();
});

describe('reads that are asked for in one turn of the event loop', () => {
  it('are one command, and each has its own answer', async () => {
    const { cache } = await start();
    await server.node.command('DEL', 'cache:k7');
    await reads();
    const expected = KEYS.map((key) => (key === 'k7' ? 'missing' : `of ${key} from redis`));
    expect(await readAll(cache)).toEqual(expected);
    expect(await reads()).toEqual({ get: 0, mget: 1 });
  });

  it('do not hear of a key of another type among them', async () => {
    const { cache } = await start();
    await server.node.command('DEL', 'cache:k7');
    await server.node.command('RPUSH', 'cache:k7', 'a list');
    await reads();
    const expected = KEYS.map((key) => (key === 'k7' ? 'missing' : `of ${key} from redis`));
    expect(await readAll(cache)).toEqual(expected);
    expect(await reads()).toEqual({ get: 0, mget: 1 });
  });

  it('do not wait for large values, which are read each by itself', async () => {
    // A busy machine may take longer than usual for megabytes; when memory answers is not examined here.
    const { engine, cache } = await start({ fallback: { timeoutMs: 10_000 } });
    const large = engine.keyspaces.open('large', CACHE);
    const keys = KEYS.slice(0, 4);
    const text = 'x'.repeat(1_000_000);
    await Promise.all(keys.map((key) => large.write(key, draft(text))));
    await large.read('k0');
    await reads();
    const [small, found] = await Promise.all([readAll(cache), readAll(large, keys)]);
    expect(small).toEqual(KEYS.map((key) => `of ${key} from redis`));
    expect(found).toEqual(keys.map(() => `${text} from redis`));
    expect(await reads()).toEqual({ get: 4, mget: 1 });
  });

  it('are each answered from memory when Redis is killed while it has them', async () => {
    const { engine, cache } = await start();
    const strict = engine.keyspaces.open('strict', STRICT);
    for (const key of ['a', 'b']) await strict.write(key, draft('1'));
    await readAll(strict, ['a', 'b']);
    const fromMemory = KEYS.map((key) => `of ${key} from memory`);
    await server.node.freeze();
    const asked = readAll(cache);
    const refused = Promise.all(['a', 'b'].map((key) => outcomeOf(strict.read(key))));
    await new Promise((resolve) => setImmediate(resolve));
    await server.node.kill();
    expect(await asked).toEqual(fromMemory);
    const away = expect.objectContaining({ code: 'CIRCUIT_OPEN' });
    expect(await refused).toEqual([away, away]);
    const { reads: guard } = engine.keyspaces.status.guards;
    expect(guard.failed + guard.away).toBe(KEYS.length + 2);
    expect(await readAll(cache)).toEqual(fromMemory);
    await server.node.restart();
    const isBack = (): boolean => engine.keyspaces.status.breakers.reads === 'closed';
    await waitUntil(isBack, { what: 'Redis is read again', timeoutMs: 10_000 });
    await cache.write('k0', draft('new'));
    expect(await readAll(cache, ['k0'])).toEqual(['new from redis']);
  });

  it.each([
    ['the command', '-mget', KEYS.map((key) => `of ${key} from redis`)],
    [
      'one of the keys',
      'resetkeys %R~cache:k0 %R~cache:k1',
      KEYS.map((key, i) => (i < 2 ? `of ${key} from redis` : 'COMMAND_REJECTED')),
    ],
  ])('are each read by itself where the ACL user may not use %s', async (_, rights, expected) => {
    const { cache } = await start();
    await server.node.command('ACL', 'SETUSER', 'default', ...rights.split(' '));
    await reads();
    const found = await Promise.all(KEYS.map((key) => cache.read(key).then(shown, codeOf)));
    expect(found).toEqual(expected);
    // It is not tried again at once.
    await reads();
    await Promise.all(KEYS.map((key) => outcomeOf(cache.read(key))));
    expect(await reads()).toMatchObject({ mget: 0 });
    await server.node.command('ACL', 'SETUSER', 'default', '+@all', '~*');
  });

  it('are answered when the connection begins to close in the same turn', async () => {
    const { engine, cache } = await start();
    const asked = readAll(cache);
    const closed = engine.close();
    expect(await asked).toEqual(KEYS.map((key) => `of ${key} from redis`));
    await closed;
  });
});
