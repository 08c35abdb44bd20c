import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigInvalidError, type Problem } from '../base/errors/index.js';
import type { Environment } from './env-values.js';
import { OPTION_TABLE } from './option-table.js';
import { optionsFromEnv, resolveFromEnv } from './options-from-env.js';
import type { ResolvedRedisOptions } from './redis-options.js';
import type { Resolution } from './resolve-options.js';

const SENTINELS = 'sentinel1:26379,sentinel2:26379,sentinel3:26379';
const NODES = [1, 2, 3].map((n) => ({ host: `sentinel${String(n)}`, port: 26379 }));
const FIRST_DIALECT = {
  REDIS_SENTINEL_ENABLED: 'true',
  REDIS_SENTINEL_MASTER_NAME: 'orders',
  REDIS_SENTINELS: SENTINELS,
};
const SECOND_DIALECT = { REDIS_SENTINEL_HOSTS: SENTINELS, REDIS_MASTER_NAME: 'orders' };

function problemsOf(env: Environment): readonly Problem[] {
  try {
    settled(env);
  } catch (error) {
    if (error instanceof ConfigInvalidError) return error.problems;
    throw error;
  }
  return [];
}

function fieldsOf(env: Environment): readonly string[] {
  return problemsOf(env).map(({ field }) => field);
}

