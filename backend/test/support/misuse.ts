import { inspect } from 'node:util';
import { ConfigInvalidError, RedisHaError, type Problem } from '../../src/redis/index.js';

/** What somebody did wrong, and what the answer must say: which option or argument, what it is, and what to do. */
export interface Misuse {
  readonly what: string;
  readonly code: string;
  readonly says: readonly RegExp[];
}

/** Fails unless the error has this code and says all of this, in one line of a bounded length, and no secret. */
export function expectClear(
  error: unknown,
  { code, says }: Misuse,
  secrets: readonly string[],
): void {
  const text = error instanceof Error ? error.message : String(error);
  const shown = `${RedisHaError.is(error) ? error.code : 'NOT OURS'}: ${text}`;
  expect(shown.split(':')[0]).toBe(code);
  for (const sign of says) expect(shown).toMatch(sign);
  for (const problem of problemsOf(error)) {
    expect(problem).toMatchObject({
      field: expect.stringMatching(/./),
      message: expect.stringMatching(/./),
    });
    expect(problem.remedy.length).toBeGreaterThan(5);
  }
  const everything = inspect(error, { depth: 10 });
  for (const secret of secrets) expect(everything).not.toContain(secret);
}

/** Returns what the promise, or the call that makes it, ends with; fails when it is accepted. */
export async function refusalOf(call: () => unknown): Promise<unknown> {
  let value: unknown;
  try {
    value = await call();
  } catch (error) {
    return error;
  }
  throw new Error(`It was accepted in silence: ${inspect(value, { depth: 1 })}`);
}

function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof ConfigInvalidError) return error.problems;
  const problem = RedisHaError.is(error) ? error.details['problem'] : undefined;
  return problem === undefined ? [] : [problem as Problem];
}
