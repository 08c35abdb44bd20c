import { createHash } from 'node:crypto';
import { groupOfUser, idOf, isSessionId, isToken, newToken } from './session-token.js';

describe('a token', () => {
  it('has 43 characters, always, and is never given out twice', () => {
    const tokens = Array.from({ length: 2000 }, newToken);
    expect(new Set(tokens).size).toBe(tokens.length);
    expect(tokens.every((token) => token.length === 43 && isToken(token))).toBe(true);
    expect(tokens.every((token) => Buffer.from(token, 'base64url').length === 32)).toBe(true);
  });

  const good = 'A'.repeat(43);
  it.each([
    ['too short', good.slice(1)],
    ['too long', `${good}A`],
    ['empty', ''],
    ['of other characters', `${'A'.repeat(41)}+A`],
    ['with a line break', `${good}\n`],
    ['with a last character that 32 bytes cannot give', `${'A'.repeat(42)}B`],
    ['a number', 43],
    ['nothing', undefined],
    ['a list that looks like one', [good]],
  ])('is refused when it is %s', (_, token) => {
    expect(isToken(good)).toBe(true);
    expect(isToken(token)).toBe(false);
  });
});

describe('an id', () => {
  it('is the SHA-256 of the token, and no token', () => {
    const token = newToken();
    const id = idOf(token);
    expect(id).toBe(createHash('sha256').update(token, 'utf8').digest('hex'));
    expect(isSessionId(id)).toBe(true);
    expect(isToken(id)).toBe(false);
    expect(isSessionId(token)).toBe(false);
  });

  it.each(['', 'G'.repeat(64), 'A'.repeat(64), 'a'.repeat(63), 'a'.repeat(65), 64, null])(
    'is not %j',
    (value) => {
      expect(isSessionId(value)).toBe(false);
    },
  );
});

it('names the group of a user without naming the user', () => {
  const group = groupOfUser('ann@example.org');
  expect(group).toMatch(/^user:[0-9a-f]{64}$/);
  expect(groupOfUser('bob')).not.toBe(group);
  expect(Buffer.byteLength(groupOfUser('x'.repeat(1024)))).toBeLessThan(512);
});
