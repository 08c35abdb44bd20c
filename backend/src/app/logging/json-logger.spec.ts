import { JsonLogger, newLogger } from './json-logger.js';

describe('JsonLogger', () => {
  let output: string[];
  let logger: JsonLogger;

  beforeEach(() => {
    output = [];
    logger = new JsonLogger(newLogger('trace', { write: (line) => void output.push(line) }));
  });

  const line = (): Record<string, unknown> => JSON.parse(output.at(-1) ?? '') as never;

  it('writes what Nest says as one line of JSON, with who says it', () => {
    logger.log('It runs', 'Somebody');
    expect(line()).toMatchObject({ level: 'info', msg: 'It runs', context: 'Somebody' });
    logger.verbose('Detail', 'Somebody');
    expect(line()).toMatchObject({ level: 'trace' });
  });

  it('dates each line with the millisecond in which it was written', () => {
    jest.useFakeTimers({ now: Date.UTC(2026, 10, 30) });
    try {
      logger.log('one');
      logger.log('two');
      jest.advanceTimersByTime(1);
      logger.log('three');
    } finally {
      jest.useRealTimers();
    }
    expect(output.map((text) => (JSON.parse(text) as { time: unknown }).time)).toEqual([
      '2026-11-30T00:00:00.000Z',
      '2026-11-30T00:00:00.000Z',
      '2026-11-30T00:00:00.001Z',
    ]);
  });

  it('writes an error with its stack, as Nest gives it or as it is', () => {
    logger.error('It failed', 'Error: at here', 'Somebody');
    expect(line()).toMatchObject({ level: 'error', stack: 'Error: at here', context: 'Somebody' });
    logger.error(new TypeError('broken'), 'Somebody');
    expect(line()).toMatchObject({ msg: 'broken', err: { type: 'TypeError', message: 'broken' } });
  });

  it('shows the text and the code of an error, and nothing else that hangs on it', () => {
    const error = Object.assign(new Error('refused'), {
      code: 'E1',
      detail: 'planted',
      values: ['planted'],
    });
    logger.warn({ err: error });
    expect(line()).toMatchObject({ err: { code: 'E1', message: 'refused' } });
    expect(output.join()).not.toContain('planted');
  });

  it.each([
    ['a password', { password: 'planted' }],
    [
      'headers',
      { headers: { authorization: 'Bearer planted', cookie: 'planted', 'set-cookie': 'planted' } },
    ],
    ['a header deep inside', { request: { headers: { authorization: 'planted' } } }],
    ['a token', { body: { token: 'planted' } }],
  ])('hides %s', (_name, fields) => {
    logger.log(fields);
    expect(output.join()).toContain('[redacted]');
    expect(output.join()).not.toContain('planted');
  });

  it.each([
    'Authorization was Bearer planted-_.1',
    'connecting to postgres://user:planted@host/name',
    'connecting to redis://:planted@host',
  ])('takes the secret out of a text: %s', (text) => {
    logger.log(text);
    logger.error(new Error(text));
    expect(output).toHaveLength(2);
    expect(output.join()).not.toContain('planted');
  });
});
