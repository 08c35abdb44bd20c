import { KeyRing } from '../base/crypto/index.js';
import { ConfigInvalidError, type Problem } from '../base/errors/index.js';
import { TOP, type RedisHaOptions } from './redis-options.js';
import { resolveOptions } from './resolve-options.js';

const STANDALONE = { mode: 'standalone' };

/** What JavaScript callers can write, which the types would not let through. */
function resolve(input: unknown, name?: string): ReturnType<typeof resolveOptions> {
  return resolveOptions(input as RedisHaOptions, name);
}

function problemsOf(input: unknown, name?: string): readonly Problem[] {
  try {
    resolve(input, name);
  } catch (error) {
    if (error instanceof ConfigInvalidError) return error.problems;
    throw error;
  }
  return [];
}

function fieldsOf(input: unknown): readonly string[] {
  return problemsOf(input).map(({ field }) => field);
}

describe('resolveOptions', () => {
  it('applies every default', () => {
    const { options, warnings } = resolveOptions({ mode: 'standalone' });
    expect(warnings).toEqual([]);
    expect(options).toEqual({
      mode: 'standalone',
      name: 'default',
      address: { host: '127.0.0.1', port: 6379 },
      node: TOP.defaults.node,
      routing: TOP.defaults.routing,
      pools: TOP.defaults.pools,
      fallback: TOP.defaults.fallback,
      journal: TOP.defaults.journal,
      sessions: { keys: null, plainData: 'read' },
      hotKeys: { level: 'watch', perMinute: 1000, nearMs: 1000, showKeys: 'hash' },
      near: { prefixes: [], nearMs: 60_000, maxEntries: 10_000, maxBytes: 16_777_216 },
      shutdownTimeoutMs: 2000,
    });
  });

  it('keeps what was given', () => {
    const { options } = resolveOptions(
      {
        mode: 'standalone',
        host: '[::1]',
        port: 6380,
        node: { username: 'app', password: 'pw', db: 3, keyPrefix: 'shop:', stallAfterMs: 50 },
        routing: { readPolicy: 'nearest', maxStalenessMs: 500, retryUncertain: false },
        pools: { writeSize: 1 },
        shutdownTimeoutMs: 1,
      },
      'sessions',
    );
    expect(options).toMatchObject({
      name: 'sessions',
      address: { host: '::1', port: 6380 },
      node: { username: 'app', password: 'pw', db: 3, keyPrefix: 'shop:', stallAfterMs: 50 },
      routing: { readPolicy: 'nearest', maxStalenessMs: 500, retryUncertain: false },
      pools: { writeSize: 1 },
      shutdownTimeoutMs: 1,
    });
  });

  it('treats undefined as not set, and empty credentials as none', () => {
    const { options, warnings } = resolve({
      mode: 'standalone',
      host: undefined,
      node: { username: '', password: '', db: undefined },
      routing: undefined,
    });
    expect(options.node).toMatchObject({ username: null, password: null, db: 0 });
    expect(warnings).toEqual([]);
  });

  it('resolves memory mode without an address', () => {
    const { options } = resolveOptions({ mode: 'memory' });
    expect(options.mode).toBe('memory');
    expect(options).not.toHaveProperty('address');
  });

  it('freezes all of it', () => {
    const tls = { ca: ['authority'] };
    const natMap = { 'a:1': 'b:1' };
    const nodes = ['a', 'b', 'c'];
    const { options, warnings } = resolveOptions({
      mode: 'sentinel',
      node: { tls },
      sentinel: { nodes, natMap },
    });
    if (options.mode !== 'sentinel') throw new TypeError('expected Sentinel mode');
    const parts = [options, options.node, options.node.tls, options.routing, options.pools];
    const sentinelParts = [options.sentinel, options.sentinel.nodes, options.sentinel.nodes[0]];
    for (const part of [...parts, ...sentinelParts, warnings]) {
      expect(part).toBeInstanceOf(Object);
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it('leaves the objects of the caller alone', () => {
    const authority = Buffer.from('authority');
    const input = { mode: 'standalone', node: { tls: { ca: [authority] } } } as const;
    const { options } = resolve(input);
    expect(Object.isFrozen(input.node.tls)).toBe(false);
    expect(Object.isFrozen(input.node.tls.ca)).toBe(false);
    expect(options.node.tls).toHaveProperty('ca', input.node.tls.ca);
  });

  it('lists all problems at once', () => {
    expect(
      fieldsOf({
        mode: 'standalone',
        port: 0,
        node: { db: -1, pasword: 'x' },
        routing: { readPolicy: 'any' },
        pools: { writeSize: 0 },
      }),
    ).toEqual(['port', 'node.pasword', 'node.db', 'routing.readPolicy', 'pools.writeSize']);
  });

  it('names field, value, fault and remedy in the message', () => {
    expect(() => resolve({ mode: 'standalone', port: 70_000 })).toThrow(
      'port = 70000: must be a whole number from 1 to 65535. Correct it, or leave it out for the default, 6379',
    );
  });
});

describe('a value that cannot be used', () => {
  it.each<[string, unknown, string]>([
    ['no object', undefined, 'options'],
    ['text', 'redis://h', 'options'],
    ['a list', [], 'options'],
    ['no mode', {}, 'mode'],
    ['an unknown mode', { mode: 'cluster' }, 'mode'],
    ['a group that is text', { ...STANDALONE, node: 'x' }, 'node'],
    ['a group that is null', { ...STANDALONE, routing: null }, 'routing'],
    ['a group that is a list', { ...STANDALONE, pools: [] }, 'pools'],
    ['an empty host', { ...STANDALONE, host: '' }, 'host'],
    ['a host with a port', { ...STANDALONE, host: 'a:6379' }, 'host'],
    ['a host that is a number', { ...STANDALONE, host: 7 }, 'host'],
    ['port 65536', { ...STANDALONE, port: 65_536 }, 'port'],
    ['a port that is text', { ...STANDALONE, port: '6379' }, 'port'],
    ['shutdown at once', { ...STANDALONE, shutdownTimeoutMs: 0 }, 'shutdownTimeoutMs'],
    ['a fallback without host', { mode: 'sentinel', standaloneAddress: {} }, 'standaloneAddress'],
  ])('%s', (_, input, field) => {
    expect(fieldsOf(input)).toEqual([field]);
  });

  it.each<[string, unknown]>([
    ['node.username', 7],
    ['node.username', 'two words'],
    ['node.password', 12_345],
    ['node.password', null],
    ['node.tls', 'yes'],
    ['node.tls', []],
    ['node.db', -1],
    ['node.db', 1.5],
    ['node.db', '0'],
    ['node.keyPrefix', 1],
    ['node.clientName', ''],
    ['node.clientName', 'two words'],
    ['node.connectTimeoutMs', 0],
    ['node.heartbeatIntervalMs', -1],
    ['node.heartbeatTimeoutMs', Number.NaN],
    ['node.stallAfterMs', 0.5],
    ['node.keepAliveMs', Infinity],
    ['node.keepAliveMs', 2_147_483_648],
    ['routing.readPolicy', 'master'],
    ['routing.maxStalenessMs', 0],
    ['routing.maxStalenessMs', null],
    ['routing.readTimeoutMs', '250'],
    ['routing.writeTimeoutMs', 1n],
    ['routing.maxQueuedCommands', 0],
    ['routing.maxQueuedBytes', -1],
    ['routing.retryUncertain', 'true'],
    ['pools.writeSize', 0],
    ['pools.writeSize', 1.5],
  ])('%s = %p', (path, value) => {
    const [group = '', key = ''] = path.split('.');
    expect(fieldsOf({ ...STANDALONE, [group]: { [key]: value } })).toEqual([path]);
  });

  it.each<[string, unknown]>([
    ['sentinel.masterName', ''],
    ['sentinel.masterName', 'my master'],
    ['sentinel.pollIntervalMs', 0],
    ['sentinel.fastPollIntervalMs', -1],
    ['sentinel.commandTimeoutMs', '500'],
    ['sentinel.strict', 'yes'],
    ['sentinel.resolveNames', 1],
    ['sentinel.username', 'a b'],
    ['sentinel.password', 7],
    ['sentinel.tls', 1],
    ['sentinel.natMap', 'a:1=b:1'],
    ['sentinel.natMap', { a: 'b:1' }],
  ])('%s = %p', (path, value) => {
    const sentinel = { nodes: ['a', 'b', 'c'], [path.slice('sentinel.'.length)]: value };
    expect(fieldsOf({ mode: 'sentinel', sentinel })).toEqual([path]);
  });

  it.each<[unknown]>([[''], ['two words'], [null]])('the connection name %p', (name) => {
    expect(problemsOf(STANDALONE, name as string)[0]?.field).toBe('connectionName');
  });

  it('is shown as something JSON can hold', () => {
    const values = [Number.NaN, 1n, Symbol('x'), () => 1, [1], { a: 1 }, 'x'.repeat(500)];
    for (const value of values) {
      const [problem] = problemsOf({ ...STANDALONE, port: value });
      expect(JSON.stringify(problem?.value).length).toBeLessThan(130);
    }
  });

  it('that is a number in quotes is named as the mistake', () => {
    expect(problemsOf({ ...STANDALONE, port: '6379' })[0]?.remedy).toBe(
      'Write it without quotes: 6379',
    );
  });
});

describe('an unknown key', () => {
  it.each<[string, unknown, string, string]>([
    [
      'near a sibling',
      { routing: { readTimeout: 1 } },
      'routing.readTimeout',
      'routing.readTimeoutMs',
    ],
    ['near a group', { pool: {} }, 'pool', 'pools'],
    ['of another group', { password: 'x' }, 'password', 'node.password'],
    ['of the top', { node: { host: 'x' } }, 'node.host', 'host'],
  ])('%s is refused with the option that was meant', (_, extra, field, meant) => {
    expect(problemsOf({ ...STANDALONE, ...(extra as object) })).toEqual([
      { field, value: '***', message: 'is not an option', remedy: `Did you mean ${meant}?` },
    ]);
  });

  it.each<[string, object, string]>([
    ['sentinels', { sentinels: [] }, 'Did you mean sentinel.nodes?'],
    [
      'name',
      { name: 'mymaster' },
      'Did you mean sentinel.masterName? The name of a connection belongs in the second argument: ' +
        "RedisModule.forRoot(options, { name: 'sessions' }), or beside useFactory",
    ],
    ['sentinel.name', { sentinel: { name: 'x' } }, 'Did you mean sentinel.masterName?'],
    ['username', { username: 'x' }, 'Did you mean node.username?'],
    ['db', { db: 1 }, 'Did you mean node.db?'],
    ['tls', { tls: {} }, 'Did you mean node.tls?'],
    ['keyPrefix', { keyPrefix: 'x' }, 'Did you mean node.keyPrefix?'],
    ['sentinelPassword', { sentinelPassword: 'x' }, 'Did you mean sentinel.password?'],
    ['connectTimeout', { connectTimeout: 1 }, 'Did you mean node.connectTimeoutMs?'],
  ])('of ioredis, %s, is refused with ours', (field, extra, remedy) => {
    const standaloneAddress = { host: 'redis1', port: 6379 };
    expect(problemsOf({ mode: 'sentinel', standaloneAddress, ...extra })).toMatchObject([
      { field, value: '***', remedy },
    ]);
  });

  it.each(['retryStrategy', 'maxRetriesPerRequest', 'enableOfflineQueue', 'commandTimeout'])(
    'of ioredis, %s, is answered with what bounds a command here',
    (key) => {
      const [problem] = problemsOf({ ...STANDALONE, [key]: 1 });
      expect(problem?.remedy).toContain('set routing.readTimeoutMs and routing.writeTimeoutMs');
    },
  );

  it('like no other is refused with the options there are', () => {
    expect(problemsOf({ ...STANDALONE, pools: { zzzzzz: 1 } })[0]?.remedy).toBe(
      'Remove it; known here: writeSize',
    );
  });

  it('of another mode is only warned about, so that going back needs one change', () => {
    const sentinel = { nodes: ['a', 'b', 'c'] };
    const { options, warnings } = resolve({ mode: 'standalone', sentinel });
    expect(options.mode).toBe('standalone');
    expect(warnings).toMatchObject([
      { field: 'sentinel', message: "has no effect in mode 'standalone'" },
    ]);
  });

  it('host in Sentinel mode points at standaloneAddress', () => {
    const { warnings } = resolve({
      mode: 'sentinel',
      host: 'x',
      sentinel: { nodes: ['a', 'b', 'c'] },
    });
    expect(warnings[0]?.remedy).toContain('standaloneAddress');
  });
});

describe('times that contradict each other', () => {
  it.each([
    [100, 100, ['node.stallAfterMs']],
    [101, 100, ['node.stallAfterMs']],
    [99, 100, []],
  ])('stallAfterMs %i, heartbeatTimeoutMs %i: %j', (stallAfterMs, heartbeatTimeoutMs, fields) => {
    expect(fieldsOf({ ...STANDALONE, node: { stallAfterMs, heartbeatTimeoutMs } })).toEqual(fields);
  });

  it.each([
    [200, 100, ['sentinel.fastPollIntervalMs']],
    [100, 100, []],
  ])(
    'fastPollIntervalMs %i, pollIntervalMs %i: %j',
    (fastPollIntervalMs, pollIntervalMs, fields) => {
      const sentinel = { nodes: ['a', 'b', 'c'], fastPollIntervalMs, pollIntervalMs };
      expect(fieldsOf({ mode: 'sentinel', sentinel })).toEqual(fields);
    },
  );

  it('are not compared with the default of one that was refused', () => {
    expect(
      fieldsOf({ ...STANDALONE, node: { stallAfterMs: 9_000, heartbeatTimeoutMs: 'x' } }),
    ).toEqual(['node.heartbeatTimeoutMs']);
  });
});

describe('url', () => {
  it('gives address, credentials, database and TLS', () => {
    const { options } = resolveOptions({
      mode: 'standalone',
      url: 'rediss://app:p%40ss@redis1:6380/2',
      node: { keyPrefix: 'shop:' },
    });
    expect(options).toMatchObject({
      address: { host: 'redis1', port: 6380 },
      node: { username: 'app', password: 'p@ss', db: 2, keyPrefix: 'shop:' },
    });
    expect(options.node.tls).toEqual({});
  });

  it('keeps the TLS options and credentials that only node has', () => {
    const { options } = resolveOptions({
      mode: 'standalone',
      url: 'rediss://redis1',
      node: { password: 'pw', tls: { servername: 'redis.example' } },
    });
    expect(options.node).toMatchObject({ password: 'pw', tls: { servername: 'redis.example' } });
  });

  it.each<[string, object, readonly string[]]>([
    ['host', { url: 'redis://h', host: 'h' }, ['host']],
    ['port', { url: 'redis://h', port: 6379 }, ['port']],
    ['host and port', { url: 'redis://h', host: 'h', port: 6379 }, ['host', 'port']],
    ['another password', { url: 'redis://:a@h', node: { password: 'b' } }, ['node.password']],
    ['another user', { url: 'redis://u:a@h', node: { username: 'v' } }, ['node.username']],
    ['another db', { url: 'redis://h/1', node: { db: 2 } }, ['node.db']],
    ['TLS switched off', { url: 'rediss://h', node: { tls: false } }, ['node.tls']],
    ['the same password', { url: 'redis://:a@h', node: { password: 'a' } }, []],
    ['TLS switched on', { url: 'redis://h', node: { tls: true } }, []],
  ])('together with %s', (_, extra, fields) => {
    expect(fieldsOf({ ...STANDALONE, ...extra })).toEqual(fields);
  });

  it.each<[unknown]>([['http://h'], [''], [7], [new URL('redis://:hunter2@h')]])(
    'that is %p is refused and not shown',
    (url) => {
      expect(problemsOf({ ...STANDALONE, url })).toMatchObject([{ field: 'url', value: '***' }]);
    },
  );
});

describe('a warning', () => {
  it('is given when certificates are not verified', () => {
    const { options, warnings } = resolveOptions({
      mode: 'standalone',
      node: { tls: { rejectUnauthorized: false } },
    });
    expect(options.node.tls).toHaveProperty('rejectUnauthorized', false);
    expect(warnings).toMatchObject([{ field: 'node.tls.rejectUnauthorized', value: false }]);
  });

  it('is not given for plain true, which verifies them', () => {
    const { options, warnings } = resolveOptions({ mode: 'standalone', node: { tls: true } });
    expect(options.node.tls).toEqual({});
    expect(warnings).toEqual([]);
  });

  it('is given for a password with white space around it', () => {
    const { options, warnings } = resolveOptions({
      mode: 'standalone',
      node: { password: 'pw\n' },
    });
    expect(options.node.password).toBe('pw\n');
    expect(warnings).toMatchObject([{ field: 'node.password', value: '***' }]);
  });

  it('is given for a user without a password', () => {
    const { warnings } = resolveOptions({ mode: 'standalone', node: { username: 'app' } });
    expect(warnings).toMatchObject([{ field: 'node.username', value: 'app' }]);
  });
});

describe('the journal on disk', () => {
  const base = { mode: 'standalone' } as const;
  const key = Buffer.alloc(32, 7).toString('base64');

  it('has a folder, and says so to who names a file', () => {
    const given = { ...base, journal: { file: '/var/lib/shop/journal' } } as RedisHaOptions;
    expect(() => resolveOptions(given)).toThrow(/journal\.file.*Name a folder in journal\.dir/s);
  });

  it('takes keys, a function that returns them, or a ring', () => {
    for (const keys of [[key], () => [key], KeyRing.of([key])!]) {
      const { journal } = resolveOptions({ ...base, journal: { keys } }).options;
      expect(journal.keys).toBeInstanceOf(KeyRing);
    }
    expect(resolveOptions(base).options.journal.keys).toBeNull();
  });

  it.each([
    ['no key', []],
    ['one that is too short', ['c2hvcnQ=']],
    ['a function that returns none', () => []],
    ['a promise', async () => [key]],
  ])('refuses %s, and says how to make one', (_, keys) => {
    const given = { ...base, journal: { keys } } as unknown as RedisHaOptions;
    expect(() => resolveOptions(given)).toThrow(/journal\.keys.*openssl rand -base64 32/s);
  });
});
