/** A function that ran, as `scripts/walks` has it. */
interface Visit {
  readonly file: string;
  readonly name: string;
  readonly line: number;
  readonly offset: number;
  readonly calls: number;
}

interface Plan {
  readonly lib: string | null;
  readonly list: string | null;
  readonly runs: number;
  readonly json: boolean;
  readonly max: ReadonlyMap<string, number>;
}

const { parseArguments, exceeded, usage } = jest.requireActual<{
  parseArguments(argv: readonly string[]): Plan | null;
  exceeded(
    walks: ReadonlyMap<string, readonly Visit[]>,
    limits: ReadonlyMap<string, number>,
  ): readonly string[];
  usage(): string;
}>('../../../scripts/walks/arguments.mjs');
const { usualWalk, summarise } = jest.requireActual<{
  usualWalk(walks: readonly (readonly Visit[])[]): readonly Visit[];
  summarise(visits: readonly Visit[]): Readonly<Record<string, number>>;
}>('../../../scripts/walks/usual-walk.mjs');

const parse = (line: string) => parseArguments(line.split(' ').filter((word) => word !== ''));
const visit = (offset: number, calls: number, file = 'cache/one.js'): Visit => ({
  file,
  name: `at${String(offset)}`,
  line: 1,
  offset,
  calls,
});

describe('the arguments of count:walks', () => {
  it('counts every walk of the own build, without limits, unless told otherwise', () => {
    expect(parse('')).toMatchObject({ lib: null, list: null, json: false, max: new Map() });
  });

  it('takes limits in one list or in several', () => {
    expect(parse('--max redis.get=50,cache.set=100 --max=health=9')?.max).toEqual(
      new Map([
        ['redis.get', 50],
        ['cache.set', 100],
        ['health', 9],
      ]),
    );
  });

  it.each([
    ['--max redis.got=50', '"redis.got" is no walk; there are redis.get, '],
    ['--max toString=50', '"toString" is no walk'],
    ['--max redis.get', 'not "redis.get"'],
    ['--max redis.get=5=0', 'not "redis.get=5=0"'],
    ['--max redis.get=50,', 'not ""'],
    ['--max redis.get=', '--max redis.get takes a whole number from 1 to 1000000, not ""'],
    ['--max redis.get=1.5', 'not "1.5"'],
    ['--max redis.get=0', 'not "0"'],
    ['--list all', '"all" is no walk'],
    ['--list health --max redis.get=50', 'give it without --json and --max'],
    ['--runs many', '--runs takes a whole number from 1 to 1000, not "many"'],
    ['--build --lib elsewhere', 'give it or --lib, not both'],
    ['--speed', '--speed'],
  ])('refuses "%s" and says why', (line, message) => {
    expect(() => parse(line)).toThrow(message);
  });

  it('explains every walk when asked for help', () => {
    expect(parse('--help')).toBeNull();
    expect(usage()).toContain('sessions.read');
  });

  it('says by name which walk has more functions than it may have', () => {
    const walks = new Map([['redis.get', [visit(1, 7), visit(2, 1)]]]);
    expect(exceeded(walks, new Map([['redis.get', 2]]))).toEqual([]);
    expect(exceeded(walks, new Map([['redis.get', 1]]))).toEqual([
      'redis.get has 2 functions, and may have 1',
    ]);
  });
});

describe('the usual walk', () => {
  it('has the functions of more than half of the calls, with the median of their counts', () => {
    const walks = [
      [visit(1, 2), visit(9, 1)],
      [visit(1, 4), visit(5, 1)],
      [visit(1, 90), visit(5, 3)],
    ];
    expect(usualWalk(walks)).toEqual([visit(1, 4), visit(5, 1)]);
  });

  it('leaves out what ran in half of the calls, so that chance decides nothing', () => {
    expect(usualWalk([[visit(1, 1)], []])).toEqual([]);
  });

  it('keeps functions at the same place of different files apart', () => {
    const walk = [visit(1, 2, 'cache/two.js'), visit(1, 3), visit(1, 1, 'index.js')];
    expect(summarise(usualWalk([walk]))).toEqual({ functions: 3, calls: 6 });
  });
});
