import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { closeEngines, startEngine } from '../../../test/support/engines.js';

describe('a RedisService that is given to a library instead of a client', () => {
  afterEach(() => closeEngines());

  const service = (): unknown => startEngine({ mode: 'memory' }).redis;
  const refusal = expect.objectContaining({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(
      /redis\.createClient\(\).*redis\.connectionOptions\(\)/,
    ) as string,
  }) as Error;

  it.each<[string, (given: unknown) => unknown]>([
    ['take it for options', (given) => new Redis(given as never)],
    [
      'ask whether it has the methods of a client',
      (given) =>
        ['connect', 'disconnect', 'duplicate'].every(
          (name) => typeof (given as Record<string, unknown>)[name] === 'function',
        ),
    ],
    ['read its options', (given) => (given as { options: { db: number } }).options.db],
    [
      'define commands where they can',
      (given) => typeof (given as { defineCommand?: unknown }).defineCommand === 'function',
    ],
    ['copy it', (given) => (given as Redis).duplicate()],
  ])('is refused by name of what to use, by libraries that %s', (_, use) => {
    const given = service();
    expect(() => use(given)).toThrow(refusal);
  });

  it('can be shown, compared, copied and replaced as before', () => {
    const given = service() as { duplicate: unknown };
    expect(inspect(given)).toContain('RedisService');
    expect(given).toEqual(given);
    expect({ ...given }).toEqual({});
    given.duplicate = 'a double';
    expect(given.duplicate).toBe('a double');
  });
});
