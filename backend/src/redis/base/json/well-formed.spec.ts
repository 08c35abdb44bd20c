import { isWellFormed } from './well-formed.js';

describe('isWellFormed', () => {
  it('knows whole characters from halves', () => {
    expect(isWellFormed('a\u{1f600}b')).toBe(true);
    expect(isWellFormed('a\ud83d')).toBe(false);
    expect(isWellFormed('\ude00\ud83d')).toBe(false);
  });
});
