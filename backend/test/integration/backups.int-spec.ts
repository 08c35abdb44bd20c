import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT } from '../../src/cli/frame/index.js';
import {
  startRedisServer,
  type RedisTestServer,
  type RespClient,
  waitUntil,
} from '../../src/redis/testing/index.js';
import { BackupRig, newKey, type Ran } from '../support/backup-rig.js';
import { seededRandom } from '../support/random-histories.js';
import { everyServer } from '../support/servers.js';
import { BackupMaker, bytesOf, snapshotOf } from '../support/snapshots.js';
import { typeCommand } from '../support/typed-program.js';

const rig = new BackupRig();
const running: RedisTestServer[] = [];

async function startServer(path: string, ...redisConfig: string[]): Promise<RedisTestServer> {
  const server = await startRedisServer({ redisServerPath: path, redisConfig });
  running.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});
afterAll(() => rig.close());

const envOf = (server: RedisTestServer): Record<string, string> => ({
  ...server.env(),
  BACKUP_CLUSTER: 'test',
});
const addressOf = ({ node }: RedisTestServer): string =>
  `${node.address.host}:${String(node.address.port)}`;

const take = (server: RedisTestServer): Promise<Ran> =>
  rig.run(envOf(server), 'take', '--from', addressOf(server), '--allow-primary');
const restore = (server: RedisTestServer, ...args: string[]): Promise<Ran> =>
  rig.run(
    envOf(server),
    'restore',
    'latest',
    '--to',
    addressOf(server),
    '--sessions',
    'keep',
    ...args,
  );

const letters = (count: number): string =>
  'abcdefghij'.repeat(Math.ceil(count / 10)).slice(0, count);

/** Commands that make a value of each type and of each way in which Redis keeps it, in two databases. */
function everyType(): string[][] {
  const random = seededRandom(7);
  const words = (count: number, size: number): string[] =>
    Array.from(
      { length: count },
      (_, i) => `${String(i)} ${letters(1 + Math.floor(random() * size))}`,
    );
  const pairs = (count: number, size: number): string[] =>
    words(count, size).flatMap((word, i) => [`field ${String(i)}`, word]);
  const scored = (count: number, size: number): string[] =>
    words(count, size).flatMap((word) => [String(random() * 1e6 - 5e5), word]);
  return [
    ['SET', 'string', 'text'],
    ['SET', 'empty', ''],
    ['SET', 'compressed', 'x'.repeat(100_000)],
    ['SET', 'long', letters(20_000)],
    ...['0', '-1', '127', '-32768', '2147483647', '9223372036854775807'].map((n) => [
      'SET',
      `number ${n}`,
      n,
    ]),
    ['SET', 'ending', 'soon', 'PX', '3600000'],
    ['RPUSH', 'small list', ...words(3, 10)],
    ['RPUSH', 'large list', ...words(3_000, 100)],
    ['RPUSH', 'list of large', letters(50_000), letters(60_000)],
    ['SADD', 'set of numbers', '1', '2', '300000'],
    ['SADD', 'small set', ...words(5, 10)],
    ['SADD', 'large set', ...words(2_000, 30)],
    ['ZADD', 'small sorted set', ...scored(5, 10)],
    ['ZADD', 'large sorted set', '-inf', 'least', '+inf', 'most', ...scored(2_000, 30)],
    ['HSET', 'small hash', ...pairs(5, 10)],
    ['HSET', 'large hash', ...pairs(2_000, 90)],
    ...words(300, 20).map((word, i) => ['XADD', 'stream', `${String(i + 1)}-1`, 'field', word]),
    ['XGROUP', 'CREATE', 'stream', 'group', '0'],
    ['XREADGROUP', 'GROUP', 'group', 'somebody', 'COUNT', '20', 'STREAMS', 'stream', '>'],
    ['XACK', 'stream', 'group', '3-1'],
    ['XGROUP', 'CREATECONSUMER', 'stream', 'group', 'nobody'],
    ['PFADD', 'count', ...words(500, 20)],
    ['GEOADD', 'places', '13.36', '38.11', 'Palermo'],
    ['SETBIT', 'bits', '4000', '1'],
    ['SELECT', '3'],
    ['SET', 'in another database', 'yes'],
  ];
}

async function dumpsOf(redis: RespClient): Promise<Record<string, string>> {
  const dumps: Record<string, string> = {};
  for (const db of ['0', '3']) {
    await redis.command(['SELECT', db]);
    const keys = ((await redis.command(['KEYS', '*'])) as unknown[]).map(String).sort();
    for (const key of keys) {
      const digests = (await redis.command(['DEBUG', 'DIGEST-VALUE', key])) as string[];
      const left = Number(await redis.command(['PTTL', key]));
      dumps[`${db} ${key}`] = `${digests.join()} ${left < 0 ? 'for ever' : 'for a time'}`;
    }
  }
  return dumps;
}

