// @ts-check
// What operators do on purpose: stop the primary, stop two nodes, lose a Sentinel's volume, take everything down.
import { SENTINELS, NODES } from './support/cluster.mjs';
import { accountForKeys, moved, tellGaps } from './faults.mjs';
import { expect, sleep, until } from './support/runner.mjs';

const MAX_HANDOVER_MS = 3000;

/**
 * @param {import('./support/cluster.mjs').Cluster} cluster
 * @param {import('./support/traffic.mjs').Traffic} traffic
 * @param {import('./support/runner.mjs').Note} note
 */
async function stopPrimary(cluster, traffic, note) {
  const old = await cluster.agreedPrimary();
  const id = await cluster.container(old);
  await traffic.all('mark');
  const faultAt = Date.now();
  await cluster.docker('stop', id);
  note(`stopped in ${((Date.now() - faultAt) / 1000).toFixed(2)} s`);
  await moved(cluster, old);
  await sleep(500);
  const accounts = await traffic.account();
  tellGaps(note, accounts);
  for (const { name, gapMs } of accounts) {
    expect(gapMs < MAX_HANDOVER_MS, `${name}: writes waited ${gapMs.toFixed(0)} ms`);
  }
  await accountForKeys(traffic, note, { faultAt, promised: true });
  await cluster.docker('start', id);
  await cluster.settled();
}

/**
 * @param {import('./support/cluster.mjs').Cluster} cluster
 * @param {import('./support/traffic.mjs').Traffic} traffic
 * @param {import('./support/runner.mjs').Note} note
 */
async function otherOrder(cluster, traffic, note) {
  const first = await cluster.agreedPrimary();
  const [second = ''] = NODES.filter((node) => node !== first);
  const [firstId, secondId] = [await cluster.container(first), await cluster.container(second)];
  await traffic.all('mark');
  const faultAt = Date.now();
  await cluster.docker('stop', secondId);
  await cluster.compose('stop', first);
  // The hand-over is done when it has stopped. The last node alone refuses writes (min-replicas-to-write): they wait,
  // within their deadline, until there is a second one. Reads go on.
  await cluster.docker('start', secondId);
  await cluster.docker('start', firstId);
  await cluster.settled();
  expect((await cluster.primary()) !== first, `${first} is the primary still`);
  for (const node of NODES) {
    const { NetworkSettings } = await cluster.inspect(node);
    const [network] = Object.values(NetworkSettings.Networks);
    const address = network?.IPAddress;
    expect(address === cluster.address(node), `${node} has ${address}`);
  }
  // A read has 250 ms; the one node that is left needs more than that to become the primary.
  const accounts = await traffic.account({ readsMayFail: true });
  tellGaps(note, accounts);
  for (const { name, failedReads } of accounts) note(`${failedReads} reads timed out (${name})`);
  await accountForKeys(traffic, note, { faultAt, promised: true });
}

/**
 * As docs/operations/cluster-setup.md says it: one service after the other, each healthy before the next.
 * @param {import('./support/cluster.mjs').Cluster} cluster
 * @param {import('./support/traffic.mjs').Traffic} traffic
 * @param {import('./support/runner.mjs').Note} note
 */
async function rollingChange(cluster, traffic, note) {
  const startedAt = performance.now();
  await traffic.all('mark');
  const faultAt = Date.now();
  cluster.env.REDIS_MAXMEMORY = '300mb';
  for (const service of [...SENTINELS, ...NODES]) {
    await cluster.up('--no-deps', '--wait', service);
  }
  await cluster.settled();
  for (const node of NODES) {
    const [, value] = await cluster.list(node, 'CONFIG', 'GET', 'maxmemory');
    expect(value === String(300 * 2 ** 20), `${node} has maxmemory ${value}`);
  }
  note(`${((performance.now() - startedAt) / 1000).toFixed(0)} s in all`);
  tellGaps(note, await traffic.account());
  await accountForKeys(traffic, note, { faultAt, promised: true });
}

/**
 * @param {import('./support/cluster.mjs').Cluster} cluster
 * @param {import('./support/traffic.mjs').Traffic} traffic
 */
