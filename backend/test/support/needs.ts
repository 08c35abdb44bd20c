/**
 * For tests that need a program which `npm test` could not install: it names it in `TESTS_WITHOUT`, the
 * tests are skipped, and the reason is printed here and at the end of `npm test`. When Jest
 * runs alone, or `CI` is set, they fail with the remedy.
 */
const MISSING = new Set((process.env['TESTS_WITHOUT'] ?? '').split(','));

type Program =
  | 'postgres'
  | 'prometheus'
  | 'alertmanager'
  | 'redis-exporter'
  | 'kubectl'
  | 'tmux'
  | 'zsh'
  | 'haproxy';

/** `it`, or `it.skip` where the program is not installed. */
export function itNeeds(program: Program): jest.It {
  return isMissing(program) ? it.skip : it;
}

/** The same for a group of tests, which may need several. */
export function describeNeeds(...programs: readonly Program[]): jest.Describe {
  return programs.some(isMissing) ? describe.skip : describe;
}

function isMissing(program: Program): boolean {
  if (!MISSING.has(program)) return false;
  const file = expect.getState().testPath ?? 'some tests';
  process.stderr.write(`SKIPPED in ${file}: ${program} is not here and could not be installed\n`);
  return true;
}
