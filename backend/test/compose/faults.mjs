// @ts-check
// What happens to a primary against its will, under traffic: no call fails, writes go on at another node, and the old
// primary comes back as a replica.
import { expect, until } from './support/runner.mjs';

// Redis replicates without waiting: what it acknowledged in the last moment before a crash may be gone.
const LAST_MOMENT_MS = 1000;
const MAX_GAP_MS = 8000;
/** @typedef {{ old: string, id: string }} Victim the primary: its service, and its container */
/** @typedef {(victim: Victim) => Promise<unknown>} Deed */
/** @typedef {{ breakIt: Deed, mend: Deed }} Fault */

/** @param {number} ms */
const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;

/**
 * Waits for all three Sentinels to name another node.
 * @param {import('./support/cluster.mjs').Cluster} cluster
 * @param {string} from
 */
export async function moved(cluster, from) {
  await until(`another primary than ${from}`, 30_000, async () => {
    const now = await cluster.primary();
    return now !== undefined && now !== from ? undefined : `still ${now ?? 'several'}`;
  });
  return await cluster.primary();
}

/**
 * Keys that were acknowledged and are gone, outside the moment in which Redis promises nothing.
 * @param {import('./support/traffic.mjs').Traffic} traffic
 * @param {import('./support/runner.mjs').Note} note
 * @param {{ faultAt: number, promised: boolean }} fault
 */
export async function accountForKeys(traffic, note, { faultAt, promised }) {
  const { checked, lost } = await traffic.lost();
  const broken = promised
    ? lost
    : lost.filter(
        (ackedAt) => ackedAt < faultAt - LAST_MOMENT_MS || ackedAt > faultAt + LAST_MOMENT_MS,
      );
  expect(broken.length === 0, `${broken.length} of ${checked} acknowledged keys are gone`);
  note(`${lost.length} of ${checked} acknowledged keys gone`);
}

/**
 * @param {import('./support/runner.mjs').Note} note
 * @param {readonly { name: string, gapMs: number }[]} accounts
 */
export function tellGaps(note, accounts) {
  for (const { name, gapMs } of accounts) note(`writes waited ${seconds(gapMs)} (${name})`);
}

/**
 * One fault from start to end: break, see it move, mend, see it whole, count.
 * @param {import('./support/cluster.mjs').Cluster} cluster
 * @param {import('./support/traffic.mjs').Traffic} traffic
 * @param {import('./support/runner.mjs').Note} note
 * @param {Fault} fault
 */
async function strike(cluster, traffic, note, { breakIt, mend }) {
  const old = await cluster.agreedPrimary();
  const id = await cluster.container(old);
  await traffic.all('mark');
  const faultAt = Date.now();
  await breakIt({ old, id });
  await moved(cluster, old);
  await until('writes to go on', 20_000, async () => await writesGoOn(traffic));
  await mend({ old, id });
  await cluster.settled();
  const [role] = await cluster.role(old);
  expect(role === 'slave', `${old} came back as ${role}`);
  const accounts = await traffic.account();
  tellGaps(note, accounts);
  for (const { name, gapMs } of accounts) {
    expect(gapMs < MAX_GAP_MS, `${name}: writes waited ${seconds(gapMs)}`);
  }
  await accountForKeys(traffic, note, { faultAt, promised: false });
}

/** @param {import('./support/traffic.mjs').Traffic} traffic */
async function writesGoOn(traffic) {
  const before = (await traffic.all('report')).map(({ writes }) => writes);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const after = (await traffic.all('report')).map(({ writes }) => writes);
  return after.every((writes, index) => writes > (before[index] ?? 0) + 3)
    ? undefined
    : 'they stand still';
}

/** @param {{ cluster: import('./support/cluster.mjs').Cluster, id: string }} victim */
async function crashes({ cluster, id }) {
  const pid = (await cluster.docker('inspect', '-f', '{{.State.Pid}}', id)).trim();
  process.kill(Number(pid), 'SIGKILL');
}

/**
 * @param {import('./support/runner.mjs').Runner} runner
 * @param {import('./support/cluster.mjs').Cluster} cluster
 * @param {import('./support/traffic.mjs').Traffic} traffic
 */
export async function faults(runner, cluster, traffic) {
  const docker = (/** @type {string[]} */ ...args) => cluster.docker(...args);
  const one = (/** @type {string} */ name, /** @type {Fault} */ fault) =>
    runner.check(name, (note) => strike(cluster, traffic, note, fault));

  await one('primary killed: failover, no failed call, old primary returns as a replica', {
    breakIt: ({ id }) => docker('kill', id),
    mend: ({ id }) => docker('start', id),
  });
  await one('primary frozen (docker pause), thawed later', {
    breakIt: ({ id }) => docker('pause', id),
    mend: ({ id }) => docker('unpause', id),
  });
  await one('primary cut off from the network and connected again', {
    breakIt: ({ id }) => docker('network', 'disconnect', `${cluster.project}_redis`, id),
    mend: ({ old, id }) =>
      docker(
        'network',
        'connect',
        '--alias',
        old,
        '--ip',
        cluster.address(old),
        `${cluster.project}_redis`,
        id,
      ),
  });
  await one('primary crashed and restarted at once, empty: the replicas keep the data', {
    breakIt: ({ id }) => crashes({ cluster, id }),
    mend: async ({ old }) => {
      const { RestartCount, State } = await cluster.inspect(old);
      expect(State.Running && RestartCount > 0, `${old} was not restarted by its policy`);
    },
  });
}
