import { Injectable, Module } from '@nestjs/common';
import { RedisHealthModule } from '../health/index.js';
import { RedisMetricsModule } from '../metrics/index.js';
import { InjectRedis, RedisModule, RedisService, SessionModule } from '../index.js';
import { closeApps, startApp } from '../../../test/support/apps.js';
import { expectClear, refusalOf, type Misuse } from '../../../test/support/misuse.js';

type Imports = Parameters<typeof startApp>[0]['imports'];
type Row = Misuse & { readonly imports: () => NonNullable<Imports> };

const SECRET = 'planted-S3cret';
const MEMORY = { mode: 'memory' } as const;

const configured = (what: string, options: unknown, ...says: readonly RegExp[]): Row => ({
  what,
  code: 'CONFIG_INVALID',
  says,
  imports: () => [RedisModule.forRoot(options as never)],
});
const registered = (what: string, imports: Row['imports'], ...says: readonly RegExp[]): Row => ({
  what,
  code: 'CONFIG_INVALID',
  says,
  imports,
});

const ROWS: readonly Row[] = [
  configured(
    'two Sentinels',
    { mode: 'sentinel', sentinel: { nodes: ['127.0.0.1:1', '127.0.0.1:2'] } },
    /sentinel\.nodes = "127\.0\.0\.1:1, 127\.0\.0\.1:2"/,
    /needs 3 or more Sentinels and has 2/,
    /List three or more/,
  ),
  configured(
    'a port that is too large',
    { mode: 'standalone', port: 70_000 },
    /port = 70000/,
    /from 1 to 65535/,
    /default, 6379/,
  ),
  configured(
    'a port in quotes',
    { mode: 'standalone', port: '6379' },
    /port = "6379"/,
    /Write it without quotes: 6379/,
  ),
  configured(
    'a Sentinel with a wrong port',
    { mode: 'sentinel', sentinel: { nodes: ['a:26379x', 'b:1', 'c:1'] } },
    /sentinel\.nodes\[0\] = "a:26379x"/,
    /port that is not a number/,
    /Write host:port/,
  ),
  configured(
    'name for masterName',
    { mode: 'sentinel', sentinel: { name: 'x', nodes: ['a:1', 'b:1', 'c:1'] } },
    /sentinel\.name = /,
    /Did you mean sentinel\.masterName\?/,
  ),
  configured(
    'the options of ioredis for one node',
    { host: 'a', password: SECRET, maxRetriesPerRequest: null, retryStrategy: () => 1 },
    /4 problems/,
    /Did you mean node\.password\?/,
    /routing\.writeTimeoutMs/,
    /mode = \(not set\)/,
  ),
  configured(
    'the options of ioredis for Sentinels',
    { sentinels: [], name: 'x' },
    /Did you mean sentinel\.nodes\?/,
    /Did you mean sentinel\.masterName\?/,
  ),
  configured(
    'a URL for the options',
    `redis://:${SECRET}@h:1`,
    /options = "\(text\)": must be an object/,
    /url: …/,
  ),
  configured(
    'the name of the connection among the options',
    { mode: 'standalone', name: 'jobs' },
    /name = "\*\*\*"/,
    /second argument: RedisModule\.forRoot\(options, \{ name: 'sessions' \}\)/,
  ),
  configured(
    'the options of the cache among those of Redis',
    { mode: 'standalone', cache: { ttlMs: 5 } },
    /cache = "\*\*\*"/,
    /second argument: RedisModule\.forRoot\(options, \{ cache: … \}\)/,
  ),
  configured(
    'the options of other modules for Nest',
    { type: 'single', config: { host: 'a' } },
    /type = .*Did you mean mode\?/,
    /config = .*Give what is in it without it/,
  ),
  configured(
    'a promise of the options',
    Promise.resolve({ mode: 'standalone' }),
    /options = "\(a promise\)": must be an object/,
    /forRootAsync\(\{ useFactory: \(\) => … \}\)/,
  ),
  configured(
    'true for a group of options',
    { ...MEMORY, hotKeys: true },
    /Give hotKeys an object with some of level, perMinute/,
  ),
  configured('null for the options', null, /options = null: must be an object/),
  configured('a list for the options', [], /options = "\(a list\)": must be an object/),
  configured(
    'a mode that does not exist',
    { mode: 'cluster' },
    /mode = "cluster"/,
    /'sentinel' for production/,
  ),
  configured(
    'Sentinels as text',
    { mode: 'sentinel', sentinel: { nodes: 'a,b,c' } },
    /sentinel\.nodes = .*must be a list/,
    /\['sentinel1:26379'/,
  ),
  configured(
    'a sign in the password of a URL',
    { mode: 'standalone', url: `redis://:${SECRET}#@h:1` },
    /url = "\*\*\*"/,
    /percent-encode/,
  ),
  configured(
    'two passwords that differ',
    { mode: 'standalone', url: `redis://:${SECRET}@h:1`, node: { password: `${SECRET}2` } },
    /node\.password = "\*\*\*": differs/,
    /Keep it in one place/,
  ),
  registered(
    'two connections of one name',
    () => [RedisModule.forRoot(MEMORY), RedisModule.forRoot(MEMORY)],
    /register\.name = "default": two calls/,
    /use another name/,
  ),
  registered(
    'a second one by a factory',
    () => [RedisModule.forRoot(MEMORY), RedisModule.forRootAsync({ useFactory: () => MEMORY })],
    /register\.name = "default": two calls/,
  ),
  registered(
    'a name in place of the registration',
    () => [RedisModule.forRoot(MEMORY, 'sessions' as never)],
    /register = "\(text\)"/,
    /\{ name: 'sessions' \}/,
  ),
  registered(
    'a misspelt registration',
    () => [RedisModule.forRoot(MEMORY, { nam: 'x' } as never)],
    /register\.nam/,
    /Did you mean register\.name\?/,
  ),
  registered(
    'a factory that returns nothing',
    () => [RedisModule.forRootAsync({ useFactory: () => undefined as never })],
    /options = \(not set\): must be an object/,
  ),
  registered(
    'a factory that returns no mode',
    () => [RedisModule.forRootAsync({ useFactory: () => ({}) as never })],
    /mode = \(not set\)/,
    /Set mode to/,
  ),
  registered(
    'no factory',
    () => [RedisModule.forRootAsync({} as never)],
    /register\.useFactory = \(not set\)/,
    /For example: useFactory/,
  ),
  registered(
    'a class that makes no options',
    () => [RedisModule.forRootAsync({ useClass: Object as never })],
    /register\.useClass/,
    /no method createRedisOptions/,
  ),
  registered(
    'sessions without a connection',
    () => [SessionModule.forRoot()],
    /sessions\.connection = "default": no connection of this name/,
    /RedisModule\.forRoot/,
  ),
  registered(
    'sessions of another connection',
    () => [RedisModule.forRoot(MEMORY), SessionModule.forRoot({ connection: 'nope' })],
    /sessions\.connection = "nope"/,
    /RedisModule\.forRoot/,
  ),
  registered(
    'health without a connection',
    () => [RedisHealthModule.forRoot()],
    /health\.name = "default": no connection of this name/,
    /RedisModule\.forRoot/,
  ),
  registered(
    'metrics of another connection',
    () => [RedisModule.forRoot(MEMORY), RedisMetricsModule.forRoot({ name: 'nope', path: false })],
    /metrics\.name = "nope": no connection of this name/,
    /RedisModule\.forRoot/,
  ),
  registered(
    'sessions of two lengths for every module',
    () => [
      RedisModule.forRoot(MEMORY),
      SessionModule.forRoot({ idleMs: 5_000 }),
      SessionModule.forRoot({ idleMs: 6_000 }),
    ],
    /sessions\.isGlobal = true: two calls of SessionModule\.forRoot or forRootAsync/,
    /Register it once/,
  ),
  registered(
    'sessions without a call of forRoot',
    () => [RedisModule.forRoot(MEMORY), SessionModule],
    /imports = "SessionModule": is imported without a call of forRoot/,
    /Write imports: \[SessionModule\.forRoot\(\)\]/,
  ),
  registered(
    'health without one',
    () => [RedisModule.forRoot(MEMORY), RedisHealthModule],
    /imports = "RedisHealthModule"/,
  ),
  registered(
    'metrics without one',
    () => [RedisModule.forRoot(MEMORY), RedisMetricsModule],
    /imports = "RedisMetricsModule"/,
  ),
  registered('a connection without one', () => [RedisModule], /imports = "RedisModule"/),
  registered(
    'a time to live of sessions',
    () => [RedisModule.forRoot(MEMORY), SessionModule.forRoot({ ttl: 3_600 } as never)],
    /sessions\.ttl = /,
    /Write idleMs, how long a session may be unused, and absoluteMs/,
  ),
  registered(
    'a misspelt option of sessions',
    () => [RedisModule.forRoot(MEMORY), SessionModule.forRoot({ idleMS: 5 } as never)],
    /sessions\.idleMS/,
    /Did you mean sessions\.idleMs\?/,
  ),
];

afterEach(closeApps);

describe('modules that are configured wrongly', () => {
  it.each(ROWS.map((row) => [row.what, row] as const))(
    'do not start, and every problem is named with its remedy: %s',
    async (_, row) => {
      const refusal = await refusalOf(() => startApp({ imports: row.imports() }));
      expectClear(refusal, row, [SECRET]);
    },
  );

  it('start where other sessions stand beside those of every module', async () => {
    const own = SessionModule.forRoot({ keyspace: 'admins', isGlobal: false });
    const imports = [RedisModule.forRoot(MEMORY), SessionModule.forRoot(), own];
    const { app } = await startApp({ imports });
    expect(app.get(RedisService).name).toBe('default');
  });

  it('start where the class is imported once more, beside what forRoot returned', async () => {
    @Module({ imports: [RedisModule, SessionModule] })
    class Feature {}
    const imports = [RedisModule.forRoot(MEMORY), SessionModule.forRoot(), Feature];
    const { app } = await startApp({ imports });
    expect(app.get(RedisService).name).toBe('default');
  });

  it('start in any order', async () => {
    const { app } = await startApp({
      imports: [SessionModule.forRoot(), RedisModule.forRoot(MEMORY)],
    });
    expect(app.get(RedisService).name).toBe('default');
  });

  it('pass on the error of a factory as it is', async () => {
    const own = new Error('the vault is sealed');
    const useFactory = (): never => {
      throw own;
    };
    const imports = (): NonNullable<Imports> => [RedisModule.forRootAsync({ useFactory })];
    expect(await refusalOf(() => startApp({ imports: imports() }))).toBe(own);
  });

  it.each([
    [
      'a name that is not registered',
      'jobs',
      /RedisService of RedisModule\.forRoot\(options, \{ name: 'jobs' \}\)/,
    ],
    ['the default one without the module', undefined, /argument RedisService at index \[0\]/],
  ])('have their connection named when it is injected and missing: %s', async (_, name, sign) => {
    @Injectable()
    class Consumer {
      constructor(@InjectRedis(name) readonly redis: RedisService) {}
    }
    const imports = name === undefined ? [] : [RedisModule.forRoot(MEMORY)];
    const refusal = await refusalOf(() => startApp({ imports, providers: [Consumer] }));
    expect(String(refusal)).toMatch(sign);
  });
});
