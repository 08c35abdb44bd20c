import type { RedisTestNode } from '../../src/redis/testing/index.js';
import { sleep } from '../common/clock.js';
import { FAILOVER, type Scenario } from './scenario.js';
import type { Stage } from './stage.js';

const FROZEN_MS = 12_000;

async function freezeAndThaw(stage: Stage, others: readonly RedisTestNode[]): Promise<void> {
  const primary = await stage.cluster.currentPrimary();
  await stage.fault(() => Promise.all([primary, ...others].map((node) => node.freeze())));
  await stage.untilSwitched();
  await stage.afterFault(FROZEN_MS);
  for (const node of [...others, primary]) node.thaw();
  stage.note('thawed');
  await stage.untilReplica(primary);
  await stage.tail();
}

/** What happens to a primary by accident. */
export const ACCIDENTS: readonly Scenario[] = [
  {
    name: 'kill',
    title: 'The primary is killed (SIGKILL)',
    promises: FAILOVER,
    async play(stage) {
      const primary = await stage.cluster.currentPrimary();
      await stage.fault(() => primary.kill());
      await stage.untilSwitched();
      await stage.tail();
    },
  },
  {
    name: 'sigterm',
    title: 'The primary is stopped in an orderly way (SIGTERM)',
    promises: FAILOVER,
    async play(stage) {
      const primary = await stage.cluster.currentPrimary();
      await stage.fault(() => primary.terminate());
      stage.note('the process is gone');
      await stage.untilSwitched();
      await stage.tail();
    },
  },
  {
    name: 'freeze',
    title: 'The primary is frozen (SIGSTOP) and thaws after 12 s',
    promises: { ...FAILOVER, nothingLost: true },
    play: (stage) => freezeAndThaw(stage, []),
  },
  {
    name: 'freeze-with-sentinel',
    title: 'The primary and the first-listed Sentinel are frozen together and thaw after 12 s',
    promises: { ...FAILOVER, nothingLost: true },
    play: (stage) => freezeAndThaw(stage, stage.cluster.sentinels().slice(0, 1)),
  },
  {
    name: 'mute-sentinel',
    title: 'The first-listed Sentinel accepts connections and never answers; the primary is killed',
    cluster: { proxied: true },
    proxied: (cluster) => cluster.sentinels().slice(0, 1),
    promises: FAILOVER,
    async play(stage) {
      stage.cluster.sentinels()[0]?.proxy.blackHole();
      await sleep(1500);
      const primary = await stage.cluster.currentPrimary();
      await stage.fault(() => primary.kill());
      await stage.untilSwitched();
      await stage.tail();
    },
  },
];

/** What is done to a primary on purpose. */
export const PLANS: readonly Scenario[] = [
  {
    name: 'planned',
    title: 'Somebody else sends SENTINEL FAILOVER',
    promises: { ...FAILOVER, lostShareOfTuned: 0.05 },
    async play(stage) {
      const primary = await stage.cluster.currentPrimary();
      await stage.fault(() => stage.cluster.failover());
      await stage.untilSwitched();
      await stage.untilReplica(primary);
      await stage.tail();
    },
  },
  {
    name: 'switchover',
    title: 'Ours does a planned switchover; the others live through it',
    promises: { wholeWriteGap: 1300, readGap: 50, noErrors: true, nothingLost: true },
    async play(stage) {
      const primary = await stage.cluster.currentPrimary();
      const ours = stage.clients.get('ours');
      if (ours === undefined) throw new Error('the scenario switchover needs the client ours');
      const report = await stage.fault(() => ours.call('switchover'));
      stage.note(`switchover() answered ${JSON.stringify(report)}`);
      await stage.untilReplica(primary);
      await stage.tail();
    },
  },
];
