import { inspect } from 'node:util';
import { ConfigInvalidError } from '../base/errors/index.js';
import type { Environment } from './env-values.js';
import { optionsFromEnv, resolveFromEnv } from './options-from-env.js';
import { redactOptions } from './redact-options.js';
import type { RedisHaOptions } from './redis-options.js';
import { resolveOptions, type Resolution } from './resolve-options.js';

const SECRET = 'hunter2';
// Of 32 bytes, in base64.
const KEY = `${'A'.repeat(20)}${SECRET}${'A'.repeat(16)}=`;
const PEM = `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----`;
const THREE = ['a', 'b', 'c'];
const TLS = {
  key: SECRET,
  cert: Buffer.from(SECRET),
  pfx: [{ buf: SECRET, passphrase: SECRET }],
  passphrase: SECRET,
  ca: [SECRET],
  pskCallback: () => null,
  rejectUnauthorized: false,
};

/** Everything a program could print about what came out. */
function outputOf(run: () => Resolution): string {
  try {
    const { options, warnings } = run();
    const parts: unknown[] = [options, warnings, redactOptions(options), options.node];
    parts.push(options.node.tls, { nested: { deeply: { options } } });
    if (options.mode === 'sentinel') parts.push(options.sentinel, options.sentinel.tls);
    return parts.map(print).join('\n');
  } catch (error) {
    if (!(error instanceof ConfigInvalidError)) throw error;
    const { message, stack, details, problems, cause } = error;
    return [error, message, stack, details, problems, cause].map(print).join('\n');
  }
}

function print(value: unknown): string {
  const deep = inspect(value, { depth: Infinity, showHidden: true, maxStringLength: Infinity });
  return `${deep}\n${inspect(value)}\n${JSON.stringify(value)}\n${String(value)}`;
}

describe('a secret in the options never comes out', () => {
  it.each<[string, unknown]>([
    ['node.password', { mode: 'standalone', node: { password: SECRET } }],
    ['a password with a line break', { mode: 'standalone', node: { password: `${SECRET}\n` } }],
    ['a password that is no text', { mode: 'standalone', node: { password: [SECRET] } }],
    ['a mistyped password', { mode: 'standalone', node: { pasword: SECRET } }],
    ['a password at the top', { mode: 'standalone', password: SECRET }],
    ['node.tls', { mode: 'standalone', node: { tls: TLS } }],
    ['node.tls that is text', { mode: 'standalone', node: { tls: PEM } }],
    ['node that is a URL', { mode: 'standalone', node: `redis://:${SECRET}@h` }],
    ['a key of the journal that is none', { mode: 'standalone', journal: { keys: [SECRET] } }],
    ['journal.keys that is text', { mode: 'standalone', journal: { keys: SECRET } }],
    ['good keys of the journal', { mode: 'standalone', journal: { keys: [KEY] } }],
    ['good keys of sessions', { mode: 'standalone', sessions: { keys: [KEY] } }],
    ['keys of sessions from a function', { mode: 'memory', sessions: { keys: () => [KEY] } }],
    ['a key of sessions that is none', { mode: 'standalone', sessions: { keys: [KEY, SECRET] } }],
    ['sessions.keys that is text', { mode: 'standalone', sessions: { keys: KEY } }],
    ['sessions that are a key', { mode: 'standalone', sessions: KEY }],
    [
      'a key for sessions.plainData',
      { mode: 'standalone', sessions: { plainData: `x@${SECRET}` } },
    ],
    ['a mistyped sessions.keys', { mode: 'standalone', sessions: { key: KEY } }],
    [
      'a function for journal.keys that returns none',
      { mode: 'standalone', journal: { keys: () => [SECRET] } },
    ],
    [
      'a function for journal.keys that throws',
      {
        mode: 'standalone',
        journal: {
          keys: () => {
            throw new TypeError(SECRET);
          },
        },
      },
    ],
    ['options that are a URL', `redis://:${SECRET}@h`],
    ['a mode that is a URL', { mode: `redis://:${SECRET}@h` }],
    ['a host that is a URL', { mode: 'standalone', host: `redis://:${SECRET}@h` }],
    ['a host with credentials', { mode: 'standalone', host: `user:${SECRET}@h` }],
    ['a good URL', { mode: 'standalone', url: `redis://:${SECRET}@h` }],
    ['a URL object', { mode: 'standalone', url: new URL(`redis://:${SECRET}@h`) }],
    ['a URL of another kind', { mode: 'standalone', url: `http://:${SECRET}@h` }],
    ['a URL whose password is its user', { mode: 'standalone', url: `redis://${SECRET}@h` }],
    ['a URL with a raw slash', { mode: 'standalone', url: `redis://:1/${SECRET}@h` }],
    ['a URL with user and raw slash', { mode: 'standalone', url: `redis://u:1/${SECRET}@h` }],
    ['a URL with a raw hash', { mode: 'standalone', url: `redis://u:1#${SECRET}@h` }],
    ['a URL with a raw percent', { mode: 'standalone', url: `redis://:%${SECRET}@h` }],
    ['a URL with a query', { mode: 'standalone', url: `redis://h?password=${SECRET}` }],
    ['a URL without a scheme', { mode: 'standalone', url: SECRET }],
    ['url in another mode', { mode: 'memory', url: `redis://:${SECRET}@h` }],
    [
      'url and node.password',
      { mode: 'standalone', url: `redis://:${SECRET}@h`, node: { password: `${SECRET}2` } },
    ],
    [
      'sentinel.password and sentinel.tls',
      { mode: 'sentinel', sentinel: { nodes: THREE, password: SECRET, tls: TLS } },
    ],
    ['sentinel in another mode', { mode: 'standalone', sentinel: { password: SECRET } }],
    ['the fallback', { mode: 'sentinel', node: { password: SECRET }, sentinel: { nodes: [] } }],
    ['a Sentinel as a URL', { mode: 'sentinel', sentinel: { nodes: [`redis://:${SECRET}@h:1`] } }],
    ['a Sentinel with credentials', { mode: 'sentinel', sentinel: { nodes: [`u:${SECRET}@h:1`] } }],
    [
      'a password with a comma, spread over the list',
      { mode: 'sentinel', sentinel: { nodes: [`u:${SECRET}`, `${SECRET}@h:1`] } },
    ],
    [
      'a Sentinel object with a password',
      { mode: 'sentinel', sentinel: { nodes: [{ host: 'a', port: 1, password: SECRET }] } },
    ],
    ['nodes that are text', { mode: 'sentinel', sentinel: { nodes: `u:${SECRET}@h` } }],
    ['a fallback as a URL', { mode: 'sentinel', standaloneAddress: `redis://:${SECRET}@h` }],
    [
      'a NAT key',
      { mode: 'sentinel', sentinel: { nodes: THREE, natMap: { [`u:${SECRET}@h`]: 'a' } } },
    ],
    [
      'a NAT target',
      { mode: 'sentinel', sentinel: { nodes: THREE, natMap: { 'a:1': `u:${SECRET}@h` } } },
    ],
  ])('%s', (_, input) => {
    expect(outputOf(() => resolveOptions(input as RedisHaOptions))).not.toContain(SECRET);
  });
});

