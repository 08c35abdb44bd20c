const { wordsIn, distinctWords } = jest.requireActual<{
  wordsIn(name: string): readonly string[];
  distinctWords(names: readonly string[]): readonly string[];
}>('../../../scripts/house/words.mjs');

describe('the words in a name', () => {
  it.each([
    ['RedisHealthModule', ['redis', 'health', 'module']],
    ['nextRedisURL2', ['next', 'redis', 'url', '2']],
    ['URLParser', ['url', 'parser']],
    ['READ_COMMANDS', ['read', 'commands']],
    ['toJSON', ['to', 'json']],
    ['_', []],
  ])('of %s are its parts, in lower case', (name, words) => {
    expect(wordsIn(name)).toEqual(words);
  });

  it('count once, however they are written', () => {
    expect(distinctWords(['readKey', 'READ_KEY', 'KeyReader'])).toEqual(['key', 'read', 'reader']);
  });
});
