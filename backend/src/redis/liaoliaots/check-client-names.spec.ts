import { ConfigInvalidError } from '../base/errors/index.js';
import { checkClientNames } from './check-client-names.js';

function problemsOf(namespaces: unknown): ConfigInvalidError['problems'] {
  try {
    checkClientNames(namespaces as string[]);
  } catch (error) {
    if (error instanceof ConfigInvalidError) return error.problems;
    throw error;
  }
  return [];
}

describe('namespaces of named clients', () => {
  it('are taken as they are when each is there once', () => {
    expect(checkClientNames(['default', 'jobs'])).toEqual(['default', 'jobs']);
  });

  it.each([
    ['an empty list', [], 'namespaces', 'there must be at least one namespace'],
    ['no list', 'jobs', 'namespaces', 'there must be at least one namespace'],
    ['an empty name', ['jobs', ''], 'namespaces[1]', 'must not be empty'],
    ['a name of spaces', ['  '], 'namespaces[0]', 'must not be empty'],
    ['a number', [7], 'namespaces[0]', 'is a string'],
    ['a name twice', ['jobs', 'limits', 'jobs'], 'namespaces[2]', 'there twice'],
  ])('are refused with field, value and remedy: %s', (_what, namespaces, field, message) => {
    const problems = problemsOf(namespaces);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.field).toBe(field);
    expect(problems[0]?.message).toContain(message);
    expect(problems[0]?.remedy).not.toBe('');
    expect(problems[0]).toHaveProperty('value');
  });

  it('are all named at once when several are wrong', () => {
    expect(problemsOf(['', 'jobs', 'jobs']).map(({ field }) => field)).toEqual([
      'namespaces[0]',
      'namespaces[2]',
    ]);
  });
});
