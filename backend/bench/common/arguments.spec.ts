import {
  flag,
  parseArguments,
  positiveNumber,
  someOf,
  someText,
  usageOf,
  wholeNumber,
} from './arguments.js';

const OPTIONS = {
  rounds: wholeNumber(5, 'rounds', { least: 1, most: 9 }),
  minutes: positiveNumber(2, 'how long'),
  json: someText('', 'where to write to', 'FILE'),
  clients: someOf(['ours', 'ioredis', 'tuned'], 'who runs'),
  keep: flag('keep everything'),
};

const parse = (line: string) =>
  parseArguments(
    OPTIONS,
    line.split(' ').filter((word) => word !== ''),
  );

describe('reading arguments', () => {
  it('fills in what was not said', () => {
    expect(parse('')).toEqual({
      words: [],
      values: {
        rounds: 5,
        minutes: 2,
        json: '',
        clients: ['ours', 'ioredis', 'tuned'],
        keep: false,
      },
      isHelpWanted: false,
    });
  });

  it('takes every option, in either form, and words between them', () => {
    const line = 'one --rounds 9 --minutes=0.5 two --json out.json --clients=tuned,ours --keep';
    expect(parse(line)).toEqual({
      words: ['one', 'two'],
      values: { rounds: 9, minutes: 0.5, json: 'out.json', clients: ['ours', 'tuned'], keep: true },
      isHelpWanted: false,
    });
  });

  it.each(['--help', '-h'])('sees that the explanation is wanted: %s', (word) => {
    expect(parse(word).isHelpWanted).toBe(true);
  });

  it.each([
    ['--rounds 10', '--rounds takes a whole number from 1 to 9 (rounds), not "10".'],
    ['--rounds 1.5', 'not "1.5"'],
    ['--rounds', 'not nothing'],
    ['--minutes 0', '--minutes takes a number above 0 (how long), not "0".'],
    ['--minutes=', 'not ""'],
    ['--json --keep', '--json needs a value.'],
    ['--clients ours,redis', 'not "ours,redis"'],
    ['--clients', 'not nothing'],
    ['--speed 3', 'There is no option --speed.'],
    ['--toString', 'There is no option --toString.'],
    ['-x', 'There is no option -x.'],
  ])('refuses "%s" and says why', (line, message) => {
    expect(() => parse(line)).toThrow(message);
  });

  it('explains every option', () => {
    const usage = usageOf('npm run it', OPTIONS);
    expect(usage.split('\n')[0]).toBe('npm run it');
    for (const name of Object.keys(OPTIONS)) expect(usage).toContain(`--${name}`);
  });
});