describe('resolveFromEnv', () => {
  it('is one Redis on this machine when nothing is set', () => {
    const { options, warnings } = resolveFromEnv({});
    expect(options).toMatchObject({
      mode: 'standalone',
      name: 'default',
      address: { host: '127.0.0.1', port: 6379 },
    });
    expect(warnings).toEqual([]);
  });

  it('reads the environment of the process by default', () => {
    const before = process.env['REDIS_CLIENT_NAME'];
    process.env['REDIS_CLIENT_NAME'] = 'from-the-process';
    try {
      expect(resolveFromEnv().options.node.clientName).toBe('from-the-process');
      expect(optionsFromEnv().options.node?.clientName).toBe('from-the-process');
    } finally {
      if (before === undefined) delete process.env['REDIS_CLIENT_NAME'];
      else process.env['REDIS_CLIENT_NAME'] = before;
    }
  });

  it('reads host, port, credentials and database', () => {
    const { options } = resolveFromEnv({
      REDIS_HOST: 'redis1',
      REDIS_PORT: ' 6380 ',
      REDIS_USERNAME: 'app',
      REDIS_PASSWORD: ' p w ',
      REDIS_DB: '2',
    });
    expect(options).toMatchObject({
      address: { host: 'redis1', port: 6380 },
      node: { username: 'app', password: ' p w ', db: 2 },
    });
  });

  it('reads a URL', () => {
    const { options } = resolveFromEnv({ REDIS_URL: ' rediss://app:p%40ss@redis1:6380/2 ' });
    expect(options).toMatchObject({
      mode: 'standalone',
      address: { host: 'redis1', port: 6380 },
      node: { username: 'app', password: 'p@ss', db: 2 },
    });
    expect(options.node.tls).toEqual({});
  });

  it('treats an empty variable as not set', () => {
    const env = Object.fromEntries(
      OPTION_TABLE.flatMap((row) => row.env).map((variable) => [variable, ' ']),
    );
    expect(resolveFromEnv(env)).toEqual(resolveFromEnv({}));
  });

  it('ignores the REDIS_ variables of other software', () => {
    expect(
      resolveFromEnv({ REDIS_OM_URL: 'x', REDIS_VERSION: '7', REDIS_SESSIONS_URL: 'x' }).warnings,
    ).toEqual([]);
  });

  it.each([
    ['first', FIRST_DIALECT],
    ['second', SECOND_DIALECT],
    [
      'first, by REDIS_MODE',
      { ...FIRST_DIALECT, REDIS_SENTINEL_ENABLED: '', REDIS_MODE: 'Sentinel' },
    ],
    ['both, agreeing', { ...FIRST_DIALECT, ...SECOND_DIALECT }],
    [
      'both, in another order',
      { ...FIRST_DIALECT, REDIS_SENTINEL_HOSTS: SENTINELS.split(',').reverse().join(' , ') },
    ],
    ['mixed', { REDIS_SENTINEL_HOSTS: SENTINELS, REDIS_SENTINEL_MASTER_NAME: 'orders' }],
  ])('turns Sentinel on in the dialect: %s', (_, env) => {
    const { options, warnings } = resolveFromEnv(env);
    expect(options).toMatchObject({
      mode: 'sentinel',
      sentinel: { masterName: 'orders', nodes: NODES },
    });
    expect(warnings).toEqual([]);
  });

  it('reads the password of the Sentinels apart from that of the data nodes', () => {
    const { options } = resolveFromEnv({
      ...FIRST_DIALECT,
      REDIS_PASSWORD: 'data-pw',
      REDIS_SENTINEL_USERNAME: 'watcher',
      REDIS_SENTINEL_PASSWORD: 'sentinel-pw',
    });
    expect(options).toMatchObject({
      node: { password: 'data-pw' },
      sentinel: { username: 'watcher', password: 'sentinel-pw' },
    });
  });

  it('ignores white space and empty items in the list, and parses IPv6', () => {
    const { options } = resolveFromEnv({
      REDIS_SENTINEL_HOSTS: ' a:1 ,\n\t[2001:db8::2]:2,, 2001:db8::3 ,',
    });
    expect(options).toMatchObject({
      sentinel: {
        nodes: [
          { host: 'a', port: 1 },
          { host: '2001:db8::2', port: 2 },
          { host: '2001:db8::3', port: 26379 },
        ],
      },
    });
  });

  it.each(['REDIS_SENTINELS', 'REDIS_SENTINEL_HOSTS'])('names the bad entry of %s', (variable) => {
    const problems = problemsOf({ REDIS_MODE: 'sentinel', [variable]: 'a:1,b:port,c:3' });
    expect(problems).toMatchObject([{ field: `${variable}[1]`, value: 'b:port' }]);
  });

  it.each(['true', '1', 'yes', 'on', 'TRUE', ' On '])(
    'takes REDIS_SENTINEL_ENABLED=%j for yes',
    (yes) => {
      const { options } = resolveFromEnv({ ...FIRST_DIALECT, REDIS_SENTINEL_ENABLED: yes });
      expect(options.mode).toBe('sentinel');
    },
  );

  it.each(['false', '0', 'no', 'off', 'False'])('reads REDIS_SENTINEL_ENABLED=%j as no', (no) => {
    const { options } = resolveFromEnv({ ...SECOND_DIALECT, REDIS_SENTINEL_ENABLED: no });
    expect(options.mode).toBe('standalone');
  });

  it.each<[string, Environment, readonly string[]]>([
    ['a flag that is neither', { REDIS_SENTINEL_ENABLED: 'maybe' }, ['REDIS_SENTINEL_ENABLED']],
    ['an unknown mode', { REDIS_MODE: 'cluster' }, ['REDIS_MODE']],
    ['a port that is no number', { REDIS_PORT: 'abc' }, ['REDIS_PORT']],
    ['a port out of range', { REDIS_PORT: '70000' }, ['REDIS_PORT']],
    ['a host with a port', { REDIS_HOST: 'a:1' }, ['REDIS_HOST']],
    ['a fraction', { REDIS_ROUTING_READ_TIMEOUT_MS: '1.5' }, ['REDIS_ROUTING_READ_TIMEOUT_MS']],
    ['a unit', { REDIS_ROUTING_READ_TIMEOUT_MS: '250ms' }, ['REDIS_ROUTING_READ_TIMEOUT_MS']],
    ['a negative time', { REDIS_NODE_STALL_AFTER_MS: '-1' }, ['REDIS_NODE_STALL_AFTER_MS']],
    ['a wrong word', { REDIS_ROUTING_READ_POLICY: 'slave' }, ['REDIS_ROUTING_READ_POLICY']],
    ['a bad URL', { REDIS_URL: 'redis1:6379' }, ['REDIS_URL']],
    ['URL and host', { REDIS_URL: 'redis://a', REDIS_HOST: 'a' }, ['REDIS_HOST']],
    ['URL and port', { REDIS_URL: 'redis://a', REDIS_PORT: '6379' }, ['REDIS_PORT']],
    ['two passwords', { REDIS_URL: 'redis://:a@h', REDIS_PASSWORD: 'b' }, ['REDIS_PASSWORD']],
    ['two databases', { REDIS_URL: 'redis://h/1', REDIS_DB: '2' }, ['REDIS_DB']],
    ['a db only the URL has', { REDIS_URL: 'redis://h/99999999999' }, ['REDIS_URL']],
    ['TLS off and rediss', { REDIS_URL: 'rediss://h', REDIS_TLS: 'false' }, ['REDIS_TLS']],
    ['a NAT map without pairs', { ...FIRST_DIALECT, REDIS_NAT_MAP: 'a:1' }, ['REDIS_NAT_MAP']],
    [
      'a NAT map with a repeat',
      { ...FIRST_DIALECT, REDIS_NAT_MAP: 'a:1=b:1,a:1=c:1' },
      ['REDIS_NAT_MAP'],
    ],
    [
      'a NAT map with a bad address',
      { ...FIRST_DIALECT, REDIS_NAT_MAP: 'a:1=b:x' },
      ['REDIS_NAT_MAP'],
    ],
    [
      'too few and strict',
      { REDIS_SENTINEL_HOSTS: 'a', REDIS_SENTINEL_STRICT: '1' },
      ['REDIS_SENTINEL_HOSTS'],
    ],
    ['a bad fallback', { ...FIRST_DIALECT, REDIS_PORT: '0' }, ['REDIS_PORT']],
    [
      'all of it at once',
      { REDIS_PORT: 'x', REDIS_DB: '-1', REDIS_POOLS_WRITE_SIZE: '0' },
      ['REDIS_PORT', 'REDIS_DB', 'REDIS_POOLS_WRITE_SIZE'],
    ],
  ])('names the variables of %s', (_, env, fields) => {
    expect(fieldsOf(env)).toEqual(fields);
  });

  it('names both variables when the dialects disagree', () => {
    const problems = problemsOf({
      ...FIRST_DIALECT,
      REDIS_SENTINEL_HOSTS: 'x,y,z',
      REDIS_MASTER_NAME: 'other',
    });
    expect(problems).toMatchObject([
      {
        field: 'REDIS_SENTINEL_MASTER_NAME',
        message: expect.stringContaining('REDIS_MASTER_NAME'),
      },
      { field: 'REDIS_SENTINELS', message: expect.stringContaining('REDIS_SENTINEL_HOSTS') },
    ]);
  });

  it('maps announced addresses', () => {
    const { options } = resolveFromEnv({
      ...FIRST_DIALECT,
      REDIS_NAT_MAP: ' 172.30.0.2:6379 = 127.0.0.1:6380 , [2001:db8::1]:6379=outside ,',
    });
    if (options.mode !== 'sentinel') throw new TypeError('expected Sentinel mode');
    const { mapAddress } = options.sentinel;
    expect(mapAddress({ host: '172.30.0.2', port: 6379 })).toEqual({
      host: '127.0.0.1',
      port: 6380,
    });
    expect(mapAddress({ host: '2001:db8::1', port: 6379 })).toEqual({
      host: 'outside',
      port: 6379,
    });
  });
});

