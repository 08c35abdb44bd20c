import {
  CommandRejectedError,
  CommandUncertainError,
  InvalidArgumentError,
  NoPrimaryError,
} from '../../redis/index.js';
import { toProblem } from './to-problem.js';

describe('toProblem', () => {
  it('asks nobody to repeat what may be done already', () => {
    expect(toProblem(new CommandUncertainError('planted'))).toMatchObject({
      body: {
        statusCode: 503,
        code: 'COMMAND_UNCERTAIN',
        message: 'Nobody knows whether this was done; look before you repeat it',
      },
      retryAfterS: null,
    });
  });

  it.each(['OOM', 'LOADING', 'NOREPLICAS', 'MASTERDOWN', 'BUSY', 'TRYAGAIN', 'MISCONF'])(
    'says when to try again what Redis refuses for now: %s',
    (reply) => {
      const problem = toProblem(new CommandRejectedError('planted', { reply }));
      expect(problem).toMatchObject({
        body: { statusCode: 503, code: 'COMMAND_REJECTED' },
        retryAfterS: 1,
      });
    },
  );

  it('says when to try again while there is no primary', () => {
    const problem = toProblem(new NoPrimaryError('planted'));
    expect(problem).toMatchObject({ body: { statusCode: 503 }, retryAfterS: 1 });
  });

  it.each([
    new CommandRejectedError('planted', { reply: 'WRONGTYPE' }),
    new CommandRejectedError('planted', { reply: 'NOPERM' }),
    new CommandRejectedError('planted'),
    new InvalidArgumentError({ field: 'a', value: 'planted', message: 'b', remedy: 'c' }),
  ])('takes for a mistake what no repetition mends', (error) => {
    const problem = toProblem(error);
    expect(problem).toMatchObject({
      body: { statusCode: 500, code: error.code },
      retryAfterS: null,
    });
    expect(problem.body.message).not.toContain('planted');
  });
});
