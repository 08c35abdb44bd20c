import { inspect } from 'node:util';
import { KeyRing } from '../base/crypto/index.js';
import type { RedisHaOptions } from './redis-options.js';
import { redactOptions } from './redact-options.js';
import { resolveOptions } from './resolve-options.js';

function redact(input: RedisHaOptions): unknown {
  return redactOptions(resolveOptions(input).options);
}

describe('redactOptions', () => {
  it('shows everything but passwords and TLS material', () => {
    const nodes = ['a', 'b', 'c'];
    const shown = redact({
      mode: 'sentinel',
      node: {
        username: 'app',
        password: 'pw',
        tls: { servername: 'redis.example', minVersion: 'TLSv1.3', ca: 'x', key: 'y' },
      },
      sentinel: { nodes, natMap: {}, tls: true },
    });
    expect(shown).toMatchObject({
      mode: 'sentinel',
      name: 'default',
      node: {
        username: 'app',
        password: '***',
        tls: { servername: 'redis.example', minVersion: 'TLSv1.3', ca: '***', key: '***' },
        db: 0,
      },
      sentinel: {
        nodes: nodes.map((host) => ({ host, port: 26379 })),
        password: null,
        mapAddress: true,
      },
      routing: { readTimeoutMs: 250 },
    });
    expect(shown).toHaveProperty('sentinel.tls', {});
  });

  it('names the keys of encryption by their ids, and shows none', () => {
    const keys = ['a', 'b'].map((letter) => Buffer.alloc(32, letter).toString('base64'));
    const options = {
      mode: 'memory',
      sessions: { keys },
      journal: { keys: keys.slice(1) },
    } as const;
    const ids = KeyRing.of(keys)?.ids ?? [];
    expect(redact(options)).toMatchObject({
      sessions: { keys: ids, plainData: 'read' },
      journal: { keys: ids.slice(1) },
    });
    const everything =
      JSON.stringify(redact(options)) + inspect(resolveOptions(options), { depth: 9 });
    for (const key of keys) expect(everything).not.toContain(key.slice(0, 12));
  });

  it('says when no addresses are mapped', () => {
    expect(redact({ mode: 'sentinel', sentinel: { nodes: ['a', 'b', 'c'] } })).toMatchObject({
      sentinel: { mapAddress: false },
    });
  });

  it.each<[string, RedisHaOptions]>([
    ['standalone', { mode: 'standalone', node: { tls: true, password: 'pw' } }],
    [
      'sentinel',
      { mode: 'sentinel', sentinel: { nodes: ['a', 'b', 'c'], natMap: () => undefined } },
    ],
    ['memory', { mode: 'memory' }],
  ])('survives JSON unchanged in mode %s', (_, input) => {
    const redacted = redact(input);
    expect(JSON.parse(JSON.stringify(redacted))).toEqual(redacted);
  });

  it('is what resolved options print as', () => {
    const { options } = resolveOptions({ mode: 'standalone', node: { password: 'pw' } });
    expect(JSON.parse(JSON.stringify(options))).toEqual(redactOptions(options));
    expect(inspect(options)).toBe(inspect(redactOptions(options)));
    expect(Object.keys(options.node)).not.toContain('toJSON');
  });
});