/** Finds no other Sentinels than those that are listed. */
function settled(env: Environment): Resolution {
  const resolution = resolveFromEnv(env);
  const { shortList } = resolution;
  const count = shortList?.options.sentinel.nodes.length ?? 0;
  return shortList?.tooFew({ count, detail: null }) ?? resolution;
}

describe('too few Sentinels in the environment', () => {
  it.each<[string, Environment, string]>([
    ['none', { REDIS_SENTINEL_ENABLED: 'true' }, 'REDIS_SENTINELS'],
    ['two', { REDIS_SENTINEL_ENABLED: 'true', REDIS_SENTINELS: 'a,b' }, 'REDIS_SENTINELS'],
    ['two, second dialect', { REDIS_SENTINEL_HOSTS: 'a,b' }, 'REDIS_SENTINEL_HOSTS'],
    ['an empty list', { REDIS_SENTINEL_HOSTS: ',' }, 'REDIS_SENTINEL_HOSTS'],
  ])('%s: falls back to REDIS_HOST and says which variables to set', (_, env, variable) => {
    const { options, warnings } = settled({ ...env, REDIS_HOST: 'redis1', REDIS_DB: '1' });
    expect(options).toMatchObject({
      mode: 'standalone',
      address: { host: 'redis1', port: 6379 },
      node: { db: 1 },
    });
    expect(warnings).toMatchObject([
      {
        field: variable,
        message: expect.stringContaining('WITHOUT FAILOVER against the one Redis at redis1:6379'),
        remedy: expect.stringContaining('REDIS_SENTINEL_STRICT'),
      },
    ]);
    expect(warnings[0]?.remedy).toContain(variable);
  });

  it.each<[string, Environment]>([
    ['none', { REDIS_SENTINEL_ENABLED: 'true' }],
    ['an empty list', { REDIS_SENTINEL_HOSTS: ',', REDIS_PORT: 'tcp://10.0.0.1:6379' }],
  ])('%s, and no Redis named: the warning names the default that is used', (_, env) => {
    const { options, warnings } = resolveFromEnv(env);
    expect(options).toMatchObject({
      mode: 'standalone',
      address: { host: '127.0.0.1', port: 6379 },
    });
    const loud = 'WITHOUT FAILOVER against the one Redis at 127.0.0.1:6379';
    const messages = warnings.map(({ message }) => message);
    expect(messages).toContainEqual(expect.stringContaining(loud));
  });

  it('one name that stands for all: REDIS_SENTINEL_RESOLVE_NAMES makes it enough', () => {
    const { options } = resolveFromEnv({
      REDIS_SENTINEL_HOSTS: 'redis-headless.prod.svc',
      REDIS_SENTINEL_RESOLVE_NAMES: 'true',
    });
    expect(options).toMatchObject({
      mode: 'sentinel',
      sentinel: { nodes: [{ host: 'redis-headless.prod.svc', port: 26379 }] },
    });
  });

  it('falls back to the Redis and the credentials of REDIS_URL', () => {
    const { options } = resolveFromEnv({
      REDIS_SENTINEL_ENABLED: 'true',
      REDIS_URL: 'redis://:pw@redis1:6380/1',
    });
    expect(options).toMatchObject({
      mode: 'standalone',
      address: { host: 'redis1', port: 6380 },
      node: { password: 'pw', db: 1 },
    });
  });
});

