import { resolveOptions, type RedisHaOptions } from '../../../config/index.js';
import { fingerprintOf } from './journal-fingerprint.js';

const NODES = ['s1', 's2', 's3'];
const STANDALONE = { mode: 'standalone', host: 'redis', port: 6379 } as const;
const SENTINEL = { mode: 'sentinel', sentinel: { nodes: NODES, masterName: 'shop' } } as const;

function of(options: RedisHaOptions): string {
  return fingerprintOf(resolveOptions(options).options);
}

describe('the fingerprint of a Redis', () => {
  it.each<[string, RedisHaOptions, RedisHaOptions]>([
    ['database', STANDALONE, { ...STANDALONE, node: { db: 1 } }],
    ['key prefix', STANDALONE, { ...STANDALONE, node: { keyPrefix: 'staging:' } }],
    ['host', STANDALONE, { ...STANDALONE, host: 'other' }],
    ['port', STANDALONE, { ...STANDALONE, port: 6380 }],
    ['mode', STANDALONE, SENTINEL],
    ['group', SENTINEL, { ...SENTINEL, sentinel: { nodes: NODES, masterName: 'bank' } }],
  ])('is another for another %s', (_, one, other) => {
    expect(of(one)).not.toBe(of(other));
  });

  it.each<[string, RedisHaOptions, RedisHaOptions]>([
    ['password', STANDALONE, { ...STANDALONE, node: { username: 'u', password: 'p' } }],
    ['URL', STANDALONE, { mode: 'standalone', url: 'redis://:secret@redis:6379' }],
    [
      'list of Sentinels',
      SENTINEL,
      { ...SENTINEL, sentinel: { nodes: [...NODES, 's4'], masterName: 'shop' } },
    ],
  ])('is the same for another %s', (_, one, other) => {
    expect(of(one)).toBe(of(other));
  });
});
