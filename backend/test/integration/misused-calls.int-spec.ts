import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CacheNamespace,
  type ExclusiveConnection,
  RedisCache,
  RedisKeyspaces,
  RedisModule,
  RedisService,
  SessionModule,
  SessionService,
} from '../../src/redis/index.js';
import { startRedisServer, type RedisTestServer } from '../../src/redis/testing/index.js';
import { closeApps, startApp } from '../support/apps.js';
import { expectClear, refusalOf, type Misuse } from '../support/misuse.js';

/** What a program without types may do with an answer. */
interface Answer extends Promise<unknown>, AsyncIterable<unknown> {
  get(...args: unknown[]): Answer;
  exec(): Answer;
}

/** The same methods, called with anything, as a program without types may. */
type Loose<T> = { readonly [K in keyof T]: (...args: unknown[]) => Answer };

interface Subjects {
  readonly redis: Loose<RedisService>;
  readonly cache: Loose<RedisCache>;
  readonly users: Loose<CacheNamespace>;
  readonly sessions: Loose<SessionService>;
  readonly keyspaces: Loose<RedisKeyspaces>;
}

type Row = Misuse & { readonly call: (subjects: Subjects) => unknown };

const row = (what: string, call: Row['call'], code: string, ...says: readonly RegExp[]): Row => ({
  what,
  call,
  code,
  says,
});

const aborted = AbortSignal.abort();
const circle: Record<string, unknown> = {};
circle['self'] = circle;

const NOT_TEXT = [/set argument 2 = /, /text and bytes/, /JSON\.stringify/] as const;
const TTL = [/ttlMs = /, /a whole number of milliseconds/, /60000/] as const;
const JSON_ONLY = [/JSON cannot keep/, /Store plain data/] as const;
const SESSION = [/The token belongs to no session/] as const;

async function firstOf(pages: AsyncIterable<unknown>): Promise<unknown> {
  for await (const page of pages) return page;
  return undefined;
}