describe('going back', () => {
  const production = {
    ...FIRST_DIALECT,
    REDIS_HOST: 'redis1',
    REDIS_PASSWORD: 'pw',
    REDIS_SENTINEL_TLS: 'true',
  };

  it.each([
    ['REDIS_SENTINEL_ENABLED', 'false'],
    ['REDIS_MODE', 'standalone'],
  ])('to one Redis takes one variable: %s=%s', (variable, value) => {
    const { options, warnings } = resolveFromEnv({ ...production, [variable]: value });
    expect(options).toMatchObject({
      mode: 'standalone',
      address: { host: 'redis1', port: 6379 },
      node: { password: 'pw' },
    });
    expect(warnings).toEqual([]);
  });

  it('to memory takes one variable: REDIS_MODE=memory', () => {
    const { options, warnings } = resolveFromEnv({ ...production, REDIS_MODE: 'memory' });
    expect(options.mode).toBe('memory');
    expect(warnings).toEqual([]);
  });

  it.each(['standalone', 'memory'])('to %s works when what is left behind is broken', (mode) => {
    const broken = {
      REDIS_SENTINELS: 'a:x',
      REDIS_SENTINEL_POLL_INTERVAL_MS: 'never',
      REDIS_SENTINEL_TLS_CA_FILE: '/nowhere/ca.pem',
      REDIS_MASTER_NAME: 'another',
    };
    expect(resolveFromEnv({ ...production, ...broken, REDIS_MODE: mode }).options.mode).toBe(mode);
  });

  it('to memory works when even the address is broken', () => {
    const { options } = resolveFromEnv({
      REDIS_MODE: 'memory',
      REDIS_URL: 'nonsense',
      REDIS_PORT: 'x',
      REDIS_TLS_CA_FILE: '/nowhere/ca.pem',
    });
    expect(options.mode).toBe('memory');
  });

  it('warns when REDIS_MODE=sentinel keeps REDIS_SENTINEL_ENABLED=false from working', () => {
    const { options, warnings } = resolveFromEnv({
      ...production,
      REDIS_MODE: 'sentinel',
      REDIS_SENTINEL_ENABLED: 'false',
    });
    expect(options.mode).toBe('sentinel');
    expect(warnings).toMatchObject([{ field: 'REDIS_SENTINEL_ENABLED' }]);
  });
});