async function sentinelWithoutVolume(cluster, traffic) {
  const [, lost = ''] = SENTINELS;
  const before = await cluster.sentinelView(lost);
  await traffic.all('mark');
  const id = await cluster.container(lost);
  await cluster.docker('exec', id, 'rm', '-f', '/data/sentinel.conf');
  await cluster.docker('kill', id);
  await cluster.docker('start', id);
  await until('it to answer', 20_000, async () => {
    const view = await cluster.sentinelView(lost);
    return view.primary === before.primary ? undefined : `it names ${view.primary}`;
  });
  // The others keep its old id until they meet the new one at the same address.
  await cluster.settled();
  await traffic.account();
}

/**
 * @param {import('./support/cluster.mjs').Cluster} cluster
 * @param {import('./support/traffic.mjs').Traffic} traffic
 */
async function downAndUp(cluster, traffic) {
  const [sentinel = ''] = SENTINELS;
  const primary = await cluster.primary();
  const { epoch } = await cluster.sentinelView(sentinel);
  await traffic.all('pause');
  await cluster.down();
  await cluster.up();
  await cluster.settled();
  expect(
    (await cluster.primary()) === primary,
    `the primary was ${primary} and is ${await cluster.primary()}`,
  );
  const after = await cluster.sentinelView(sentinel);
  expect(after.epoch === epoch, `the epoch was ${epoch} and is ${after.epoch}`);
}

/**
 * @param {import('./support/runner.mjs').Runner} runner
 * @param {import('./support/cluster.mjs').Cluster} cluster
 * @param {import('./support/traffic.mjs').Traffic} traffic
 */
export async function planned(runner, cluster, traffic) {
  await runner.check(
    'docker stop of the primary hands over: nothing lost, nothing fails, below 3 s',
    (note) => stopPrimary(cluster, traffic, note),
  );
  await runner.check(
    'two nodes stopped and started in another order keep their addresses and the data',
    (note) => otherOrder(cluster, traffic, note),
  );
  if (cluster.hasWait) {
    await runner.check(
      'a changed setting, one service after the other: nothing fails, nothing is lost',
      (note) => rollingChange(cluster, traffic, note),
    );
  }
  await runner.check(
    'a Sentinel that lost its file learns the present primary from the others',
    () => sentinelWithoutVolume(cluster, traffic),
  );
}

/**
 * The last of all: the clients' data is gone with it, as nothing is kept on disk.
 * @param {import('./support/runner.mjs').Runner} runner
 * @param {import('./support/cluster.mjs').Cluster} cluster
 * @param {import('./support/traffic.mjs').Traffic} traffic
 */
export async function everythingDown(runner, cluster, traffic) {
  await runner.check('down and up: the Sentinels remember the primary and its epoch', () =>
    downAndUp(cluster, traffic),
  );
  await runner.check('the applications go on with the cluster that came back', async () => {
    await traffic.all('mark');
    await traffic.all('resume');
    await sleep(1000);
    await traffic.account();
  });
}

/**
 * As the user of the scripts of a data node, who may do little. The cluster is up.
 * @param {import('./support/runner.mjs').Runner} runner
 * @param {import('./support/cluster.mjs').Cluster} cluster
 */
export async function drill(runner, cluster) {
  await runner.check(
    'drill.sh in a data node moves the primary and loses nothing',
    async (note) => {
      const script = ['/bin/sh', '/opt/redis-ha/drill.sh'];
      const said = await cluster.compose('exec', '-T', 'redis-replica-1', ...script);
      expect(/passed\s*$/.test(said), said);
      note(/\d+ numbers acknowledged.*/.exec(said)?.[0] ?? '');
    },
  );
}

/**
 * With persistence on; the caller has set the variable and brought the cluster up.
 * @param {import('./support/runner.mjs').Runner} runner
 * @param {import('./support/cluster.mjs').Cluster} cluster
 */
export async function persistence(runner, cluster) {
  await runner.check(
    'with REDIS_APPENDONLY=yes the data survives down and up, on whichever node',
    async () => {
      await cluster.up();
      await cluster.settled();
      const primary = await cluster.agreedPrimary();
      for (let i = 0; i < 200; i++) await cluster.command(primary, 'SET', `kept:${i}`, String(i));
      await cluster.down();
      await cluster.up();
      await cluster.settled();
      const size = Number(await cluster.command(await cluster.agreedPrimary(), 'DBSIZE'));
      expect(size >= 200, `${size} keys of 200 are there`);
    },
  );
}
