import { ConfigInvalidError, InvalidArgumentError } from '../errors/index.js';
import { Findings } from './findings.js';
import { group, OptionSet } from './option-set.js';
import { option, required, type RowsOf } from './rows.js';
import { choice, converted, flag, milliseconds, orNull, secret, text } from './rules.js';

interface Sample {
  readonly name: string;
  readonly colour?: 'red' | 'blue';
  readonly softMs?: number | null;
  readonly hardMs?: number;
  readonly password?: string;
  readonly words?: string;
  readonly inner?: { readonly isOn?: boolean };
}

const INNER = new OptionSet({ isOn: option(flag, false) }, { path: 'sample.inner' });
const words = converted(text(), (given, path, findings): readonly string[] => {
  if (given === '') findings.refuse(path, given, 'has no word', 'Write one');
  return given.split(' ');
});
const ROWS = {
  name: required(text()),
  colour: option(choice('red', 'blue'), 'red'),
  softMs: option(orNull(milliseconds, 'no limit'), null),
  hardMs: option(milliseconds, 1_000),
  password: option(secret, null),
  words: option(words, []),
  inner: option(group(INNER), INNER.defaults),
} satisfies RowsOf<Sample>;
const SAMPLE = new OptionSet(ROWS, {
  path: 'sample',
  ordered: [{ low: 'softMs', high: 'hardMs' }],
  foreign: { color: 'sample.colour', timeout: 'There is no timeout: set hardMs' },
});

function problemsOf(given: unknown): readonly string[] {
  try {
    SAMPLE.resolve(given);
  } catch (error) {
    if (!(error instanceof ConfigInvalidError)) throw error;
    return error.problems.map(
      ({ field, value, message, remedy }) => `${field} = ${String(value)}: ${message}. ${remedy}`,
    );
  }
  return [];
}

describe('what is configured', () => {
  it('is completed, converted and frozen', () => {
    const options = SAMPLE.resolve({ name: 'n', words: 'a b', softMs: undefined });
    expect(options).toEqual({
      name: 'n',
      colour: 'red',
      softMs: null,
      hardMs: 1_000,
      password: null,
      words: ['a', 'b'],
      inner: { isOn: false },
    });
    expect(Object.isFrozen(options)).toBe(true);
  });

  it.each<[unknown, string]>([
    [{}, 'sample.name = undefined: is missing. Give one'],
    [7, 'sample = 7: must be an object. Give sample an object with some of name, colour, softMs'],
    [Promise.resolve({ name: 'n' }), 'sample = (a promise): must be an object. Await it first'],
    ['redis://:hunter2@h', 'sample = (text): must be an object'],
    [{ name: 'n', colour: 'green' }, "sample.colour = green: must be one of 'red', 'blue'"],
    [{ name: 'n', hardMs: '5' }, 'Write it without quotes: 5'],
    [{ name: 'n', hardMs: 0 }, 'Correct it, or leave it out for the default, 1000'],
    [{ name: 'n', password: 7 }, 'sample.password = ***: must be text'],
    [{ name: 'n', words: '' }, 'sample.words = : has no word. Write one'],
    [{ name: 'n', inner: { on: 1 } }, 'sample.inner.on = ***: is not an option. Did you mean'],
    [{ name: 'n', inner: 'x' }, 'sample.inner = (text): must be an object'],
    [{ name: 'n', softMs: 5, hardMs: 5 }, 'must be smaller than sample.hardMs, which is 5'],
    [{ name: 'n', colours: 'red' }, 'sample.colours = ***: is not an option. Did you mean sample.'],
    [{ name: 'n', color: 'red' }, 'Did you mean sample.colour?'],
    [{ name: 'n', timeout: 1 }, 'sample.timeout = ***: is not an option. There is no timeout'],
    [{ name: 'n', toString: 1 }, 'sample.toString = ***: is not an option'],
    [{ name: 'n', zzzzzzzz: undefined }, 'Remove it; known here: name, colour, softMs'],
  ])('is refused with field, value and remedy: %j', (given, problem) => {
    const problems = problemsOf(given);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it('is refused with all its problems at once', () => {
    expect(problemsOf({ colour: 1, hardMs: -1 })).toHaveLength(3);
  });

  it('is not compared with the default of an option that was refused', () => {
    expect(problemsOf({ name: 'n', softMs: 5_000, hardMs: 'x' })).toHaveLength(1);
  });

  it('leaves the base where nothing is given', () => {
    const base = SAMPLE.resolve({ name: 'n', colour: 'blue' });
    expect(SAMPLE.resolve({ name: 'm' }, base)).toMatchObject({ name: 'm', colour: 'blue' });
  });
});

describe('what is passed to a call', () => {
  it('is let through as it is when all is well', () => {
    expect(() => {
      SAMPLE.check({ name: 'n', colour: 'blue', softMs: undefined });
    }).not.toThrow();
  });

  it.each<[unknown]>([[{ name: 'n', colour: 1 }], [{ name: 'n', colr: 'red' }], [{}], [null]])(
    'is refused with INVALID_ARGUMENT: %j',
    (given) => {
      expect(() => {
        SAMPLE.check(given);
      }).toThrow(InvalidArgumentError);
    },
  );

  it('overrides its base, converted and checked for order', () => {
    const base = { ...SAMPLE.resolve({ name: 'n' }), more: 1 };
    const options = SAMPLE.over({ name: 'm', words: 'a b' }, base);
    expect(options).toMatchObject({ name: 'm', words: ['a', 'b'], more: 1 });
    for (const bad of [{ softMs: 1_000 }, { words: '' }, { hardMs: 0 }]) {
      expect(() => SAMPLE.over({ name: 'm', ...bad }, base)).toThrow(InvalidArgumentError);
    }
  });
});

describe('the compiler', () => {
  it('refuses rows that are not those of the type', () => {
    const all = { isOn: option(flag, false) };
    // @ts-expect-error -- an option without its row
    const missing = {} satisfies RowsOf<{ readonly isOn?: boolean }>;
    // @ts-expect-error -- a row without its option
    const more = { ...all, other: all.isOn } satisfies RowsOf<{ readonly isOn?: boolean }>;
    // @ts-expect-error -- a rule that takes something else
    const other = { isOn: option(milliseconds, 1) } satisfies RowsOf<{ readonly isOn?: boolean }>;
    type Colour = { readonly colour?: 'red' | 'blue' | 'green' };
    // @ts-expect-error -- a choice that lacks a word of the type
    const fewer = { colour: option(choice('red', 'blue'), 'red') } satisfies RowsOf<Colour>;
    expect([missing, more, other, fewer]).toHaveLength(4);
  });

  it('derives what the options are resolved to', () => {
    const options = SAMPLE.read({ name: 'n' }, new Findings());
    const colour: 'red' | 'blue' = options.colour;
    const password: string | null = options.password;
    // @ts-expect-error -- there may be no password
    const sure: string = options.password;
    expect([colour, password, sure]).toEqual(['red', null, null]);
  });
});
