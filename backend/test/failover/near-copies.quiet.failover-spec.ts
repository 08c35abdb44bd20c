import { runNear, type NearFault, type NearRun } from '../../bench/near/run-near.js';
import { NearStage, type NearCast, type NearLauncher } from '../../bench/near/stage.js';
import { FIRST_SEED } from '../support/seeded-search.js';
import { WorkerPool, type Worker } from '../support/worker.js';

const READS = 20_000;
const CAST = { readers: 2, writers: 2, keysOfEach: 50, seed: FIRST_SEED } as const;
// Without those that fall silent: when that is noticed depends on timers, so they belong to `npm run bench:near`, alone on
// a machine. The bound of the others is one of time as well, on the way from a server to a reader: so nothing runs besides.
const FAULTS: readonly NearFault[] = [
  'data-killed',
  'subscription-killed',
  'flushall',
  'flushdb',
  'reader-killed',
  'writer-killed',
  'primary-killed',
];

describe('processes that read what others write, while all that can be killed is killed', () => {
  let pool: WorkerPool;
  let launcher: NearLauncher<Worker>;

  jest.setTimeout(120_000);

  beforeAll(() => {
    pool = new WorkerPool(
      'near-worker.ts',
      'random-histories.ts',
      ...['near-process.ts', 'near-plan.ts', 'near-reader.ts', 'near-writer.ts'].map(
        (file) => `../../bench/near/${file}`,
      ),
      '../../bench/common/clock.ts',
    );
    launcher = { start: () => pool.start({}), kill: (worker) => worker.kill() };
  });
  afterAll(() => pool.close());

  async function run(
    cast: Pick<NearCast, 'kind' | 'isTold'>,
    faults: readonly NearFault[],
  ): Promise<NearRun> {
    const stage = await NearStage.start(launcher, { ...CAST, ...cast });
    try {
      return await runNear(stage, { seed: FIRST_SEED, reads: READS, rounds: 1, faults });
    } finally {
      await stage.stop();
    }
  }

  it.each(['namespace', 'plain'] as const)(
    'are served nothing that was replaced for longer than it takes to tell them: %s',
    async (kind) => {
      const { verdict, counts, writes } = await run({ kind, isTold: true }, FAULTS);
      expect(verdict.violations).toEqual([]);
      // Otherwise there was nothing to find.
      expect(counts.near).toBeGreaterThanOrEqual(READS / 4);
      expect(writes).toBeGreaterThan(500);
    },
  );

  it('are served old values where writers may not tell: the checker finds them', async () => {
    const { verdict } = await run({ kind: 'namespace', isTold: false }, []);
    expect(verdict.violations.length).toBeGreaterThan(0);
  });
});