describe('a warning', () => {
  it('is given when Sentinels are listed and not switched on', () => {
    const { options, warnings } = resolveFromEnv({ REDIS_SENTINELS: SENTINELS });
    expect(options.mode).toBe('standalone');
    expect(warnings).toMatchObject([
      { field: 'REDIS_SENTINELS', message: expect.stringContaining('WITHOUT FAILOVER') },
    ]);
  });

  it.each([
    ['REDIS_ROUTING_READ_TIMEOUT', 'REDIS_ROUTING_READ_TIMEOUT_MS'],
    ['REDIS_NODE_STALL_AFTER', 'REDIS_NODE_STALL_AFTER_MS'],
    ['REDIS_POOLS_WRITESIZE', 'REDIS_POOLS_WRITE_SIZE'],
    ['REDIS_SESSION_KEYS', 'REDIS_SESSIONS_KEYS'],
    ['REDIS_SESSIONS_KEY', 'REDIS_SESSIONS_KEYS'],
    ['REDIS_SESSIONS_PLAINDATA', 'REDIS_SESSIONS_PLAIN_DATA'],
    ['REDIS_SENTINEL_PASWORD', 'REDIS_SENTINEL_PASSWORD'],
    ['REDIS_SENTINEL', 'REDIS_SENTINELS'],
    ['REDIS_SENTINELS_HOSTS', 'REDIS_SENTINEL_HOSTS'],
  ])('is given for the unknown %s, with %s', (variable, nearest) => {
    expect(resolveFromEnv({ [variable]: 'hunter2' }).warnings).toEqual([
      {
        field: variable,
        value: '***',
        message: 'is not a variable of this library',
        remedy: `Did you mean ${nearest}?`,
      },
    ]);
  });

  it('is given for a port that Kubernetes set, which is not used', () => {
    const { options, warnings } = resolveFromEnv({
      REDIS_HOST: 'redis1',
      REDIS_PORT: 'tcp://10.3.240.1:6379',
    });
    expect(options).toMatchObject({ address: { host: 'redis1', port: 6379 } });
    expect(warnings).toMatchObject([
      { field: 'REDIS_PORT', message: expect.stringContaining('Kubernetes') },
    ]);
  });

  it('is not given for what Kubernetes sets for a service named redis-sentinel', () => {
    const { warnings } = resolveFromEnv({
      REDIS_SENTINEL_SERVICE_HOST: '10.3.240.1',
      REDIS_SENTINEL_SERVICE_PORT: '26379',
      REDIS_SENTINEL_SERVICE_PORT_MAIN: '26379',
      REDIS_SENTINEL_PORT: 'tcp://10.3.240.1:26379',
      REDIS_SENTINEL_PORT_26379_TCP: 'tcp://10.3.240.1:26379',
      REDIS_SENTINEL_PORT_26379_TCP_ADDR: '10.3.240.1',
    });
    expect(warnings).toEqual([]);
  });
});

