import {
  announceRogueSentinel,
  startForeignRedis,
  takeAddressOf,
} from '../../test/support/impostors.js';
import { FAILS_WITH } from '../../test/support/user-scripts.js';
import { callsOf } from '../../test/support/clients.js';
import { connectionName } from '../clients/bench-client.js';
import { connectionsOf } from '../common/server-connections.js';
import { UNDISTURBED, type Scenario } from './scenario.js';
import { READ_KEY } from './workload.js';

/** What Redis itself says when it refuses, and what scripts of users say for reasons of their own. */
const WORDS = ['BUSY the lock is held', 'LOADING the truck', 'NOREPLICAS of this item'];
const LISTENS_MS = 10_000;
const TAKEN_MS = 10_000;

/** What says something that is not so. */
export const LIES: readonly Scenario[] = [
  {
    name: 'script-errors',
    title: "Scripts of the user's answer BUSY …, LOADING … and NOREPLICAS …",
    promises: { ...UNDISTURBED, noDisconnects: true, worksAfter: true },
    async play(stage) {
      await stage.fault(() => undefined);
      for (const [at, word] of WORDS.entries()) {
        await stage.afterFault(at * 1000);
        const counter = `bench:script:${String(at)}`;
        const order = { command: ['eval', FAILS_WITH, '1', counter, word] };
        const { outcomes } = await stage.ours(word, order);
        const runs = Number(await stage.cluster.primary().command('GET', counter));
        stage.check(runs === 1, `runs of the script that answers "${word}": ${String(runs)}`);
        const isRejected = outcomes['COMMAND_REJECTED'] === 1;
        stage.check(isRejected, `it ended with ${Object.keys(outcomes).join(', ')}`);
      }
      stage.isBack();
      await stage.tail();
    },
  },
  {
    name: 'reset-all',
    title: 'Every connection of the applications is reset at once',
    cluster: { proxied: true },
    proxied: (cluster) => cluster.nodes(),
    promises: {
      wholeWriteGap: 300,
      readGap: 300,
      noErrors: true,
      nothingLost: true,
      worksAfter: true,
    },
    async play(stage) {
      await stage.fault(() => {
        for (const { proxy } of stage.cluster.nodes()) {
          proxy.refuse();
          proxy.heal();
        }
      });
      stage.isBack();
      await stage.tail();
    },
  },
  {
    name: 'rogue-sentinel',
    title: 'A Sentinel announced by PUBLISH names a foreign Redis as the primary, for 10 s',
    promises: { ...UNDISTURBED, noDisconnects: true, worksAfter: true },
    async play(stage) {
      await using foreign = await startForeignRedis(stage.cluster);
      const rogue = await stage.fault(() => announceRogueSentinel(stage.cluster, foreign));
      await stage.afterFault(LISTENS_MS);
      const asked = rogue.connectionsEver;
      stage.note(`the rogue was connected to ${String(asked)} times`);
      const lured = await connectionsOf([foreign.node], connectionName('ours'));
      stage.check(lured.length === 0, `connections to what it names: ${String(lured.length)}`);
      const taken = await callsOf(foreign.node, 'set');
      stage.check(taken === 0, `writes that went there: ${String(taken)}`);
      await rogue.stop();
      stage.isBack();
      await stage.tail();
    },
  },
  {
    name: 'address-taken',
    title: 'The address of a dead replica is taken by a replica of another Redis, for 10 s',
    promises: { ...UNDISTURBED, worksAfter: true },
    async play(stage) {
      await using foreign = await startForeignRedis(stage.cluster);
      await foreign.node.command('SET', READ_KEY, 'of another Redis');
      const [replica] = stage.cluster.replicas();
      if (replica === undefined) throw new Error('there is no replica');
      await stage.fault(() => takeAddressOf(replica, foreign));
      stage.note(`${replica.name} serves the data of another Redis`);
      await stage.afterFault(TAKEN_MS);
      const { host, port } = stage.cluster.primary().address;
      await replica.command('REPLICAOF', host, String(port));
      await stage.untilSettled();
      stage.isBack();
      await stage.tail();
    },
  },
];
