import { ConfigInvalidError } from '../base/errors/index.js';
import { HEALTH, resolvePath } from './health-options.js';

function problemsOf(given: object): string {
  try {
    HEALTH.resolve(given);
  } catch (error) {
    if (error instanceof ConfigInvalidError) return error.message;
    throw error;
  }
  return '';
}

describe('HEALTH', () => {
  it('fills in the defaults, also for what is given as undefined', () => {
    expect(HEALTH.resolve({ required: true, graceMs: undefined })).toEqual({
      required: true,
      needs: 'reads',
      graceMs: 10_000,
      recoverMs: 1000,
      startupMs: 5000,
      drainMs: 0,
      deadlineMs: 200,
    });
  });

  it.each([
    [{ required: 'yes' }, 'health.required = "yes": must be true or false'],
    [{ needs: 'both' }, "health.needs = \"both\": must be one of 'reads', 'writes'"],
    [{ graceMs: -1 }, 'health.graceMs = -1: must be a whole number of milliseconds from 0'],
    [{ recoverMs: 1.5 }, 'health.recoverMs = 1.5'],
    [{ startupMs: Number.NaN }, 'health.startupMs'],
    [{ drainMs: 600_001 }, 'health.drainMs = 600001'],
    [{ deadlineMs: 0 }, 'health.deadlineMs = 0: must be a whole number of milliseconds from 1'],
  ])('refuses %j and says what to do', (given, message) => {
    expect(problemsOf(given)).toContain(message);
    expect(problemsOf(given)).toMatch(
      /, or leave it out for the default, |Write it without quotes: /,
    );
  });

  it('refuses a name that is no option, hides its value and says what was meant', () => {
    expect(problemsOf({ grace: 'secret' })).toContain(
      'health.grace = "***": is not an option. Did you mean health.graceMs?',
    );
  });

  it('names every problem at once', () => {
    expect(problemsOf({ graceMs: -1, needs: 1 })).toMatch(/2 problems/);
  });
});

describe('resolvePath', () => {
  it.each([
    [undefined, 'other', 'other'],
    ['', 'other', ''],
    ['/', '', ''],
    ['internal', '', 'internal'],
    ['/a/b/', '', 'a/b'],
  ])('takes %j (else %j) as %j', (path, fallback, expected) => {
    expect(resolvePath(path, fallback)).toBe(expected);
  });

  it.each([['a b'], ['//'], [':id'], ['*'], [7], [true]])('refuses %j', (path) => {
    expect(() => resolvePath(path, '')).toThrow(/health\.path .* must be a path/);
  });
});