describe('a variable of an earlier version', () => {
  it('is refused, with the name of its successor: what it asked for must not be missing', () => {
    expect(() => resolveFromEnv({ REDIS_JOURNAL_FILE: '/var/lib/shop/journal' })).toThrow(
      /REDIS_JOURNAL_FILE.*Set REDIS_JOURNAL_DIR to a folder/s,
    );
  });
});

describe('every scalar option', () => {
  const STRUCTURED = ['url', 'standaloneAddress', 'sentinel.nodes', 'sentinel.natMap'];
  const READ_OTHERWISE = new Set(['mode', 'host', 'node.tls', 'sentinel.tls', ...STRUCTURED]);
  const KEYS = ['a', 'b'].map((byte) => Buffer.alloc(32, byte).toString('base64'));
  const SAMPLES: Readonly<Record<string, readonly [string, unknown]>> = {
    'routing.readPolicy': ['nearest', 'nearest'],
    'routing.retryUncertain': ['off', false],
    'sentinel.strict': ['on', true],
    'sentinel.discover': ['off', false],
    'sentinel.resolveNames': ['on', true],
    'journal.fsync': ['interval', 'interval'],
    'journal.keys': [KEYS.join(', '), KEYS],
    'sessions.keys': [KEYS.join(', '), KEYS],
    'sessions.plainData': ['refuse', 'refuse'],
    'hotKeys.level': ['on', 'on'],
    'near.prefixes': ['flag:, price:', ['flag:', 'price:']],
    'hotKeys.showKeys': ['whole', 'whole'],
    path: ['/run/redis.sock', '/run/redis.sock'],
  };
  const MOVED: Readonly<Record<string, string>> = {
    port: 'standaloneAddress.port',
    path: 'standaloneAddress.host',
  };
  // A secret that a file holds: `secret-files.spec.ts`.
  const isOfFile = (path: string, variable: string): boolean =>
    path.endsWith('keys') && variable.endsWith('_FILE');

  it.each(
    OPTION_TABLE.filter(({ path }) => !READ_OTHERWISE.has(path)).flatMap(({ path, env }) =>
      env
        .filter((variable) => !isOfFile(path, variable))
        .map((variable) => [variable, path] as const),
    ),
  )('%s sets %s', (variable, path) => {
    const expected =
      /(?:Ms|Size|Commands|Bytes|Entries|Failures|PerSecond|perMinute|db|port)$/.test(path)
        ? 7
        : 'seven';
    const [text, value] = SAMPLES[path] ?? [String(expected), expected];
    const { options, problems } = optionsFromEnv({ REDIS_MODE: 'sentinel', [variable]: text });
    expect(problems).toEqual([]);
    expect(options).toHaveProperty((MOVED[path] ?? path).split('.'), value);
  });
});

/** The TLS options of a connection that is opened now. */
async function optionsOf(
  options: ResolvedRedisOptions,
  group: 'node' | 'sentinel',
): Promise<unknown> {
  const access = group === 'node' ? options.node : options.mode === 'sentinel' && options.sentinel;
  const tls = access === false ? null : access.tls;
  return typeof tls === 'function' ? await tls() : tls;
}

