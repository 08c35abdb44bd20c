import {
  checkCount,
  checkHolder,
  checkKey,
  checkKeys,
  checkLife,
  checkTag,
  checkTags,
  checkValue,
} from './cache-keys.js';

const refused = (field: string, remedy: unknown = expect.any(String)): Error =>
  expect.objectContaining({
    code: 'INVALID_ARGUMENT',
    details: { problem: expect.objectContaining({ field, remedy }) },
  }) as Error;

describe('keys', () => {
  it.each(['k', 'a:b {c} d', 'k'.repeat(1024), 'ä'.repeat(512), '\u{1f600}'.repeat(256), '\0'])(
    'may be any text up to 1024 bytes',
    (key) => {
      expect(() => checkKey(key)).not.toThrow();
    },
  );

  it.each<[string, unknown]>([
    ['empty', ''],
    ['too long', 'k'.repeat(1025)],
    ['too long in bytes', 'ä'.repeat(513)],
    ['no text', 5],
    ['missing', undefined],
    ['half a character', 'a\ud83d'],
    ['the other half', '\ude00a'],
  ])('are refused when they are %s', (_, key) => {
    expect(() => checkKey(key)).toThrow(refused('key'));
  });

  it('do not appear in the error', () => {
    for (const key of [`secret${'x'.repeat(2000)}`, 'secret\ud83d']) {
      expect(() => checkKey(key)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('secret') }),
      );
    }
  });

  it('come in lists', () => {
    expect(() => checkKeys(['a', 'b'])).not.toThrow();
    expect(() => checkKeys('ab')).toThrow(refused('keys'));
    expect(() => checkKeys(['a', ''])).toThrow(refused('key'));
  });
});

describe('tags', () => {
  it('are taken once each', () => {
    expect(checkTags(['a', 'b', 'a'])).toEqual(['a', 'b']);
    expect(checkTags(Array.from({ length: 40 }, (_, i) => `t${String(i % 32)}`))).toHaveLength(32);
  });

  it('are refused beyond what an entry can hold', () => {
    expect(() => checkTags(Array.from({ length: 33 }, (_, i) => `t${String(i)}`))).toThrow(
      refused('tags', 'Use fewer, broader tags'),
    );
    expect(() => checkTags(new Set(['a']))).toThrow(refused('tags'));
    expect(() => checkTags(undefined)).toThrow(refused('tags'));
  });

  it.each(['', 'x'.repeat(513), 'ä'.repeat(257), 5, null, '\ud83d'])(
    'are refused when one is %p',
    (tag) => {
      expect(() => checkTag(tag)).toThrow(refused('tag'));
      expect(() => checkTags(['fine', tag])).toThrow(refused('tag'));
    },
  );

  it('may have 512 bytes', () => {
    expect(() => checkTag('x'.repeat(512))).not.toThrow();
  });
});

describe('other arguments', () => {
  it('are refused when they cannot be used', () => {
    expect(() => checkValue(undefined)).toThrow(refused('value', 'Store null, or delete the key'));
    for (const by of [1.5, NaN, '1', 2 ** 53]) expect(() => checkCount(by)).toThrow(refused('by'));
    for (const holder of ['', 5, 'x'.repeat(1025), 'a\ud800']) {
      expect(() => checkHolder(holder)).toThrow(refused('holder'));
    }
    for (const ttl of [0, -1, 1.5, '1', undefined]) {
      expect(() => checkLife(ttl, true)).toThrow(refused('ttlMs'));
    }
    expect(() => checkLife(null, false)).toThrow(refused('ttlMs'));
  });

  it('are let pass when they can', () => {
    for (const value of [null, 0, '', false]) expect(() => checkValue(value)).not.toThrow();
    expect(() => checkCount(-1)).not.toThrow();
    expect(() => checkHolder('x'.repeat(1024))).not.toThrow();
    expect(() => checkLife(1, false)).not.toThrow();
    expect(() => checkLife(null, true)).not.toThrow();
  });
});
