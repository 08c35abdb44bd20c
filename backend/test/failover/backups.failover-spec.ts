import { SessionService } from '../../src/redis/index.js';
import {
  startRedisCluster,
  startRedisServer,
  waitUntil,
  type RedisTestCluster,
  type RedisTestNode,
  type RedisTestServer,
  type RespClient,
} from '../../src/redis/testing/index.js';
import { BackupRig, type Ran } from '../support/backup-rig.js';
import { closeEngines, startReadyEngine, type RunningEngine } from '../support/engines.js';
import { doorTo, type SessionDoor } from '../support/session-door.js';

const PLAIN = 96_000;
const CACHED = 3_000;
const SESSIONS = 3_000;
const USERS = 1_000;
const AT_ONCE = 100;
/** Writes under way at the same time. */
const LANES = 32;

jest.setTimeout(300_000);

/** What an application has, and what it knows of it. */
class Application {
  readonly sessions: SessionService<{ n: number }>;
  readonly door: SessionDoor;
  /** The tokens of each user, the last one first. */
  readonly tokens = new Map<string, string[]>();
  readonly ended = new Set<string>();
  /** What was acknowledged under load. */
  readonly acknowledged: string[] = [];
  #isUnderLoad = true;
  #load: Promise<unknown> = Promise.resolve();

  constructor(readonly running: RunningEngine) {
    const settings = { policy: 'session', nearMs: 0, maxStaleMs: 0 } as const;
    const keyspace = running.engine.keyspaces.open('sessions', settings);
    const deps = { clock: running.engine.calendar, bus: running.engine.bus };
    this.sessions = new SessionService(keyspace, {}, deps);
    this.door = doorTo(this.sessions);
  }

  async logIn(user: string, n: number): Promise<string> {
    const { token, code } = await this.door.create(user, n);
    if (token === undefined) throw new TypeError(`a login was refused: ${String(code)}`);
    this.tokens.set(user, [token, ...(this.tokens.get(user) ?? [])]);
    return token;
  }

  /** Resolves when Redis has all that was acknowledged: what waits in a journal is in no backup. */
  async untilRedisHasAll(): Promise<void> {
    const { keyspaces } = this.running.engine;
    const isDone = (): boolean =>
      keyspaces.status.mode === 'healthy' && keyspaces.status.journal.entries === 0;
    const explain = (): string[] => [JSON.stringify(keyspaces.status)];
    await waitUntil(isDone, { what: 'Redis has everything', timeoutMs: 60_000, explain });
  }

  /** Writes all the time, and remembers what Redis took. */
  beginLoad(): void {
    const { redis } = this.running;
    const write = async (lane: number): Promise<void> => {
      for (let i = 0; this.#isUnderLoad; i++) {
        const key = `load:${String(lane)}:${String(i)}`;
        await redis.set(key, key);
        this.acknowledged.push(key);
      }
    };
    this.#load = Promise.all(Array.from({ length: LANES }, (_, lane) => write(lane)));
  }

  async endLoad(): Promise<void> {
    this.#isUnderLoad = false;
    await this.#load;
  }

  /** Ends some sessions: one by one, all of a user, all but one, and by giving them another token. */
  async endSome(users: readonly string[]): Promise<void> {
    for (const [i, user] of users.entries()) {
      const own = this.tokens.get(user) ?? [];
      const [kept = '', ...others] = own;
      if (i % 4 === 0) {
        expect((await this.door.destroy(kept)).code).toBeUndefined();
        this.ended.add(kept);
      } else if (i % 4 === 1) {
        expect((await this.door.destroyOthers(user, kept)).code).toBeUndefined();
        for (const token of others) this.ended.add(token);
      } else if (i % 4 === 2) {
        const { token } = await this.door.rotate(kept);
        expect(token).toBeDefined();
        this.ended.add(kept);
      } else {
        for (const token of own) {
          expect((await this.door.destroy(token)).code).toBeUndefined();
          this.ended.add(token);
        }
      }
    }
  }

  /** Another process of the same application, which has seen none of the sessions. */
  beside(running: RunningEngine): Application {
    const other = new Application(running);
    for (const [user, tokens] of this.tokens) other.tokens.set(user, tokens);
    for (const token of this.ended) other.ended.add(token);
    return other;
  }

