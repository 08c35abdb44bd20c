interface Shown {
  readonly text: string;
  readonly at: number;
  readonly but: readonly string[];
}

const { stepsOf } = jest.requireActual<{
  stepsOf: (
    path: string,
    text: string,
  ) => {
    readonly steps: readonly Readonly<Record<string, unknown>>[];
    readonly problems: readonly string[];
  };
}>('../../../scripts/docs/page-steps.mjs');
const { problemsOfShown, problemsOfTold, refusalsIn } = jest.requireActual<{
  problemsOfShown: (shown: Shown, printed: string) => readonly string[];
  problemsOfTold: (code: string, printed: string) => readonly string[];
  refusalsIn: (printed: string, expected: string) => readonly string[];
}>('../../../scripts/docs/printed.mjs');
const { problemsOfCompose } = jest.requireActual<{
  problemsOfCompose: (step: object, sources: readonly string[]) => readonly string[];
}>('../../../scripts/docs/compose-blocks.mjs');

const block = (language: string, code: string): string => `\`\`\`${language}\n${code}\n\`\`\``;
const page = (...parts: readonly string[]): string => `# Page\n\n${parts.join('\n\n')}\n`;

describe('what is typed on a page', () => {
  it('is each block of bash, in its order, with what stands below it as its output', () => {
    const { steps, problems } = stepsOf(
      'p.md',
      page(
        '## First',
        block('bash', 'echo one'),
        block('text', 'one'),
        '## Second',
        block('bash', 'date'),
        '<!-- prints, but for times, order -->',
        block('text', 'now'),
      ),
    );
    expect(problems).toEqual([]);
    expect(steps).toMatchObject([
      {
        kind: 'run',
        code: 'echo one\n',
        section: 'First',
        at: 6,
        shown: { text: 'one\n', but: [] },
      },
      { kind: 'run', section: 'Second', shown: { text: 'now\n', but: ['times', 'order'] } },
    ]);
  });

  it('says how a block of sh is run, or why it is not', () => {
    const { steps, problems } = stepsOf(
      'p.md',
      page(
        '<!-- not run: needs a platform -->',
        block('sh', 'kubectl get pods'),
        '<!-- Compose run: it comes up -->',
        block('sh', 'docker compose up'),
        '<!-- run -->',
        block('sh', 'true'),
        'Words between them part a comment from a block.',
        block('sh', 'true'),
      ),
    );
    expect(steps.map(({ kind, said }) => [kind, said])).toEqual([
      ['not run', 'needs a platform'],
      ['compose', 'it comes up'],
      ['run', ''],
    ]);
    expect(problems).toEqual(['p.md:24: no comment says how this is run, or why it is not']);
  });

  it('is also what a scene does that readers do not see, and what stands within a line', () => {
    const { steps } = stepsOf(
      'p.md',
      page(
        '<!-- scene\nkill it\n-->',
        'Then `redis_at 127.0.0.1:7001 ROLE \\| head -1`, and `redis_at … ROLE` elsewhere.',
        `<!-- ends with 1 -->\n\n${block('bash', 'false')}`,
      ),
    );
    expect(steps).toMatchObject([
      { kind: 'scene', code: 'kill it\n' },
      { kind: 'run', code: 'false\n', endsWith: 1 },
      { kind: 'run', code: 'redis_at 127.0.0.1:7001 ROLE | head -1\n' },
    ]);
  });

  it('takes a block out of the list that it stands in', () => {
    const { steps } = stepsOf('p.md', page(`1. Do it.\n\n   \`\`\`bash\n   echo a\n   \`\`\``));
    expect(steps).toMatchObject([{ code: 'echo a\n' }]);
  });
});

/** As Redis 8.0.2 prints it when it is started as a service. */
const OF_THE_MACHINE =
  '990:C 30 Nov 2026 11:28:19.501 # WARNING Memory overcommit must be enabled! Without it, …\n';

describe('what a page says that is printed', () => {
  const shown = (text: string, ...but: readonly string[]): Shown => ({ text, at: 7, but });

  it.each([
    [shown('PONG\n'), 'PONG\n'],
    [shown('took 3.5 ms, epoch 0\n', 'milliseconds', 'epochs'), 'took 12 ms, epoch 14\n'],
    [shown('b\na\n', 'order'), 'a\nb\n'],
    [shown('first\n…\nlast\n'), 'first\nsecond\nthird\nlast\n'],
    [shown('OK\n'), `OK\n${OF_THE_MACHINE}`],
  ])('is printed: %j', (expected, printed) => {
    expect(problemsOfShown(expected, printed)).toEqual([]);
  });

  it.each([
    [shown('PONG\n'), 'PONG\nmore\n', '  + more'],
    [shown('PONG\n'), 'PONG\n7:X 1 Jan # WARNING Other\n', '  + 7:X 1 Jan # WARNING Other'],
    [shown('took 3.5 ms\n'), 'took 12 ms\n', '  - took 3.5 ms'],
    [shown('b\na\n'), 'a\nb\n', '  the lines are in another order'],
    [shown('a\n', 'weather'), 'a\n', '7: nothing that may differ is called weather'],
  ])('is missed: %j', (expected, printed, problem) => {
    expect(problemsOfShown(expected, printed)).toContain(problem);
  });

  it('is told behind a command, in the order of the commands', () => {
    const code = 'a   # one two; the rest is for readers\n# no command\nb # th…e\n';
    expect(problemsOfTold(code, 'one\ntwo\nthree\n')).toEqual([]);
    expect(problemsOfTold(code, 'three\none two\n')).toEqual(['it does not print "th…e"']);
  });

  it('has no error of Redis of which its section says nothing', () => {
    expect(refusalsIn('OK\nNOREPLICAS Not enough\n', 'may say `NOREPLICAS`')).toEqual([]);
    expect(refusalsIn('OK\nERR unknown command\n', 'may say `NOREPLICAS`')).toEqual([
      'it prints the error "ERR unknown command"',
    ]);
  });
});

describe('what the run of Compose types', () => {
  const sources = [
    "check('all come up', () => this.up('--wait')); this.script('rotate.sh', 'all')",
  ];
  const step = (said: string, code: string): object => ({ page: 'p.md', at: 3, said, code });

  it('is what the page types', () => {
    const code = 'docker compose --env-file a -f b up --wait\nsh deploy/redis/rotate.sh all\n';
    expect(problemsOfCompose(step('all … up', code), sources)).toEqual([]);
  });

  it('is missed where the page types something else, or names no check', () => {
    const code = 'docker compose up --wait --build\nsh deploy/redis/rotate.sh one\n';
    expect(problemsOfCompose(step('all come up', code), sources)).toEqual([
      'p.md:3: the run of Compose does not type one',
      'p.md:3: the run of Compose does not type --build',
    ]);
    expect(problemsOfCompose(step('all go down', code), sources)).toEqual([
      'p.md:3: the run of Compose has no check "all go down"',
    ]);
  });
});
