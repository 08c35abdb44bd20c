import { runSkew } from '../../bench/skew/run-skew.js';
import { SkewStage } from '../../bench/skew/stage.js';
import { WorkerPool, type Worker } from '../support/worker.js';

const CALLS = 500;

describe('three processes whose calendars are half a second wrong, on one cluster', () => {
  let pool: WorkerPool;
  let stage: SkewStage<Worker>;

  jest.setTimeout(60_000);

  beforeAll(async () => {
    pool = new WorkerPool(
      'skew-worker.ts',
      'random-histories.ts',
      ...['skewed-process.ts', 'skew-load.ts', 'skew-keys.ts', 'source-of-truth.ts'].map(
        (file) => `../../bench/skew/${file}`,
      ),
      '../../bench/common/clock.ts',
      '../../bench/common/groups.ts',
    );
    stage = await SkewStage.start({
      start: () => pool.start({}),
      end: (worker: Worker) => worker.kill(),
    });
  });
  afterAll(async () => {
    await stage.stop();
    await pool.close();
  });

  it('serve nothing at rest that is older than its source, from near copies, Redis or memory', async () => {
    const { stale, untold, counts } = await runSkew(stage, 1, CALLS);
    expect(stale).toEqual([]);
    expect(untold).toBe(0);
    // Otherwise there was nothing to find.
    expect(counts.loads).toBeGreaterThan(50);
    expect(counts.nearHits).toBeGreaterThan(50);
  });
});
