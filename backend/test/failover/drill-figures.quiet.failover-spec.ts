import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DrillDocument } from '../../src/cli/drill/draw-drill.js';
import { waitUntil } from '../../src/redis/testing/index.js';
import { documentOf } from '../support/cli-child.js';
import { DrillRig } from '../support/drill-rig.js';

const ALL = ['kill', 'freeze', 'partition', 'node-loss', 'switchover'] as const;
/** Half a minute each, in which nothing else may run. */
const KINDS =
  process.env['DRILLS'] === 'all' ? ALL : (['kill', 'partition', 'switchover'] as const);

let rig: DrillRig;

beforeAll(async () => {
  if (KINDS !== ALL)
    process.stdout.write('freeze and node-loss are not drilled without DRILLS=all\n');
  rig = await DrillRig.start('--profile', 'fast');
});

afterAll(() => rig.stop());

// The last test left nothing broken.
afterEach(async () => {
  await rig.endAll();
  await rig.requireWhole();
});

function tell(kind: string, { result }: DrillDocument, counted: object): void {
  const { gapMs, errors, lost, stalledMs, timeline } = result!;
  const steps = timeline.map(({ step, afterMs }) => `${step} ${afterMs}`).join(', ');
  process.stdout.write(
    `drill ${kind}: gap ${gapMs} ms, errors ${errors}, lost ${lost}, stalled ${stalledMs} ms; the counter at the servers: ${JSON.stringify(counted)}; ${steps}\n`,
  );
}

describe('drill', () => {
  it.each(KINDS)(
    '%s: its figures are those of a counter at the servers, and nothing is left behind',
    async (kind) => {
      const before = await rig.primary();
      const { document, counted, code } = await rig.counted(() =>
        rig.start('drill', kind, '--hold', '4s', '--yes', '--json'),
      );
      tell(kind, document, counted);
      const result = document.result!;
      // Within a tenth, and what the program itself could not run.
      const mayDiffer = 0.1 * counted.gapMs + result.stalledMs;
      expect(Math.abs(result.gapMs - counted.gapMs)).toBeLessThan(mayDiffer);
      expect(result.lost).toBeLessThanOrEqual(counted.lost);
      expect(counted.executed).toBeGreaterThanOrEqual(result.writes.answered);
      const steps = result.timeline.map(({ step }) => step);
      expect(steps).toEqual(expect.arrayContaining(['promoted', 'clients told', 'writing again']));
      if (kind !== 'switchover') {
        expect(steps).toEqual(expect.arrayContaining([kind, 'detected', 'odown', 'put back']));
      }
      expect(result.problems).toEqual([]);
      // The verdict follows from the figures, whatever they are on this machine.
      const { slo, gapMs, errors, lost } = result;
      const holds = gapMs <= slo.gapMs && errors <= slo.errors && lost <= slo.lost;
      expect({ passed: result.passed, code }).toEqual({ passed: holds, code: holds ? 0 : 1 });
      expect((await rig.primary()).name).not.toBe(before.name);
      expect(await rig.keysLeft()).toEqual([]);
    },
  );

  it('quorum: takes most Sentinels away, and writes go on', async () => {
    const before = await rig.primary();
    const { document, counted } = await rig.counted(() =>
      rig.start('drill', 'quorum', '--hold', '2s', '--yes', '--json'),
    );
    tell('quorum', document, counted);
    expect(document.result).toMatchObject({ lost: 0, errors: 0, problems: [], to: null });
    expect(document.plan.steps).toHaveLength(2);
    expect((await rig.primary()).name).toBe(before.name);
  });

  it('counts exactly the acknowledged writes that somebody takes away', async () => {
    const running = rig.start('drill', 'quorum', '--hold', '2s', '--yes', '--json');
    const { port } = await rig.primary();
    let taken: unknown = 0;
    await waitUntil(
      async () => {
        const numbers = Array.from({ length: 17 }, (_, number) => String(number));
        const found = await rig.keysLeft();
        const wanted = found.filter((key) => numbers.includes(key.split(':').at(-1)!));
        if (wanted.length < numbers.length) return false;
        taken = await rig.ask(port, 'DEL', ...wanted);
        return true;
      },
      { what: 'seventeen keys of the drill are taken away', everyMs: 50 },
    );
    const { result } = await documentOf<DrillDocument>(running, 'drill');
    const code = await running.ended();
    expect({ taken, lost: result!.lost, code, passed: result!.passed }).toEqual({
      ...{ taken: 17, lost: 17, code: 1, passed: false },
    });
  });

  it('writes a report that needs nothing else', async () => {
    const file = join(rig.cwd, 'drill.html');
    const { code, out } = await rig.run(
      'drill',
      'switchover',
      '--yes',
      '--html',
      file,
      '--slo-gap',
      '10s',
    );
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('passed') });
    const page = readFileSync(file, 'utf8');
    for (const part of ['Drill: switchover', 'writing again', '<svg', 'every bound holds']) {
      expect(page).toContain(part);
    }
    expect(page).not.toMatch(/(src|href)=/);
  });
});