describe('a secret in the environment never comes out', () => {
  it.each<[string, Environment]>([
    ['REDIS_PASSWORD', { REDIS_PASSWORD: SECRET }],
    ['REDIS_SESSIONS_KEYS', { REDIS_SESSIONS_KEYS: KEY }],
    ['a broken REDIS_SESSIONS_KEYS', { REDIS_SESSIONS_KEYS: `${KEY},${SECRET}` }],
    ['a mistyped REDIS_SESSIONS_KEYS', { REDIS_SESSIONS_KEY: KEY }],
    ['REDIS_PASSWORD beside a problem', { REDIS_PASSWORD: SECRET, REDIS_PORT: 'x' }],
    ['REDIS_URL', { REDIS_URL: `redis://:${SECRET}@h` }],
    ['a broken REDIS_URL', { REDIS_URL: `redis://:${SECRET}@h:port` }],
    ['REDIS_URL with another password', { REDIS_URL: `redis://:${SECRET}@h`, REDIS_PASSWORD: 'x' }],
    ['REDIS_URL in Sentinel mode', { REDIS_MODE: 'sentinel', REDIS_URL: `redis://:${SECRET}@h` }],
    ['a URL in REDIS_HOST', { REDIS_HOST: `redis://:${SECRET}@h` }],
    ['a URL in REDIS_PORT', { REDIS_PORT: `tcp://u:${SECRET}@h:1` }],
    [
      'a URL in REDIS_SENTINELS',
      { REDIS_SENTINEL_ENABLED: '1', REDIS_SENTINELS: `redis://:${SECRET},${SECRET}@h` },
    ],
    [
      'two lists with credentials',
      {
        REDIS_SENTINELS: `redis://:${SECRET},${SECRET}@h`,
        REDIS_SENTINEL_HOSTS: `u:${SECRET}@h`,
      },
    ],
    ['REDIS_SENTINEL_PASSWORD', { REDIS_SENTINEL_HOSTS: 'a,b,c', REDIS_SENTINEL_PASSWORD: SECRET }],
    ['a mistyped variable', { REDIS_SENTINEL_PASSWRD: SECRET }],
    ['a key instead of its file', { REDIS_TLS_KEY_FILE: PEM, REDIS_TLS_CERT_FILE: PEM }],
    ['REDIS_NAT_MAP', { REDIS_SENTINEL_HOSTS: 'a,b,c', REDIS_NAT_MAP: `u:${SECRET}@h` }],
  ])('%s', (_, env) => {
    expect(outputOf(() => resolveFromEnv(env))).not.toContain(SECRET);
    const { problems, warnings } = optionsFromEnv(env);
    expect(print({ problems, warnings })).not.toContain(SECRET);
  });
});
