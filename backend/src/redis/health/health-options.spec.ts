import { ConfigInvalidError } from '../base/errors/index.js';
import { resolveHealthOptions, resolvePath } from './health-options.js';

function problemsOf(given: object): string {
  try {
    resolveHealthOptions(given);
  } catch (error) {
    if (error instanceof ConfigInvalidError) return error.message;
    throw error;
  }
  return '';
}

describe('resolveHealthOptions', () => {
  it('fills in the defaults, also for what is given as undefined', () => {
    expect(resolveHealthOptions({ required: true, graceMs: undefined } as object)).toEqual({
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
    [{ needs: 'both' }, "health.needs = \"both\": must be 'reads' or 'writes'"],
    [{ graceMs: -1 }, 'health.graceMs = -1: must be a whole number from 0'],
    [{ recoverMs: 1.5 }, 'health.recoverMs = 1.5'],
    [{ startupMs: Number.NaN }, 'health.startupMs'],
    [{ drainMs: 600_001 }, 'health.drainMs = 600001'],
    [{ deadlineMs: 0 }, 'health.deadlineMs = 0: must be a whole number from 1'],
    [{ grace: 'secret' }, 'health.grace = "(hidden)": is not an option'],
  ])('refuses %j and says what to do', (given, message) => {
    expect(problemsOf(given)).toContain(message);
    expect(problemsOf(given)).toMatch(/Leave it out/);
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
