import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..', '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

const WORKFLOW = read('.github/workflows/check.yml');
const RUN = read('.ci/run');

/** The major versions of a range such as `^20.19.0 || >=24.0.0`. */
function majorsOf(range: string): number[] {
  return range.split('||').map((part) => Number(/\d+/.exec(part)?.[0]));
}

/** The bounds of the steps of .ci/run, in seconds. */
function stepBounds(): number[] {
  const steps = [...RUN.matchAll(/^(?:if .*; then )?(?:step|begin|tests) '[^']+' (\d+) /gm)];
  return steps.map(([, seconds]) => Number(seconds));
}

describe('the workflow', () => {
  it('pins every action to a commit, and says its version', () => {
    const uses = WORKFLOW.match(/^.*\buses:.*$/gm) ?? [];
    expect(uses.length).toBeGreaterThan(0);
    for (const line of uses) expect(line).toMatch(/uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('runs on each major version of Node that the manifest supports, and on no other', () => {
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    const matrix = /^\s+node: \[([\d, ]+)\]$/m.exec(WORKFLOW)?.[1] ?? '';
    expect(matrix.split(',').map(Number)).toEqual(majorsOf(engines.node));
  });

  it('leaves everything to .ci/run: what is checked, and what is installed for it', () => {
    const commands = [...WORKFLOW.matchAll(/^\s+(?:- )?run: (.*)$/gm)].map(
      ([, command]) => command,
    );
    expect(commands).toEqual(['bash .ci/run']);
  });

  it('waits longer than all steps of .ci/run together, so that it is the step that is named', () => {
    const bounds = stepBounds();
    expect(bounds).toHaveLength(RUN.match(/\b(?:step|begin|tests) '/g)?.length ?? 0);
    const minutes = Number(/timeout-minutes: (\d+)/.exec(WORKFLOW)?.[1]);
    expect(minutes * 60).toBeGreaterThan(bounds.reduce((sum, seconds) => sum + seconds, 0));
  });
});
