import { EventBus } from '../../src/redis/base/events/index.js';
import { resolveOptions } from '../../src/redis/config/index.js';
import { Keyspaces } from '../../src/redis/keyspace/index.js';
import { SessionService } from '../../src/redis/sessions/index.js';
import { ManualClock } from '../../src/redis/testing/index.js';
import { InMemoryPort } from '../support/redis-in-memory/in-memory-port.js';
import { RedisInMemory } from '../support/redis-in-memory/redis-in-memory.js';

const { options: OPTIONS } = resolveOptions({
  mode: 'standalone',
  host: '127.0.0.1',
  fallback: { breakerFailures: 1 },
});
/** Longer than what was written last is written again. */
const WINDOW_MS = OPTIONS.journal.reapplyMs + 5_000;

/** What a process has. */
interface Process {
  readonly port: InMemoryPort;
  readonly sessions: SessionService<{ n: number }>;
}

describe('a session of one process that another has updated, when Redis loses it', () => {
  let clock: ManualClock;
  let redis: RedisInMemory;
  let creator: Process;
  let updater: Process;
  let token: string;

  const start = (): Process => {
    const port = new InMemoryPort(redis, () => clock.now());
    const deps = { clock, bus: new EventBus() };
    const keyspaces = new Keyspaces(OPTIONS, port, deps);
    keyspaces.start();
    const settings = { policy: 'session', nearMs: 0, maxStaleMs: 0 } as const;
    return { port, sessions: new SessionService(keyspaces.open('sessions', settings), {}, deps) };
  };
  const reach = async ({ port }: Process): Promise<void> => {
    port.link = 'open';
    port.tellOfSwitch();
    await clock.advance(2_000);
  };

  beforeEach(async () => {
    clock = new ManualClock();
    redis = new RedisInMemory(() => clock.wallTime());
    creator = start();
    updater = start();
    ({ token } = await creator.sessions.create({ userId: 'u', data: { n: 1 } }));
    await updater.sessions.read(token);
    for (const { port } of [creator, updater]) port.link = 'cut';
    await updater.sessions.update(token, { n: 2 });
    redis.empty();
  });

  it.each([
    ['created it', () => [creator, updater]],
    ['updated it', () => [updater, creator]],
  ])('keeps the update, also when the process that %s is back first', async (_, order) => {
    for (const process of order()) await reach(process);
    await clock.advance(WINDOW_MS);
    for (const { sessions } of [creator, updater]) {
      expect((await sessions.read(token)).data).toEqual({ n: 2 });
    }
  });

  it.each([
    ['created it', () => [creator, updater]],
    ['updated it', () => [updater, creator]],
  ])('is there after a second loss, heard first by the process that %s', async (_, order) => {
    for (const process of [creator, updater]) await reach(process);
    // What was begun is handed in again, and loses against the update.
    await reach(creator);
    redis.empty();
    for (const process of order()) await reach(process);
    await clock.advance(WINDOW_MS);
    for (const { sessions } of [creator, updater]) {
      expect((await sessions.read(token)).data).toEqual({ n: 2 });
    }
  });

  it('is not begun again by the update alone', async () => {
    await reach(updater);
    await clock.advance(WINDOW_MS);
    await expect(updater.sessions.read(token)).rejects.toMatchObject({ code: 'SESSION_INVALID' });
  });
});