describe('TLS variables', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'config-'));
    for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, name), `PEM of ${name}`);
    writeFileSync(join(folder, 'empty'), '\n');
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['REDIS_', 'node'],
    ['REDIS_SENTINEL_', 'sentinel'],
  ] as const)('%sTLS… describe the transport of %s', async (prefix, group) => {
    const { options, warnings } = resolveFromEnv({
      ...FIRST_DIALECT,
      [`${prefix}TLS_CA_FILE`]: join(folder, 'ca'),
      [`${prefix}TLS_CERT_FILE`]: join(folder, 'cert'),
      [`${prefix}TLS_KEY_FILE`]: join(folder, 'key'),
      [`${prefix}TLS_SERVERNAME`]: 'redis.example',
    });
    expect(warnings).toEqual([]);
    expect(await optionsOf(options, group)).toEqual({
      ca: 'PEM of ca',
      cert: 'PEM of cert',
      key: 'PEM of key',
      servername: 'redis.example',
    });
    const other = group === 'node' ? 'sentinel' : 'node';
    expect(options).toHaveProperty([other, 'tls'], null);
  });

  it('TLS files are read again at each connection, and the last good ones hold while one is replaced', async () => {
    const file = join(folder, 'changing');
    writeFileSync(file, 'PEM of today');
    const { options } = resolveFromEnv({ REDIS_TLS_CA_FILE: file });
    expect(await optionsOf(options, 'node')).toEqual({ ca: 'PEM of today' });
    writeFileSync(file, '');
    expect(await optionsOf(options, 'node')).toEqual({ ca: 'PEM of today' });
    writeFileSync(file, 'PEM of tomorrow');
    expect(await optionsOf(options, 'node')).toEqual({ ca: 'PEM of tomorrow' });
  });

  it.each<[string, string, object | null]>([
    ['true alone', 'true', {}],
    ['false', 'false', null],
  ])('REDIS_TLS=%s', (_, text, tls) => {
    expect(resolveFromEnv({ REDIS_TLS: text }).options.node.tls).toEqual(tls);
  });

  it('REDIS_TLS=false wins over files', () => {
    const { options } = resolveFromEnv({
      REDIS_TLS: 'no',
      REDIS_TLS_CA_FILE: join(folder, 'ca'),
    });
    expect(options.node.tls).toBeNull();
  });

  it.each<[string, () => Environment, string]>([
    ['a file that is not there', () => ({ REDIS_TLS_CA_FILE: join(folder, 'none') }), 'ENOENT'],
    ['a folder', () => ({ REDIS_TLS_CA_FILE: folder }), 'EISDIR'],
    ['an empty file', () => ({ REDIS_TLS_CA_FILE: join(folder, 'empty') }), 'empty file'],
    ['a flag that is neither', () => ({ REDIS_TLS: 'tls' }), 'must be true or false'],
  ])('report %s', (_, env, message) => {
    const problems = problemsOf(env());
    expect(problems).toMatchObject([{ message: expect.stringContaining(message) }]);
  });

  it.each([
    ['REDIS_TLS_CERT_FILE', 'cert', 'REDIS_TLS_KEY_FILE'],
    ['REDIS_TLS_KEY_FILE', 'key', 'REDIS_TLS_CERT_FILE'],
  ])('report %s without its partner', (variable, name, partner) => {
    expect(problemsOf({ [variable]: join(folder, name) })).toMatchObject([
      { field: partner, message: `is missing while ${variable} is set` },
    ]);
  });
});

describe('optionsFromEnv', () => {
  it('never throws: it hands over what it read and what it could not', () => {
    const { options, problems } = optionsFromEnv({ REDIS_HOST: 'redis1', REDIS_PORT: 'x' });
    expect(options).toEqual({ mode: 'standalone', host: 'redis1' });
    expect(problems).toMatchObject([{ field: 'REDIS_PORT', value: 'x' }]);
  });
});
