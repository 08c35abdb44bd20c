import { sleep } from '../common/clock.js';
import { KEEPS_DATA, UNDISTURBED, type Scenario } from './scenario.js';

const OTHER_GROUP = 'othermaster';
// Longer than the deadline of a write, so that those of the beginning reach it.
const NO_QUORUM_MS = 10_000;

/** What happens to nodes other than the primary, or to the way to it. */
export const SURROUNDINGS: readonly Scenario[] = [
  {
    name: 'replica-kill',
    title: 'A replica is killed and restarted after 4 s',
    promises: UNDISTURBED,
    async play(stage) {
      const [replica] = stage.cluster.replicas();
      if (replica === undefined) throw new Error('there is no replica');
      await stage.fault(() => replica.kill());
      await stage.afterFault(4000);
      await replica.restart();
      await stage.until(`${replica.name} is in step again`, 20_000, async () => {
        return (await replica.info('replication')).get('master_link_status') === 'up';
      });
      await stage.tail();
    },
  },
  {
    name: 'other-group',
    title: 'Another group of the same Sentinels fails over',
    cluster: { groups: ['mymaster', OTHER_GROUP] },
    promises: { ...UNDISTURBED, noDisconnects: true },
    async play(stage) {
      const primary = await stage.cluster.currentPrimary(OTHER_GROUP);
      await stage.fault(() => stage.cluster.failover(OTHER_GROUP));
      await stage.cluster.waitForPrimaryOtherThan(primary);
      stage.note('the other group has another primary');
      await stage.untilReplica(primary);
      await stage.tail();
    },
  },
  {
    name: 'app-partition',
    title: 'The primary is a black hole for the applications for 5 s; Sentinels reach it',
    cluster: { proxied: true },
    proxied: (cluster) => [cluster.primary()],
    promises: { resumeAfterBack: 1000, readGap: 50, noErrors: true, nothingLost: true },
    async play(stage) {
      const primary = await stage.cluster.currentPrimary();
      await stage.fault(() => {
        primary.proxy.blackHole();
      });
      await stage.afterFault(5000);
      primary.proxy.heal();
      await stage.untilWritable(() => primary);
      await stage.tail();
    },
  },
  {
    name: 'sentinels-2of3',
    title:
      'Two of three Sentinels are killed, then the primary; it returns after 10 s, then they do',
    cluster: KEEPS_DATA,
    promises: { resumeAfterBack: 1000, readGap: 50, nothingLost: true },
    async play(stage) {
      const lost = stage.cluster.sentinels().slice(0, 2);
      await Promise.all(lost.map((sentinel) => sentinel.kill()));
      await sleep(2000);
      const primary = await stage.cluster.currentPrimary();
      await stage.fault(() => primary.kill());
      await stage.afterFault(NO_QUORUM_MS);
      await primary.restart();
      stage.note('the primary answers');
      await stage.untilWritable(() => primary);
      await sleep(4000);
      await Promise.all(lost.map((sentinel) => sentinel.restart()));
      stage.note('the Sentinels are back');
      await stage.tail();
    },
  },
  {
    name: 'all-down',
    title: 'All three Redis are killed and restarted after 3 s, with their data',
    cluster: KEEPS_DATA,
    promises: { resumeAfterBack: 1000 },
    async play(stage) {
      const nodes = stage.cluster.nodes().filter(({ group }) => group !== null);
      await stage.fault(() => Promise.all(nodes.map((node) => node.kill())));
      await stage.afterFault(3000);
      await Promise.all(nodes.map((node) => node.restart()));
      stage.note('all answer');
      await stage.untilWritable(() => stage.cluster.currentPrimary());
      // Sentinel may just have decided on another primary.
      await sleep(3000);
      await stage.untilSettled();
      await stage.tail();
    },
  },
];