const COMMANDS: readonly Row[] = [
  ...[undefined, null, {}, NaN, Symbol('x'), new Date(), [{}]].map((value) =>
    row(
      `set with ${Object.prototype.toString.call(value)}`,
      ({ redis }) => redis.set('k', value),
      'INVALID_ARGUMENT',
      ...NOT_TEXT,
    ),
  ),
  row(
    'get(undefined)',
    ({ redis }) => redis.get(undefined),
    'INVALID_ARGUMENT',
    /get argument 1 = "undefined"/,
    /Pass a string/,
  ),
  row(
    'hset with an object in an object',
    ({ redis }) => redis.hset('h', { a: { b: 1 } }),
    'INVALID_ARGUMENT',
    /hset argument/,
    /serialize objects/,
  ),
  row(
    'get without a key',
    ({ redis }) => redis.get(),
    'COMMAND_REJECTED',
    /wrong number of arguments for 'get'/,
  ),
  row(
    'set of an empty list',
    ({ redis }) => redis.set('k', []),
    'COMMAND_REJECTED',
    /wrong number of arguments for 'set'/,
  ),
  row(
    'expire with a duration as text',
    ({ redis }) => redis.expire('k', '1h'),
    'COMMAND_REJECTED',
    /not an integer/,
  ),
  row(
    'a command that does not exist',
    ({ redis }) => redis.call('nope'),
    'COMMAND_REJECTED',
    /unknown command 'nope'/,
  ),
  row(
    'call without a name',
    ({ redis }) => redis.call(),
    'INVALID_ARGUMENT',
    /the name of a command is a text/,
    /redis\.call\('GET', 'key'\)/,
  ),
  row(
    'SELECT by name',
    ({ redis }) => redis.call('SELECT', 1),
    'INVALID_ARGUMENT',
    /command = "select"/,
    /Set node\.db/,
  ),
  row(
    'SUBSCRIBE by name',
    ({ redis }) => redis.call('SUBSCRIBE', 'a'),
    'INVALID_ARGUMENT',
    /command = "subscribe"/,
    /redis\.subscribe/,
  ),
  row(
    'a wrong command in a transaction',
    ({ redis }) => redis.multi().get().exec(),
    'COMMAND_REJECTED',
    /EXECABORT/,
    /The first was: ERR wrong number of arguments for 'get'/,
  ),
  row(
    'scan with pattern',
    ({ redis }) => firstOf(redis.scanIterator({ pattern: 'x' })),
    'INVALID_ARGUMENT',
    /pattern = .*is not an option/,
    /Did you mean match\?/,
  ),
  row(
    'subscribe without a listener',
    ({ redis }) => redis.subscribe('a'),
    'INVALID_ARGUMENT',
    /listener = \(not set\): must be a function/,
    /redis\.subscribe/,
  ),
  row(
    'subscribe with two names',
    ({ redis }) => redis.subscribe('a', 'b'),
    'INVALID_ARGUMENT',
    /listener = "b"/,
    /given as a list/,
  ),
  row(
    'subscribe to a number',
    ({ redis }) => redis.subscribe(5, () => 1),
    'INVALID_ARGUMENT',
    /channels = 5/,
    /a name or a list of names/,
  ),
  row(
    'subscribe to nothing',
    ({ redis }) => redis.subscribe([], () => 1),
    'INVALID_ARGUMENT',
    /channels = \[\]/,
    /at least one/,
  ),
  row(
    'on with the name of a message',
    ({ redis }) => redis.on('message', () => 1),
    'INVALID_ARGUMENT',
    /type = "message": there is no event/,
    /redis\.subscribe\(\)/,
  ),
  row(
    'on with a misspelt event',
    ({ redis }) => redis.on('primary.redy', () => 1),
    'INVALID_ARGUMENT',
    /Did you mean primary\.ready\?/,
  ),
  row(
    'on without a listener',
    ({ redis }) => redis.on('primary.ready'),
    'INVALID_ARGUMENT',
    /listener = \(not set\)/,
    /redis\.on\(/,
  ),
  row(
    'onAny without a listener',
    ({ redis }) => redis.onAny(),
    'INVALID_ARGUMENT',
    /listener = \(not set\)/,
    /redis\.onAny\(/,
  ),
  row(
    'with a misspelt option',
    ({ redis }) => redis.with({ timeout: 5 }),
    'INVALID_ARGUMENT',
    /timeout = .*is not an option/,
    /Did you mean timeoutMs\?/,
  ),
  row(
    'with null',
    ({ redis }) => redis.with(null),
    'INVALID_ARGUMENT',
    /options = null: must be an object/,
    /redis\.with\(/,
  ),
  row(
    'with a policy of others',
    ({ redis }) => redis.with({ readPolicy: 'slave' }),
    'INVALID_ARGUMENT',
    /readPolicy = "slave"/,
    /'replica'/,
  ),
  row(
    'with a signal that is none',
    ({ redis }) => redis.with({ signal: {} }),
    'INVALID_ARGUMENT',
    /signal = .*must be an AbortSignal/,
  ),
  row(
    'with a negative deadline',
    ({ redis }) => redis.with({ timeoutMs: -1 }),
    'INVALID_ARGUMENT',
    /timeoutMs = -1/,
    /positive number of milliseconds/,
  ),
  row(
    'whenReady with text',
    ({ redis }) => redis.whenReady('5s'),
    'INVALID_ARGUMENT',
    /timeoutMs = "5s"/,
    /positive number/,
  ),
  row(
    'exclusive without work',
    ({ redis }) => redis.exclusive(),
    'INVALID_ARGUMENT',
    /work = \(not set\): must be a function/,
    /redis\.exclusive\(/,
  ),
  row(
    'exclusive with a misspelt option',
    ({ redis }) => redis.exclusive(() => Promise.resolve(1), { timeout: 5 }),
    'INVALID_ARGUMENT',
    /Did you mean timeoutMs\?/,
  ),
  row(
    'a script without Lua',
    ({ redis }) => redis.script('x'),
    'INVALID_ARGUMENT',
    /options = "\(text\)"/,
    /Write \{ lua:/,
  ),
  row(
    'a signal that has fired',
    ({ redis }) => redis.with({ signal: aborted }).get('k'),
    'COMMAND_ABORTED',
    /get was aborted by its caller/,
  ),
  row(
    'a switchover without Sentinels',
    ({ redis }) => redis.switchover({ to: '1.2.3.4:1' }),
    'SWITCHOVER_FAILED',
    /needs Sentinels; nothing was changed/,
  ),
  row(
    'a connection that is used after its work',
    async ({ redis }) => {
      let kept: Loose<ExclusiveConnection> | undefined;
      await redis.exclusive((connection: Loose<ExclusiveConnection>) => {
        kept = connection;
        return Promise.resolve();
      });
      return kept?.get('k');
    },
    'CONNECTION_LOST',
    /has ended and its connection is given back/,
    /Is an await missing/,
  ),
];

/** What programs that were written for ioredis call. */
const methodOf = (name: string, ...says: readonly RegExp[]): Row =>
  row(
    `${name}() of ioredis`,
    ({ redis }) => (redis as unknown as Record<string, () => unknown>)[name]!(),
    'INVALID_ARGUMENT',
    ...says,
  );

const CLIENTS: readonly Row[] = [
  methodOf('duplicate', /redis\.duplicate = .*RedisService is neither/, /redis\.createClient\(\)/),
  methodOf('disconnect', /redis\.disconnect/, /when the application shuts down/),
  methodOf('connect', /redis\.connect/, /redis\.whenReady\(\)/),
  methodOf('defineCommand', /redis\.defineCommand/, /redis\.script\(/),
  methodOf('once', /redis\.once/, /returns a function that removes the listener/),
  methodOf('select', /command = "select"/, /Set node\.db/),
  methodOf('quit', /command = "quit"/, /when the application shuts down/),
  methodOf('watch', /command = "watch"/, /redis\.exclusive\(\)/),
  methodOf('unsubscribe', /command = "unsubscribe"/, /on what redis\.subscribe\(\) returned/),
];

const CACHE: readonly Row[] = [
  ...[-1, 0, NaN, '60000'].map((ttlMs) =>
    row(
      `a ttlMs of ${String(ttlMs)}`,
      ({ users }) => users.set('k', 1, { ttlMs }),
      'INVALID_ARGUMENT',
      ...TTL,
    ),
  ),
  row(
    'a number for the options',
    ({ users }) => users.set('k', 1, 60),
    'INVALID_ARGUMENT',
    /options = 60/,
    /Write \{ ttlMs/,
  ),
  row(
    'ttl for ttlMs',
    ({ users }) => users.set('k', 1, { ttl: 5 }),
    'INVALID_ARGUMENT',
    /Did you mean ttlMs\?/,
  ),
  row(
    'a key that is null',
    ({ users }) => users.get(null),
    'INVALID_ARGUMENT',
    /key = "\(null\)"/,
    /Give a string/,
  ),
  row(
    'no key',
    ({ users }) => users.get(),
    'INVALID_ARGUMENT',
    /key = "\(not set\)"/,
    /Give a string/,
  ),
  row('an empty key', ({ users }) => users.get(''), 'INVALID_ARGUMENT', /must not be empty/),
  row('a number for a key', ({ users }) => users.get(5), 'INVALID_ARGUMENT', /key = "\(number\)"/),
  row(
    'a key of 2000 bytes',
    ({ users }) => users.get('x'.repeat(2000)),
    'INVALID_ARGUMENT',
    /\(2000 bytes\)/,
    /at most 1024/,
    /Use a hash/,
  ),
  row(
    'one key for several',
    ({ users }) => users.getMany('a'),
    'INVALID_ARGUMENT',
    /keys must be a list/,
    /array of strings/,
  ),
  row(
    'a tag that is no list',
    ({ users }) => users.set('k', 1, { tags: 'a' }),
    'INVALID_ARGUMENT',
    /tags must be a list/,
  ),
  ...[NaN, new Date(), circle, () => 1, 5n].map((value) =>
    row(
      `a value that is ${Object.prototype.toString.call(value)}`,
      ({ users }) => users.set('k', value),
      'VALUE_UNSERIALIZABLE',
      ...JSON_ONLY,
    ),
  ),
  row(
    'no value',
    ({ users }) => users.set('k', undefined),
    'INVALID_ARGUMENT',
    /undefined cannot be stored/,
    /Store null, or delete/,
  ),
  row(
    'a value of 2 MiB',
    ({ users }) => users.set('k', 'x'.repeat(2 << 20)),
    'VALUE_TOO_LARGE',
    /maxValueBytes, 1048576/,
    /Cache less per key, or raise/,
  ),
  row(
    'getOrSet without a loader',
    ({ users }) => users.getOrSet('k'),
    'INVALID_ARGUMENT',
    /loader = \(not set\): must be a function/,
    /cache\.getOrSet\(/,
  ),
  row(
    'a value in place of the loader',
    ({ users }) => users.getOrSet('k', 42),
    'INVALID_ARGUMENT',
    /loader = 42: must be a function/,
  ),
  row(
    'getOrSetMany without a loader',
    ({ users }) => users.getOrSetMany(['k']),
    'INVALID_ARGUMENT',
    /loader = \(not set\)/,
    /cache\.getOrSetMany\(/,
  ),
  row(
    'nothing to wrap',
    ({ users }) => users.wrap(),
    'INVALID_ARGUMENT',
    /fn = \(not set\)/,
    /cache\.wrap\(/,
  ),
  row(
    'one namespace with two lives',
    ({ cache }) => cache.namespace('users', { ttlMs: 5 }),
    'CONFIG_INVALID',
    /made with another ttlMs/,
    /Give the same options/,
  ),
  row(
    'a namespace without a name',
    ({ cache }) => cache.namespace(),
    'CONFIG_INVALID',
    /1 to 128 letters/,
    /For example: 'users'/,
  ),
  row(
    'a policy that does not exist',
    ({ keyspaces }) => keyspaces.open('x', { policy: 'read-only' }),
    'CONFIG_INVALID',
    /policy = "read-only"/,
    /'strict'/,
  ),
];

const SESSIONS: readonly Row[] = [
  row(
    'create without anything',
    ({ sessions }) => sessions.create(),
    'INVALID_ARGUMENT',
    /options = \(not set\)/,
    /userId: '17'/,
  ),
  row(
    'create without a user',
    ({ sessions }) => sessions.create({}),
    'INVALID_ARGUMENT',
    /userId = \(not set\): is missing/,
  ),
  row(
    'a number for the user',
    ({ sessions }) => sessions.create({ userId: 5, data: {} }),
    'INVALID_ARGUMENT',
    /userId = "\(number\)"/,
    /primary key as text/,
  ),
  row(
    'a Date for the data',
    ({ sessions }) => sessions.create({ userId: 'u', data: new Date() }),
    'VALUE_UNSERIALIZABLE',
    /must be plain JSON/,
  ),
  ...[null, undefined, 5, 'x', 'y'.repeat(1 << 20)].map((token) =>
    row(
      `a token that is ${String(token).slice(0, 9)}`,
      ({ sessions }) => sessions.read(token),
      'SESSION_INVALID',
      ...SESSION,
    ),
  ),
];

describe('calls that are made wrongly', () => {
  let server: RedisTestServer;
  let subjects: Subjects;

  beforeAll(async () => {
    server = await startRedisServer();
    // Whoever waits for a deadline runs into that of the test.
    const routing = { writeTimeoutMs: 60_000, readTimeoutMs: 60_000, slowReadTimeoutMs: 60_000 };
    const { app } = await startApp({
      imports: [RedisModule.forRoot({ ...server.options(), routing }), SessionModule.forRoot()],
    });
    const [redis, cache] = [app.get(RedisService), app.get(RedisCache)];
    await redis.whenReady();
    const users = cache.namespace('users', { ttlMs: 60_000 });
    const [sessions, keyspaces] = [app.get(SessionService), app.get(RedisKeyspaces)];
    subjects = { redis, cache, users, sessions, keyspaces } as unknown as Subjects;
  });
  afterAll(async () => {
    await closeApps();
    await server.stop();
  });

  it.each([...COMMANDS, ...CLIENTS, ...CACHE, ...SESSIONS].map((one) => [one.what, one] as const))(
    'are refused at once, with what to write instead: %s',
    async (_, one) => {
      expectClear(await refusalOf(() => one.call(subjects)), one, []);
    },
  );

  it('are refused at once when everything is closed', async () => {
    const { app } = await startApp({ imports: [RedisModule.forRoot(server.options())] });
    const [redis, cache] = [app.get(RedisService), app.get(RedisCache)];
    await redis.whenReady();
    await app.close();
    const closed = { what: '', code: 'CLOSED', says: [/shutting down|is closed/] };
    expectClear(await refusalOf(() => redis.get('k')), closed, []);
    expectClear(await refusalOf(() => cache.namespace('users').get('k')), closed, []);
  });
});

describe('a journal that is configured wrongly', () => {
  it.each([
    ['is a file', 'file', [/journal\.dir: "/, /cannot be used/, /Name a folder, not a file/]],
    ['cannot be made', 'file/below', [/journal\.dir: "/, /cannot be used: ENOTDIR/]],
  ])('is refused at the start, with what is wrong with its folder: it %s', async (_, dir, says) => {
    const folder = mkdtempSync(join(tmpdir(), 'redis-ha-misuse-'));
    writeFileSync(join(folder, 'file'), 'mine');
    const journal = { dir: join(folder, dir) };
    const start = (): unknown =>
      startApp({ imports: [RedisModule.forRoot({ mode: 'standalone', journal })] });
    expectClear(await refusalOf(start), { what: '', code: 'JOURNAL_FILE_FAILED', says }, []);
    await closeApps();
    rmSync(folder, { recursive: true });
  });
});
