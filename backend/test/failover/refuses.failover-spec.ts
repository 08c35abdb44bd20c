import {
  startRedisCluster,
  waitUntil,
  type RedisTestCluster,
} from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine, withOptions } from '../support/engines.js';
import { startLoad } from '../support/load.js';
import { outcomeOf } from '../support/outcomes.js';
import { untilWritten } from '../support/progress.js';
import {
  busyScript,
  CAN_REFUSE,
  fullDisk,
  loading,
  outOfMemory,
  tooFewReplicas,
  type Refusal,
} from '../support/refusing-node.js';

const WRITE_TIMEOUT_MS = 500;
/** So many writes fail, one after the other at their deadline, before the primary accepts them again. */
const REFUSED = 1500;
/** More than a connection takes before it counts as full. */
const BURST = 12_000;

describe('the primary refuses writes for longer than their deadline, then accepts them again', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    // MISCONF and BUSY are answers to PING too: Sentinels would soon replace such a primary, or kill the script.
    cluster = await startRedisCluster({ downAfterMs: 30_000, redisConfig: CAN_REFUSE });
  });
  afterEach(() => closeEngines());
  afterAll(() => cluster.stop());

  const start = () =>
    startReadyEngine(
      withOptions(cluster.options(), { routing: { writeTimeoutMs: WRITE_TIMEOUT_MS } }),
    );

  it.each<[string, Refusal, string]>([
    ['NOREPLICAS', tooFewReplicas, 'NO_PRIMARY'],
    ['OOM', outOfMemory, 'COMMAND_REJECTED'],
    ['MISCONF', fullDisk, 'NO_PRIMARY'],
    ['LOADING', loading, 'NO_PRIMARY'],
    ['BUSY', busyScript, 'NO_PRIMARY'],
  ])(
    '%s: writes fail typed, reads go on, and then all of both succeed',
    async (_, refusal, code) => {
      const { redis } = await start();
      const load = startLoad(redis, { opsPerSecond: 1000 });
      try {
        await untilWritten(load, 200);
        load.resetGaps();
        const end = await refusal(cluster.primary());
        await waitUntil(() => load.errors.length >= REFUSED, {
          what: `${String(REFUSED)} writes have failed`,
        });
        await end();
        await waitUntil(() => redis.status.waiting.writes === 0, { what: 'no write waits' });
        expect(new Set(await failuresOf(300, () => redis.set('later', '1')))).toEqual(new Set());
        const report = await load.stop();
        const check = await load.check();
        expect(report).toMatchObject({ hung: 0, wrongReads: [], repeatedCounts: 0 });
        expect(report.errors.filter(({ command }) => command === 'get')).toEqual([]);
        expect(new Set(report.errors.map((error) => error.code))).toEqual(new Set([code]));
        expect(check.lost).toEqual([]);
        expect(check.counter).toBeGreaterThanOrEqual(report.incrAcknowledged);
        expect(check.counter).toBeLessThanOrEqual(report.incrAcknowledged + report.uncertain.incr);
        expect(redis.status).toMatchObject({ status: 'up', waiting: { reads: 0, writes: 0 } });
      } finally {
        await load.stop();
      }
    },
  );

  it('12,000 writes in one turn meet OOM: each is told so, and the connection works on', async () => {
    // With its usual deadline: on a busy machine not all of so many are answered within a short one.
    const { redis } = await startReadyEngine(cluster.options());
    const end = await outOfMemory(cluster.primary());
    const codes = await failuresOf(BURST, () => redis.set('burst', '1'));
    expect(codes).toHaveLength(BURST);
    for (const code of new Set(codes)) expect(code).toMatch(/^(COMMAND_REJECTED|QUEUE_FULL)$/);
    await end();
    expect(new Set(await failuresOf(300, () => redis.set('later', '1')))).toEqual(new Set());
    expect(new Set(await failuresOf(300, () => redis.get('later')))).toEqual(new Set());
    expect(redis.status).toMatchObject({ status: 'up', waiting: { reads: 0, writes: 0 } });
  });
});

/** Makes so many calls in one turn. Returns the codes of those that failed. */
async function failuresOf(times: number, call: () => Promise<unknown>): Promise<string[]> {
  const outcomes = await Promise.all(Array.from({ length: times }, () => outcomeOf(call())));
  return outcomes.flatMap(({ code }) => code ?? []);
}