  /** Who is let in although he was ended, or refused although he was not. */
  async wrongSessions(): Promise<string[]> {
    const all = [...this.tokens.values()].flat();
    const answers = await this.door.readAll(all);
    return all.flatMap((token, i) => {
      const isIn = answers[i]?.code === undefined;
      if (isIn !== this.ended.has(token)) return [];
      return [`${isIn ? 'let in after its end' : 'refused'}: ${JSON.stringify(answers[i])}`];
    });
  }
}

/** Does something for each number, several at a time. */
async function forEach(count: number, work: (i: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    const size = Math.min(AT_ONCE, count - from);
    await Promise.all(Array.from({ length: size }, (_, at) => work(from + at)));
  }
}

/** Makes plain keys in Redis: of each type some, every tenth one with an end. */
const MAKE_PLAIN = `
for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local key, kind = 'plain:' .. i, i % 7
  if kind == 0 then redis.call('SET', key, 'text ' .. i)
  elseif kind == 1 then redis.call('SET', key, i)
  elseif kind == 2 then redis.call('HSET', key, 'field', i, 'other', string.rep('x', i % 90))
  elseif kind == 3 then redis.call('RPUSH', key, 'first', i)
  elseif kind == 4 then redis.call('ZADD', key, i / 7, 'member ' .. i)
  elseif kind == 5 then redis.call('SADD', key, i, 'other')
  else redis.call('XADD', key, '1-1', 'field', i) end
  if i % 10 == 0 then redis.call('PEXPIRE', key, 7200000) end
end`;

async function fill(cluster: RedisTestCluster, app: Application): Promise<void> {
  const { redis } = await connected(cluster.primary());
  for (let from = 0; from < PLAIN; from += 1_000) {
    await redis.command(['EVAL', MAKE_PLAIN, '0', String(from), String(from + 999)]);
  }
  redis.close();
  const values = app.running.engine.keyspaces.open('cache', {
    policy: 'cache',
    nearMs: 0,
    maxStaleMs: 0,
  });
  await forEach(CACHED, (i) => values.write(`item:${String(i)}`, draftOf(i), {}));
  await forEach(SESSIONS, (i) => app.logIn(`user-${String(i % USERS)}`, i));
  await app.untilRedisHasAll();
}

function draftOf(i: number) {
  const body = Buffer.from(JSON.stringify({ i }));
  const times = { freshMs: 3_600_000, staleMs: 0 };
  return { kind: 'value', codec: 1, isCompressed: false, body, groups: [], ...times } as const;
}

async function connected(node: RedisTestNode): Promise<{ redis: RespClient }> {
  return { redis: await node.connect({ deadlineMs: 20_000 }) };
}

/** A digest of the value of each key, as Redis makes it. */
async function digestsOf(node: RedisTestNode, keys: readonly string[]): Promise<string[]> {
  const { redis } = await connected(node);
  const found: string[] = [];
  for (let from = 0; from < keys.length; from += 1_000) {
    const some = keys.slice(from, from + 1_000);
    found.push(
      ...((await redis.command(['DEBUG', 'DIGEST-VALUE', ...some])) as string[]).map(String),
    );
  }
  redis.close();
  return found;
}

function isSnapshot({ header }: Record<string, unknown>): boolean {
  return (header as { kind: string } | null)?.kind === 'snapshot';
}

/** The texts that some keys hold. */
async function valuesOf(node: RedisTestNode, keys: readonly string[]): Promise<string[]> {
  const { redis } = await connected(node);
  const found = (await redis.command(['MGET', ...keys])) as string[];
  redis.close();
  return found.map(String);
}

const plainKeys = Array.from({ length: PLAIN }, (_, i) => `plain:${String(i)}`);

async function kill(nodes: readonly RedisTestNode[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.kill()));
}

