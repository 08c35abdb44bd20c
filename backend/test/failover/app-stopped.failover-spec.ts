import { setTimeout as pass } from 'node:timers/promises';
import {
  startRedisCluster,
  waitUntil,
  type RedisTestCluster,
} from '../../src/redis/testing/index.js';
import type { BusyReport } from '../support/busy-worker.js';
import { WorkerPool, type Worker } from '../support/worker.js';

/** Longer than a heartbeat may be unanswered, 3 s by default. */
const STOPPED_MS = 4000;

describe('the application itself is stopped for a while (SIGSTOP)', () => {
  let cluster: RedisTestCluster;
  let pool: WorkerPool;

  beforeAll(async () => {
    pool = new WorkerPool('busy-worker.ts', 'load.ts');
    cluster = await startRedisCluster();
  });
  afterAll(async () => {
    await pool.close();
    await cluster.stop();
  });

  async function untilWritten(worker: Worker, more: number): Promise<void> {
    const goal = (await worker.call<number>('written')) + more;
    await waitUntil(async () => (await worker.call<number>('written')) >= goal, {
      what: `the application has written ${String(more)} times more`,
    });
  }

  it('it goes on as if nothing had been: connected, with every answer, nothing lost or waiting', async () => {
    const worker = await pool.start(cluster.options());
    await untilWritten(worker, 200);
    worker.freeze();
    await pass(STOPPED_MS);
    worker.thaw();
    await untilWritten(worker, 400);
    const { load, check, connectionsLost, waiting } = await worker.call<BusyReport>('report');
    expect(load).toMatchObject({ hung: 0, wrongReads: [], repeatedCounts: 0 });
    // Only what was under way when it was stopped may have met its deadline meanwhile.
    for (const { command, code } of load.errors)
      expect(`${command} ${code}`).toBe('get COMMAND_TIMEOUT');
    expect(check.lost).toEqual([]);
    expect(check.counter).toBe(load.incrAcknowledged + load.uncertain.incr);
    expect(load.uncertain).toEqual({ set: 0, incr: 0 });
    expect(connectionsLost).toBe(0);
    expect(waiting).toEqual({ reads: 0, writes: 0 });
  });
});
