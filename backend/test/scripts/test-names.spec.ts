interface TestNames {
  readonly count: number;
  problemsIn(page: string, text: string): readonly string[];
}

const { TestNames } = jest.requireActual<{
  TestNames: new (paths: readonly string[], read: (path: string) => string) => TestNames;
}>('../../../scripts/docs/test-names.mjs');

const FILES: Readonly<Record<string, string>> = {
  'src/a.spec.ts': `
    describe('a call', () => {
      it('ends', () => {});
      it.each([1, 2])(
        'ends after %d attempts', () => {});
      it(\`fails in round \${String(round)}\`, () => {});
      call('is no test', () => {});
    });`,
  'src/b/twice.spec.ts': '',
  'test/twice.spec.ts': '',
};

function problemsOf(text: string): readonly string[] {
  const names = new TestNames(Object.keys(FILES), (path) => FILES[path] ?? '');
  return names.problemsIn('p.md', text);
}

describe('the tests that a page names', () => {
  it.each([
    '`a.spec.ts`: "ends"',
    '`src/a.spec.ts`: "a call ends", "ends after … attempts" and "a call"',
    '`a.spec.ts`: "fails in round …"; `src/b/twice.spec.ts`',
    '`….spec.ts`, `*.spec.ts` and "in quotes" name no file',
  ])('are there: %s', (text) => {
    expect(problemsOf(text)).toEqual([]);
  });

  it.each([
    ['`a.spec.ts`: "ends", "goes on"', 'a.spec.ts has no test "goes on"'],
    ['`a.spec.ts`: "end"', 'a.spec.ts has no test "end"'],
    ['`a.spec.ts`: "is no test"', 'a.spec.ts has no test "is no test"'],
    ['`c.spec.ts`', 'no such file of tests: c.spec.ts'],
    ['`twice.spec.ts`', 'there are several files of this name: twice.spec.ts'],
  ])('are missed: %s', (text, problem) => {
    expect(problemsOf(`first line\n${text}`)).toEqual([`p.md:2: ${problem}`]);
  });

  it('are counted', () => {
    const names = new TestNames(Object.keys(FILES), (path) => FILES[path] ?? '');
    names.problemsIn('p.md', '`a.spec.ts`: "ends", "a call"');
    expect(names.count).toBe(2);
  });
});

describe('a table of promises', () => {
  it('names a test in each row', () => {
    const table = [
      '| Promise | Test                |',
      '| ------- | ------------------- |',
      '| it ends | `a.spec.ts`: "ends" |',
      '| more    | `a.spec.ts`         |',
      '| less    |                     |',
      '',
      '| Another | table |',
    ];
    const problem = 'this promise names no test';
    expect(problemsOf(table.join('\n'))).toEqual([`p.md:4: ${problem}`, `p.md:5: ${problem}`]);
  });

  it('has a row for each that is numbered in its section', () => {
    const of = (...rows: readonly string[]) => [
      '## Of something else',
      '7. **Not promised here.**',
      '## Promised',
      '1. **It ends.**',
      '2. **It ends soon.** As said.',
      '',
      '| Promise | Test |',
      '| ------- | ---- |',
      ...rows,
      '',
    ];
    const first = '| 1       | `a.spec.ts`: "ends" |';
    const second = '| 2       | `a.spec.ts`: "ends" |';
    expect(problemsOf(of(first, second).join('\n'))).toEqual([]);
    expect(problemsOf(of(first).join('\n'))).toEqual([
      'p.md:5: promise 2 has no row in the table of tests',
    ]);
    // A table of names is of other promises.
    expect(problemsOf(of('| it ends | `a.spec.ts`: "ends" |').join('\n'))).toEqual([]);
  });
});