describe('a cluster that is lost and restored', () => {
  const settings = { downAfterMs: 1_200, redisConfig: ['enable-debug-command yes'] };
  let lost: RedisTestCluster;
  let fresh: RedisTestCluster;
  const rig = new BackupRig();

  beforeAll(async () => {
    [lost, fresh] = [await startRedisCluster(settings), await startRedisCluster(settings)];
  });
  afterEach(closeEngines);
  afterAll(async () => {
    await rig.close();
    await Promise.all([lost.stop(), fresh.stop()]);
  });

  const restored = ({ code, lines, refusal }: Ran): Record<string, unknown> => {
    expect({ code, refusal }).toEqual({ code: 0, refusal: null });
    const [report = {}] = lines;
    const { header, path, ...counts } = report;
    process.stdout.write(
      `  ${JSON.stringify(counts)} of ${String(path)}: ${JSON.stringify(header)}\n`,
    );
    return report;
  };

  it('has all that was acknowledged before the snapshot, and no session that was ended since, through a failover', async () => {
    const app = new Application(await startReadyEngine(lost.options()));
    await fill(lost, app);
    const stop = await rig.follow(lost.env());
    app.beginLoad();
    await waitUntil(() => app.acknowledged.length > 1_000, {
      what: 'there is load',
      timeoutMs: 60_000,
      explain: () => [String(app.acknowledged.length)],
    });
    const before = app.acknowledged.length;
    const startedAt = performance.now();
    const taken = await rig.run(lost.env(), 'take');
    process.stdout.write(
      `  a backup under load: ${String(Math.round(performance.now() - startedAt))} ms\n`,
    );
    expect(taken).toMatchObject({ code: 0, refusal: null });
    expect(taken.lines).toMatchObject([
      { header: { counts: { sessions: SESSIONS, cached: CACHED } } },
    ]);
    const digests = await digestsOf(lost.primary(), plainKeys);

    const users = [...app.tokens.keys()];
    await app.endSome(users.slice(0, 300));
    await lost.failover();
    const old = lost.primary();
    await lost.waitForPrimaryOtherThan(old);
    await lost.waitForReady(60_000);
    await app.endSome(users.slice(300, 600));
    await app.endLoad();
    await app.untilRedisHasAll();
    await rig.untilHeard(lost.env());
    await kill(lost.nodes());
    expect((await stop()).code).toBe(130);
    await closeEngines();

    // Nobody reaches the lost cluster any more: the application starts again, with the addresses of the fresh one.
    const restoredAt = performance.now();
    const report = restored(await rig.run(fresh.env(), 'restore', 'latest'));
    process.stdout.write(`  a restore: ${String(Math.round(performance.now() - restoredAt))} ms\n`);
    expect(report).toMatchObject({ kept: 0, replicas: 2, ofReplicas: 2 });
    expect(report['ended']).toBeGreaterThan(0);
    expect(await digestsOf(fresh.primary(), plainKeys)).toEqual(digests);
    const again = app.beside(await startReadyEngine(fresh.options()));
    expect(await again.wrongSessions()).toEqual([]);
    const acknowledged = app.acknowledged.slice(0, before);
    expect(await valuesOf(fresh.primary(), acknowledged)).toEqual(acknowledged);
    // What came back can be ended like any other, and a new login is possible.
    const last = users.at(-1) ?? '';
    const [stays = ''] = again.tokens.get(last) ?? [];
    await again.door.destroyOthers(last, stays);
    for (const token of (again.tokens.get(last) ?? []).slice(1)) again.ended.add(token);
    await again.logIn('somebody new', 1);
    expect(await again.wrongSessions()).toEqual([]);
  });
});

