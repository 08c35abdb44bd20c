import { ConfigInvalidError } from '../base/errors/index.js';
import { KeyspaceKeys } from './keyspace-keys.js';

describe('KeyspaceKeys', () => {
  it('keeps everything of one keyspace apart', () => {
    const keys = new KeyspaceKeys('users');
    const names = [keys.entry('a'), keys.group('a'), keys.shared('a'), keys.channel];
    expect(new Set(names).size).toBe(names.length);
  });

  it('gives back the key, whatever signs are in it', () => {
    const keys = new KeyspaceKeys('users');
    for (const key of ['a', 'a:b', ':', '#', '{x}', 'é\u{1F600}']) {
      expect(keys.keyOf(keys.entry(key))).toBe(key);
    }
  });

  it('cannot be made to meet another keyspace by a key', () => {
    const short = new KeyspaceKeys('a');
    const long = new KeyspaceKeys('a.b');
    for (const key of ['.b:x', ':x', 'b:x']) expect(short.entry(key)).not.toBe(long.entry('x'));
  });

  it('puts the prefix in front of the channel only: the engine puts it in front of keys', () => {
    const keys = new KeyspaceKeys('users', 'shop:');
    expect(keys.channel).toBe('shop:users~changed');
    expect(keys.entry('a')).toBe('users:a');
  });

  it('names the database in the channel: channels are the same in all of them', () => {
    expect(new KeyspaceKeys('users', 'shop:', 3).channel).toBe('shop:users~changed@3');
    expect(new KeyspaceKeys('users', 'shop:', 0).channel).toBe('shop:users~changed');
  });

  it.each([
    ['', 0, '&*~changed'],
    ['shop:', 0, '&shop:*~changed'],
    ['shop:', 3, '&shop:*~changed@3'],
    ['a*[b]?\\', 0, '&a\\*\\[b\\]\\?\\\\*~changed'],
  ])(
    'says which right the channels take, with the prefix %p and database %p',
    (prefix, db, rule) => {
      expect(KeyspaceKeys.channelRule(prefix, db)).toBe(rule);
    },
  );

  it.each([[''], ['a:b'], ['a#b'], ['a b'], ['é'], ['x'.repeat(129)], [undefined], [3]])(
    'refuses the name %p',
    (name) => {
      expect(() => new KeyspaceKeys(name as string)).toThrow(ConfigInvalidError);
    },
  );
});
