import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { countByCode } from './load.js';
import { OWN_WORLD, whyNoWorld } from './namespaces.js';
import type { PodClusterPlan } from './pod-cluster.js';
import type { PodAct, PodReport } from './pod-world.js';
import { WorkerPool, type Worker } from './worker.js';

const PROGRAM = [
  'pod-world.ts',
  'pod-cluster.ts',
  'pod-network.ts',
  'pod.ts',
  'tiny-dns.ts',
  'load.ts',
  'session-users.ts',
  'session-door.ts',
  'random-histories.ts',
  '../../src/redis/testing/time/wait-until.ts',
] as const;

const PROBE =
  'ip link add v1 type veth peer name v2 && mount -t tmpfs none /run && nsenter --version';

/** A platform as pods see it, and what is done to it. */
export interface PodPlatform extends Omit<
  PodClusterPlan,
  'directory' | 'scripts' | 'refusesAtFormerAddresses'
> {
  readonly platform: string;
  readonly acts: readonly PodAct[];
}

const PLANNED: readonly PodAct[] = ['redeploy all', 'drill', 'scale reads'];
const MAY_END_WHERE_IT_WAS: readonly PodAct[] = ['redeploy all', 'scale reads'];

/** Tests of the node scripts on a platform, under the load of two applications. Skipped, with the reason, where no namespaces are allowed. */
export function describePods({ acts, platform, ...plan }: PodPlatform): void {
  const problem = whyNoWorld(PROBE);
  if (problem !== null) process.stderr.write(`SKIPPED: pods of ${platform}: ${problem}\n`);
  const describeHere = problem === null ? describe : describe.skip;
  describeHere(`the node scripts on ${platform}, whose names get new addresses`, () => {
    const directory = mkdtempSync(join(tmpdir(), 'pods-'));
    const pool = new WorkerPool(...PROGRAM);
    let world: Worker;

    beforeAll(async () => {
      const whole: PodClusterPlan = {
        ...plan,
        directory,
        scripts: resolve('deploy/redis'),
        // By hand: PODS_SILENT=1. A Sentinel that waits for such an address tries the next one 15 s later.
        refusesAtFormerAddresses: process.env['PODS_SILENT'] === undefined,
      };
      world = await pool.start(whole, OWN_WORLD);
    });
    afterAll(async () => {
      await pool.close();
      rmSync(directory, { recursive: true, force: true });
    });

    it.each(acts)('lose no session and give no error that is not documented: %s', async (act) => {
      const report = await world.call<PodReport>('live', act);
      process.stdout.write(`${summary(act, report)}\n`);
      judge(act, report);
    });
  });
}

function judge(act: PodAct, { load, ledger, users, wrong, primary }: PodReport): void {
  expect(countByCode(load.errors)).toEqual({});
  expect(load).toMatchObject({ wrongReads: [], hung: 0 });
  expect({ faults: users.faults, wrong }).toEqual({ faults: [], wrong: [] });
  if (!MAY_END_WHERE_IT_WAS.includes(act)) expect(primary.after).not.toBe(primary.before);
  if (!PLANNED.includes(act)) return;
  expect({ lost: ledger.lost.length, repeated: load.repeatedCounts }).toEqual({
    lost: 0,
    repeated: 0,
  });
}

function summary(
  act: PodAct,
  { load, ledger, sessions, tookMs, primary, said }: PodReport,
): string {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  return [
    `  ${act}: took ${seconds(tookMs)}, ${primary.before} -> ${primary.after}`,
    `  ${String(load.writesAcknowledged)} writes, ${String(load.readsServed)} reads, ` +
      `lost ${String(ledger.lost.length)}, uncertain ${JSON.stringify(load.uncertain)}, ` +
      `no write for ${seconds(load.writeGapMs)}, no read for ${seconds(load.readGapMs)}, ` +
      `${String(sessions.begun)} sessions, ${String(sessions.ended)} of them ended`,
    ...(process.env['PODS_SAID'] === undefined ? [] : said.map((line) => `    ${line}`)),
  ].join('\n');
}
