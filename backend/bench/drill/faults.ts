// What is done to the cluster, and how it is undone.
import { now, sleep } from './clock.mjs';

export const DOWN_MS = { kill: 10_000, freeze: 12_000, 'all-down': 10_000 };

// Nothing is started again once the drill is being ended: nobody would stop it.
const dataNodes = (cluster) => cluster.nodes().filter(({ group }) => group !== null);

const FAULTS = {
  kill: async (cluster, { mark, isEnding }) => {
    const primary = await cluster.currentPrimary();
    mark('killed');
    await primary.kill();
    await sleep(DOWN_MS.kill);
    if (isEnding()) return;
    await primary.restart();
    mark('restarted');
  },
  freeze: async (cluster, { mark }) => {
    const primary = await cluster.currentPrimary();
    mark('frozen');
    await primary.freeze();
    await sleep(DOWN_MS.freeze);
    primary.thaw();
    mark('thawed');
  },
  switchover: async (_cluster, { mark, observer }) => {
    mark('switchover');
    const report = await observer.redis.switchover();
    return { writeGapMs: report.writeGapMs, totalMs: report.totalMs };
  },
  'all-down': async (cluster, { mark, isEnding }) => {
    mark('all killed');
    await Promise.all(cluster.nodes().map((node) => node.kill()));
    await sleep(DOWN_MS['all-down']);
    if (isEnding()) return;
    // The data first: Sentinels that find nobody begin by looking for a failover.
    await Promise.all(dataNodes(cluster).map((node) => node.restart()));
    await Promise.all(cluster.sentinels().map((node) => node.restart()));
    mark('all back, empty');
  },
  steady: async () => undefined,
};

/** Does it. Resolves with `{ marks, report?, failure? }` when it is undone; the marks are on the drill's clock. */
export async function inject(kind, cluster, { observer, isEnding }) {
  const marks = [];
  const mark = (label) => marks.push({ label, at: now() });
  try {
    const report = await FAULTS[kind](cluster, { mark, observer, isEnding });
    return { marks, report: report ?? null, failure: null };
  } catch (error) {
    return { marks, report: null, failure: error.message };
  }
}
