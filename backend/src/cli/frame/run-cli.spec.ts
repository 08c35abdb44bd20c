import { Screen } from '../screen/index.js';
import { confirm } from './confirm.js';
import { type CommandEntry, type CommandIo, defineCommand } from './define-command.js';
import { EXIT } from './exit-codes.js';
import { runCli } from './run-cli.js';

const fly = defineCommand({
  summary: 'Fly somewhere',
  arguments: [{ name: 'where', about: 'the place', words: ['home', 'away'] }],
  options: {
    height: { kind: 'number', value: 'm', min: 1, max: 100, about: 'how high' },
    after: { kind: 'duration', minMs: 1_000, maxMs: 60_000, about: 'when' },
    with: { kind: 'text', value: 'name', isMany: true, about: 'whom to take' },
    seat: { kind: 'choice', words: ['window', 'aisle'], about: 'which one' },
    yes: { kind: 'flag', short: 'y', about: 'do not ask' },
  },
  examples: [['fly home', 'goes home']],
  run: async ({ words, options }, io) => {
    await confirm({ what: 'You fly.', word: 'fly', option: 'yes', isGiven: options.yes }, io);
    const { height, after, seat } = options;
    io.out.line(JSON.stringify({ words, height, after, with: options.with, seat }));
    return EXIT.done;
  },
});

const crash = defineCommand({
  summary: 'Crash',
  arguments: [],
  options: {},
  examples: [],
  run: () => Promise.reject(new Error('the engine\n fell off')),
});

const COMMANDS: readonly CommandEntry[] = [
  { name: 'fly', summary: 'Fly somewhere', load: () => Promise.resolve(fly) },
  { name: 'crash', summary: 'Crash', load: () => Promise.resolve(crash) },
];

async function type(line: string, answer: string | null = null) {
  const written = { out: '', told: '' };
  const screen = (name: 'out' | 'told'): Screen =>
    new Screen({ write: (text: string) => (written[name] += text) }, false);
  const io: CommandIo = {
    out: screen('out'),
    told: screen('told'),
    env: {},
    signal: new AbortController().signal,
    now: () => 0,
    version: () => '1.2.3',
    commands: COMMANDS,
    ask: () => Promise.resolve(answer),
  };
  const code = await runCli(line === '' ? [] : line.split(' '), io);
  return { code, ...written };
}

describe('the program', () => {
  it.each([
    ['fly', 'fly needs <where>: the place. Write one of: home, away'],
    ['fly hom', 'fly hom does not exist. Did you mean home? See nestjs-redis-ha fly --help'],
    ['fly home away', 'fly does not know what to do with "away". See nestjs-redis-ha fly --help'],
    [
      'fly home --heigth 3',
      'fly has no option --heigth. Did you mean --height? See nestjs-redis-ha fly --help',
    ],
    ['fly home --height', '--height needs a value. See nestjs-redis-ha fly --help'],
    ['fly home --height 1e3', '--height 1e3 is not possible. Write a whole number from 1 to 100'],
    ['fly home --height 101', '--height 101 is not possible. Write a whole number from 1 to 100'],
    ['fly home --height 3 --height 4', '--height is given 2 times. Give it once'],
    ['fly home --after 3', '--after 3 is no time from 1 s to 1 m. Write it as 30s'],
    ['fly home --after 2m', '--after 2m is no time from 1 s to 1 m. Write it as 30s'],
    ['fly home --seat roof', '--seat roof does not exist. Write one of: window, aisle'],
    ['fly home --yes=1', '--yes takes no value. See nestjs-redis-ha fly --help'],
    ['flyy home', 'there is no command flyy. Did you mean fly? See nestjs-redis-ha --help'],
    ['--loud fly', '--loud stands before the command. See nestjs-redis-ha --help'],
  ])('answers "%s" with one line that says what is wrong, and ends with 64', async (line, said) => {
    expect(await type(line)).toEqual({ code: EXIT.misused, out: '', told: `error ${said}\n` });
  });

  it('hands over what was typed, read', async () => {
    const typed = await type('fly away -y --height 3 --after 30s --with a --with b --seat aisle');
    expect(typed.code).toBe(EXIT.done);
    expect(JSON.parse(typed.out)).toEqual({
      words: ['away'],
      height: 3,
      after: 30_000,
      with: ['a', 'b'],
      seat: 'aisle',
    });
  });

  it('touches nothing that nobody confirmed, and ends with 3', async () => {
    const { code, out, told } = await type('fly home', 'no');
    expect({ code, out }).toEqual({ code: EXIT.unconfirmed, out: '' });
    expect(told).toContain(
      'Nothing was touched: it was not confirmed. Type "fly" when asked, or give --yes',
    );
    expect((await type('fly home', 'fly')).code).toBe(EXIT.done);
  });

  it('says where nobody can be asked that there is no terminal', async () => {
    expect((await type('fly home')).told).toContain('there is no terminal to ask on');
  });

  it('tells an error that nobody expected in one line, without a stack', async () => {
    const { code, told } = await type('crash');
    expect(code).toBe(EXIT.failed);
    expect(told.trimEnd().split('\n')).toEqual([
      'error the engine; fell off. This was not expected: see whether nodes and disk are there, and try again',
    ]);
  });

  it('tells errors as JSON where JSON was asked for', async () => {
    const { code, out } = await type('crash --json');
    expect(code).toBe(EXIT.failed);
    expect(JSON.parse(out)).toEqual({
      error: {
        message: 'the engine; fell off',
        remedy: 'This was not expected: see whether nodes and disk are there, and try again',
      },
    });
  });

  it('lists its commands and its exit codes, as an error where nothing was typed', async () => {
    const [asked, nothing] = [await type('--help'), await type('')];
    expect(asked.code).toBe(EXIT.done);
    expect(nothing).toEqual({ code: EXIT.misused, out: '', told: asked.out });
    expect(asked.out).toContain('fly                           Fly somewhere');
    expect(asked.out).toContain('64    what was typed is wrong');
  });

  it.each(['--version', '-v'])('says its version with %s', async (word) => {
    expect(await type(word)).toEqual({ code: EXIT.done, out: '1.2.3\n', told: '' });
  });

  it('explains a command with its arguments, options, examples and exit codes', async () => {
    const { out } = await type('help fly');
    expect(out).toBe((await type('fly --help')).out);
    for (const part of [
      'usage: nestjs-redis-ha fly <where> [options]',
      '--seat window|aisle',
      '--yes, -y',
      'nestjs-redis-ha fly home',
      'Exit codes',
    ]) {
      expect(out).toContain(part);
    }
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});
