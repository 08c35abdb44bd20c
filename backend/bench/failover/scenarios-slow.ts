import type { RedisTestNode } from '../../src/redis/testing/index.js';
import { CAN_REFUSE, slowFor } from '../../test/support/refusing-node.js';
import { callsOf } from '../../test/support/clients.js';
import { TAKES_A_SECOND } from '../../test/support/user-scripts.js';
import { sum } from '../../src/cli/measure/statistics.js';
import type { Promises, Scenario } from './scenario.js';
import type { Stage } from './stage.js';

const ROUNDS = 3;
const EVERY_MS = 5000;
const SLOW_MS = 1000;
const STOPPED_MS = 5000;

const SLOW = { redisConfig: CAN_REFUSE };
const STEADY: Promises = {
  noErrors: true,
  nothingLost: true,
  noDisconnects: true,
  worksAfter: true,
};

async function everyFiveSeconds(stage: Stage, work: () => Promise<void>): Promise<void> {
  await stage.fault(work);
  for (let round = 1; round < ROUNDS; round++) {
    await stage.afterFault(round * EVERY_MS);
    await work();
  }
  stage.isBack();
  await stage.tail();
}

function dataNodes(stage: Stage): readonly RedisTestNode[] {
  return [stage.cluster.primary(), ...stage.cluster.replicas()];
}

/** What takes its time and is not dead. */
export const SLOWNESS: readonly Scenario[] = [
  {
    name: 'slow-primary',
    title: 'The primary does nothing for 1 s, every 5 s, three times',
    cluster: SLOW,
    promises: { ...STEADY, wholeWriteGap: 1150, readGap: 50 },
    play: (stage) => everyFiveSeconds(stage, () => slowFor(stage.cluster.primary(), SLOW_MS)),
  },
  {
    name: 'slow-replica',
    title: 'A replica does nothing for 1 s, every 5 s, three times',
    cluster: SLOW,
    promises: { ...STEADY, wholeWriteGap: 50, readGap: 150 },
    async play(stage) {
      const [replica] = stage.cluster.replicas();
      if (replica === undefined) throw new Error('there is no replica');
      await everyFiveSeconds(stage, () => slowFor(replica, SLOW_MS));
    },
  },
  {
    name: 'slow-read',
    title: 'A read of 1 s (EVAL_RO) among the others, every 5 s, three times',
    promises: { ...STEADY, wholeWriteGap: 50, readGap: 150 },
    async play(stage) {
      const order = { command: ['eval_ro', TAKES_A_SECOND, '0'], timeoutMs: 4000 };
      await everyFiveSeconds(stage, async () => {
        await stage.ours('the slow read', order);
      });
      const runs = sum(await Promise.all(dataNodes(stage).map((node) => callsOf(node, 'eval_ro'))));
      stage.check(runs === ROUNDS, `nodes that ran ${String(ROUNDS)} slow reads: ${String(runs)}`);
    },
  },
  {
    name: 'app-stopped',
    title: 'The applications are stopped for 5 s (SIGSTOP)',
    promises: { nothingLost: true, noDisconnects: true, worksAfter: true, resumeAfterBack: 1000 },
    async play(stage) {
      const pids = [...stage.clients.values()].flatMap(({ pid }) => pid ?? []);
      await stage.fault(() => {
        for (const pid of pids) process.kill(pid, 'SIGSTOP');
      });
      await stage.afterFault(STOPPED_MS);
      for (const pid of pids) process.kill(pid, 'SIGCONT');
      stage.isBack();
      await stage.tail();
    },
  },
];