describe('a cluster that comes back empty, under an application that goes on', () => {
  const rig = new BackupRig();
  let cluster: RedisTestCluster;
  let alone: RedisTestServer;

  beforeAll(async () => {
    [cluster, alone] = [await startRedisCluster({ downAfterMs: 1_200 }), await startRedisServer()];
  });
  afterEach(closeEngines);
  afterAll(async () => {
    await rig.close();
    await Promise.all([cluster.stop(), alone.stop()]);
  });

  it('gets back what it had, and nothing that was ended before or after the loss', async () => {
    const app = new Application(await startReadyEngine(cluster.options()));
    const users = Array.from({ length: 120 }, (_, i) => `user-${String(i)}`);
    await forEach(600, (i) => app.logIn(users[i % users.length] ?? '', i));
    await app.untilRedisHasAll();
    // The first backup is that of the one who follows.
    const stop = await rig.follow(cluster.env());
    await app.endSome(users.slice(0, 40));
    await app.untilRedisHasAll();
    await rig.untilHeard(cluster.env());
    const nodes = [cluster.primary(), ...cluster.replicas()];
    await kill(nodes);
    await Promise.all(nodes.map((node) => node.restart()));
    await cluster.waitForReady(60_000);
    // Who follows is back before anybody else, and takes a backup of what is empty: nobody wants to restore that.
    const backups = async (): Promise<number> =>
      (await rig.run(cluster.env(), 'list')).lines.filter(isSnapshot).length;
    const before = await backups();
    await waitUntil(async () => (await backups()) > before || before > 1, {
      what: 'what is empty was backed up',
      timeoutMs: 60_000,
    });
    expect((await stop()).code).toBe(130);
    await app.running.redis.whenReady(30_000);

    // The application is back before anybody has restored anything, and goes on.
    const [gone = '', refreshed = ''] = users.slice(100);
    await app.untilRedisHasAll();
    await app.sessions.destroyAllOf(gone);
    for (const token of app.tokens.get(gone) ?? []) app.ended.add(token);
    await app.logIn(refreshed, 1);
    await app.untilRedisHasAll();
    expect(await rig.run(cluster.env(), 'restore', 'latest')).toMatchObject({
      refusal: { code: 'TARGET_UNFIT' },
    });
    const { code, lines } = await rig.run(cluster.env(), 'restore', 'latest', '--merge');
    expect({ code, lines }).toMatchObject({ code: 0, lines: [{ replicas: 2 }] });
    process.stdout.write(`  ${JSON.stringify({ ...lines[0], header: null })}\n`);
    const other = app.beside(await startReadyEngine(cluster.options()));
    expect(await other.wrongSessions()).toEqual([]);
    // Sessions of before and of after the loss are in one list, and ended together.
    const { sessions } = await other.sessions.listOf(refreshed);
    expect(sessions).toHaveLength(app.tokens.get(refreshed)?.length ?? 0);
    await other.sessions.destroyAllOf(refreshed);
    for (const token of app.tokens.get(refreshed) ?? []) other.ended.add(token);
    expect(await other.wrongSessions()).toEqual([]);
  });

  it('would have them back without what was written down: that is asked for, or refused', async () => {
    const app = new Application(await startReadyEngine(cluster.options()));
    await forEach(50, (i) => app.logIn(`other-${String(i)}`, i));
    await app.untilRedisHasAll();
    expect(await rig.run(cluster.env(), 'take')).toMatchObject({ code: 0 });
    await app.endSome([...app.tokens.keys()].slice(0, 20));
    const to = ['--to', `${alone.node.address.host}:${String(alone.node.address.port)}`];
    const env = { ...alone.env(), BACKUP_CLUSTER: 'mymaster' };
    const refused = await rig.run(env, 'restore', 'latest', ...to);
    expect(refused).toMatchObject({ code: 2, refusal: { code: 'ENDS_MISSING' } });
    expect(await alone.node.command('DBSIZE')).toBe(0);
    const kept = await rig.run(env, 'restore', 'latest', ...to, '--sessions', 'keep');
    expect(kept).toMatchObject({ code: 0 });
    const standalone = app.beside(await startReadyEngine(alone.options()));
    const wrong = await standalone.wrongSessions();
    expect(wrong.length).toBeGreaterThan(0);
    expect(wrong.filter((what) => !what.startsWith('let in after its end'))).toEqual([]);

    await alone.node.command('FLUSHALL');
    const dropped = await rig.run(env, 'restore', 'latest', ...to, '--sessions', 'drop');
    expect(dropped).toMatchObject({ code: 0 });
    const none = app.beside(await startReadyEngine(alone.options()));
    const answers = await none.door.readAll([...app.tokens.values()].flat());
    expect(answers.every(({ code }) => code === 'SESSION_INVALID')).toBe(true);
  });
});
