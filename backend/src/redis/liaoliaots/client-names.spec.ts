import { ConfigInvalidError } from '../base/errors/index.js';
import { NAMED_CLIENTS } from './liaoliaots.module.js';

function checkNamespaces(namespaces: unknown): readonly string[] {
  return NAMED_CLIENTS.resolve({ namespaces }).namespaces;
}

function problemsOf(namespaces: unknown): ConfigInvalidError['problems'] {
  try {
    checkNamespaces(namespaces);
  } catch (error) {
    if (error instanceof ConfigInvalidError) return error.problems;
    throw error;
  }
  return [];
}

describe('namespaces of named clients', () => {
  it('are taken as they are when each is there once', () => {
    expect(checkNamespaces(['default', 'jobs'])).toEqual(['default', 'jobs']);
  });

  it.each([
    ['an empty list', [], 'namespaces', 'must be a list of names, at least one'],
    ['no list', 'jobs', 'namespaces', 'must be a list of names, at least one'],
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

  it('of another spelling are refused, with the right one', () => {
    expect(() => NAMED_CLIENTS.resolve({ namespace: ['jobs'] })).toThrow(
      'namespace = "***": is not an option. Did you mean namespaces?',
    );
  });
});
