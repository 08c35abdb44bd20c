import {
  busyScript,
  CAN_REFUSE,
  fullDisk,
  loading,
  outOfMemory,
  type Refusal,
} from '../../test/support/refusing-node.js';
import type { Scenario } from './scenario.js';
import type { Stage } from './stage.js';

// Longer than the 8 s that a write may take, so that those of the beginning reach their deadline.
const REFUSES_MS = 10_000;
const AWAY_MS = 14_000;
const BURST = 12_000;

const REFUSING = { redisConfig: CAN_REFUSE };
// A PING is refused too: Sentinels would soon replace such a primary, or kill the script.
const LEFT_ALONE = { ...REFUSING, downAfterMs: 30_000 };
const RECOVERS = { resumeAfterBack: 1000, readGap: 50, worksAfter: true, nothingLost: true };

async function refuse(stage: Stage, refusal: Refusal, meanwhile?: () => Promise<void>) {
  const primary = await stage.cluster.currentPrimary();
  const end = await stage.fault(() => refusal(primary));
  stage.note('the primary refuses writes');
  await meanwhile?.();
  await stage.afterFault(REFUSES_MS);
  await end();
  stage.isBack();
  await stage.tail();
}

/** What a primary that is alive refuses for longer than a write may wait. */
export const REFUSALS: readonly Scenario[] = [
  {
    name: 'no-replicas',
    title: 'Both replicas are killed and restarted after 14 s: the primary answers NOREPLICAS',
    promises: RECOVERS,
    async play(stage) {
      const replicas = stage.cluster.replicas();
      await stage.fault(() => Promise.all(replicas.map((node) => node.kill())));
      await stage.afterFault(AWAY_MS);
      await Promise.all(replicas.map((node) => node.restart()));
      await stage.untilWritable(() => stage.cluster.currentPrimary());
      await stage.tail();
    },
  },
  {
    name: 'out-of-memory',
    title: 'The primary is full (OOM) for 10 s',
    cluster: REFUSING,
    promises: { ...RECOVERS, mayFailWith: ['COMMAND_REJECTED'] },
    play: (stage) => refuse(stage, outOfMemory),
  },
  {
    name: 'burst-refused',
    title: '12,000 writes in one turn while the primary is full (OOM), for 10 s',
    cluster: REFUSING,
    promises: { ...RECOVERS, readGap: 1000, mayFailWith: ['COMMAND_REJECTED', 'QUEUE_FULL'] },
    play: (stage) =>
      refuse(stage, outOfMemory, async () => {
        const order = { command: ['SET', 'bench:burst', '1'], times: BURST };
        await stage.ours(`${String(BURST)} × SET`, order);
      }),
  },
  {
    name: 'full-disk',
    title: 'The primary cannot save (MISCONF) for 10 s',
    cluster: LEFT_ALONE,
    promises: RECOVERS,
    play: (stage) => refuse(stage, fullDisk),
  },
  {
    name: 'loading',
    title: 'The primary reads its data set from disk (LOADING) for 10 s',
    cluster: REFUSING,
    promises: RECOVERS,
    play: (stage) => refuse(stage, loading),
  },
  {
    name: 'busy-script',
    title: "Somebody's script keeps the primary BUSY for 10 s, and is killed",
    cluster: LEFT_ALONE,
    promises: RECOVERS,
    play: (stage) => refuse(stage, busyScript),
  },
];