for (const { path, version } of everyServer()) {
  describe(`a backup of ${version}`, () => {
    it('brings back each type of value, with its end, in each database', async () => {
      const source = await startServer(path, 'enable-debug-command yes');
      const redis = await source.node.connect({ deadlineMs: 10_000 });
      for (const words of everyType()) await redis.command(words);
      const before = await dumpsOf(redis);
      expect(Object.keys(before).length).toBeGreaterThan(24);
      expect(await take(source)).toMatchObject({ code: 0, refusal: null });
      redis.close();

      const target = await startServer(path, 'enable-debug-command yes');
      expect(await restore(target)).toMatchObject({
        code: 0,
        lines: [{ restored: Object.keys(before).length, kept: 0, ended: 0, expired: 0 }],
      });
      const again = await target.node.connect({ deadlineMs: 10_000 });
      expect(await dumpsOf(again)).toEqual(before);
      again.close();
    });

    it('brings back functions, where there are any', async () => {
      const code = "#!lua name=mine\nredis.register_function('answer', function() return 42 end)";
      const source = await startServer(path);
      await source.node.command('FUNCTION', 'LOAD', code);
      expect(await take(source)).toMatchObject({ code: 0 });
      const target = await startServer(path);
      expect(await restore(target)).toMatchObject({ code: 0 });
      expect(await target.node.command('FCALL', 'answer', '0')).toBe(42);
    });
  });
}

describe('a restore', () => {
  const refusedBy = async (target: RedisTestServer, ...args: string[]): Promise<string> => {
    const { code, refusal } = await rig.run(
      envOf(target),
      'restore',
      ...args,
      '--to',
      addressOf(target),
    );
    expect(code).toBe(refusal?.code === 'SETTINGS_INVALID' ? 64 : 2);
    expect(refusal?.remedy).not.toBe('');
    return `${String(refusal?.code)}: ${String(refusal?.message)}`;
  };
  const sizeOf = (server: RedisTestServer): Promise<unknown> => server.node.command('DBSIZE');

  it('is refused with a reason, and changes nothing, when the file is not fit for it', async () => {
    const target = await startServer('redis-server');
    const maker = new BackupMaker(rig.dir, [rig.key]);
    const values = { one: 'value', two: 'values' };
    const { path } = await maker.make(snapshotOf(values), { cluster: 'test' });
    const damaged = join(rig.dir, 'damaged');
    const bytes = await bytesOf(path);
    bytes[4_200] = (bytes[4_200] ?? 0) ^ 1;
    await writeFile(damaged, bytes);
    const short = join(rig.dir, 'short');
    await writeFile(short, bytes.subarray(0, 4_100));
    const stranger = join(rig.dir, 'stranger');
    await writeFile(stranger, 'REDIS0011 is not how a backup begins'.repeat(200));
    const foreign = await maker.make(snapshotOf(values), { cluster: 'staging' });
    const others = await new BackupMaker(rig.dir, [newKey()]).make(snapshotOf(values), {
      cluster: 'test',
    });
    const newer = await maker.make(snapshotOf(values, '0012'), { cluster: 'test', takenAt: 1 });

    expect(await refusedBy(target, damaged)).toMatch(/^DAMAGED: part 0 is not what was written/);
    expect(await refusedBy(target, short)).toMatch(/^TRUNCATED: its end is missing/);
    expect(await refusedBy(target, stranger)).toMatch(
      /^NOT_A_BACKUP: it does not begin like a backup/,
    );
    expect(await refusedBy(target, join(rig.dir, 'nothing'))).toMatch(
      /^SETTINGS_INVALID: there is no /,
    );
    expect(await refusedBy(target, foreign.path)).toMatch(/^FOREIGN: .*"staging".*"test"/);
    expect(await refusedBy(target, others.path)).toMatch(
      /^KEY_UNKNOWN: it was sealed with the key [0-9a-f]{16}/,
    );
    expect(await refusedBy(target, newer.path, '--sessions', 'keep')).toMatch(
      /^NEWER: it has the format 12, and \S+ knows the format 10/,
    );
    expect(await sizeOf(target)).toBe(0);
  });

  it('is refused with a reason by a target that is not fit for it', async () => {
    const source = await startServer('redis-server');
    await source.node.command('SET', 'key', 'x'.repeat(3_000_000));
    expect(await take(source)).toMatchObject({ code: 0 });
    const full = await startServer('redis-server');
    await full.node.command('SET', 'key', 'own');
    const small = await startServer('redis-server', 'maxmemory 2mb');
    const { host, port } = source.node.address;
    const replica = await startServer('redis-server', `replicaof ${host} ${String(port)}`);
    const keep = ['latest', '--sessions', 'keep'] as const;
    expect(await refusedBy(full, ...keep)).toMatch(/^TARGET_UNFIT: \S+ is not empty \(db0: keys=1/);
    expect(await refusedBy(small, ...keep)).toMatch(
      /^TARGET_UNFIT: \S+ may use 2097152 bytes of memory/,
    );
    expect(await refusedBy(replica, ...keep)).toMatch(/^TARGET_UNFIT: \S+ is a replica/);
    expect(await full.node.command('GET', 'key')).toBe('own');

    const merged = await restore(full, '--merge');
    expect(merged).toMatchObject({ code: 0, lines: [{ restored: 0, kept: 1 }] });
    expect(await full.node.command('GET', 'key')).toBe('own');
  });

  it('says at once what is set wrongly', async () => {
    const server = await startServer('redis-server');
    const said = async (change: Record<string, string>, ...args: string[]): Promise<string> => {
      const { refusal } = await rig.run({ ...envOf(server), ...change }, ...args);
      return `${String(refusal?.code)}: ${String(refusal?.message)}`;
    };
    expect(await said({ BACKUP_KEYS: '' }, 'verify', 'latest')).toContain('BACKUP_KEYS is not set');
    expect(await said({ BACKUP_KEYS: 'short' }, 'take')).toContain('no key of 32 bytes');
    expect(await said({ BACKUP_DIR: '' }, 'list')).toContain('BACKUP_DIR is not set');
    expect(await said({ BACKUP_KEEP: 'yearly=1' }, 'prune')).toContain('"yearly=1"');
    expect(await said({}, 'restore', 'latest', '--sessions', 'some')).toContain('--sessions some');
    expect(await said({}, 'take', '--nonsense')).toContain('nonsense');
    expect(await said({}, 'take')).toContain('without Sentinels');
  });
});

describe('a command that is ended by Ctrl-C', () => {
  const untilCopiedBy = (server: RedisTestServer, count: string): Promise<unknown> =>
    waitUntil(
      async () => (await server.node.info('replication')).get('connected_slaves') === count,
      { what: `${count} ask for its data` },
    );

  it('leaves the node that it waits for, and nothing in the folder', async () => {
    // The node waits for other replicas before it sends anything.
    const settings = ['repl-diskless-sync yes', 'repl-diskless-sync-delay 600'];
    const server = await startServer('redis-server', ...settings);
    const ending = new AbortController();
    const words = ['backup', 'take', '--from', addressOf(server), '--allow-primary'];
    const env = { ...envOf(server), BACKUP_DIR: rig.dir, BACKUP_KEYS: rig.key };
    const taking = typeCommand(words, env, { signal: ending.signal });
    await untilCopiedBy(server, '1');
    ending.abort();
    expect((await taking).code).toBe(EXIT.interrupted);
    await untilCopiedBy(server, '0');
    expect((await readdir(rig.dir)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('does not wait for a node that says nothing, to be restored into', async () => {
    const server = await startServer('redis-server');
    await server.node.freeze();
    const ending = new AbortController();
    const env = { ...envOf(server), BACKUP_DIR: rig.dir, BACKUP_KEYS: rig.key };
    const restoring = typeCommand(['restore', 'latest'], env, { signal: ending.signal });
    ending.abort();
    expect((await restoring).code).toBe(EXIT.interrupted);
    server.node.thaw();
  });
});

describe('a backup folder', () => {
  it('keeps what the rule says, what is not of this cluster, and what it cannot read', async () => {
    const own = new BackupRig();
    const maker = new BackupMaker(own.dir, [own.key]);
    const noon = Date.UTC(2026, 5, 1, 12);
    const hoursAgo = (hours: number): number => noon - hours * 3_600_000;
    for (const hours of [0, 1, 2, 3, 30, 31]) {
      await maker.make(snapshotOf({ a: 'b' }), { cluster: 'test', takenAt: hoursAgo(hours) });
    }
    await maker.make(snapshotOf({ a: 'b' }), { cluster: 'other', takenAt: hoursAgo(900) });
    await writeFile(join(own.dir, 'broken.rhbackup'), 'nothing');
    const env = { BACKUP_CLUSTER: 'test', BACKUP_KEEP: 'hourly=2,daily=2' };
    // Of before the loss, and in an hour that has later ones.
    const before = { takenAt: hoursAgo(3) + 1, history: 'b'.repeat(40) };
    const lost = await maker.make(snapshotOf({ a: 'b' }), { cluster: 'test', ...before });
    const { lines } = await own.run(env, 'prune');
    expect(lines[0]).toMatchObject({ kept: { length: 4 }, removed: { length: 3 } });
    const { lines: listed } = await own.run(env, 'list');
    expect(listed).toHaveLength(6);
    expect(listed.map(({ path }) => path)).toContain(lost.path);
    expect(listed.filter(({ header }) => header === null)).toHaveLength(1);
    const old = ['--max-age-minutes', '99999999'];
    expect(await own.run(env, 'check', ...old)).toMatchObject({ code: 0 });
    expect(await own.run(env, 'check')).toMatchObject({ code: 1 });
    expect(await own.run({ ...env, BACKUP_CLUSTER: 'nobody' }, 'check', ...old)).toMatchObject({
      code: 1,
    });
    await own.close();
  });
});
