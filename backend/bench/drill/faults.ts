import type { RedisService } from '../../src/redis/index.js';
import type { RedisTestCluster } from '../../src/redis/testing/index.js';
import { now, sleep } from '../common/clock.js';
import type { Kind } from './arguments.js';
import type { FaultReport } from './results.js';

const KILLED_MS = 10_000;
const FROZEN_MS = 12_000;

/** What a fault needs besides the cluster. */
export interface FaultSettings {
  /** A client that nobody else uses. */
  readonly redis: RedisService;
  /** Nothing is started again once the drill is being ended: nobody would stop it. */
  readonly isEnding: () => boolean;
}

interface Scene extends FaultSettings {
  readonly cluster: RedisTestCluster;
  readonly mark: (label: string) => void;
}

/** Something that happened, on the clock of the benchmarks. */
export interface MarkAt {
  readonly label: string;
  readonly at: number;
}

/** What was done. */
export interface Fault extends Omit<FaultReport, 'marks'> {
  readonly marks: readonly MarkAt[];
}

type Play = (scene: Scene) => Promise<FaultReport['report']>;

const FAULTS: Readonly<Record<Kind, Play>> = {
  async kill({ cluster, mark, isEnding }) {
    const primary = await cluster.currentPrimary();
    mark('killed');
    await primary.kill();
    await sleep(KILLED_MS);
    if (isEnding()) return null;
    await primary.restart();
    mark('restarted');
    return null;
  },
  async freeze({ cluster, mark }) {
    const primary = await cluster.currentPrimary();
    mark('frozen');
    await primary.freeze();
    await sleep(FROZEN_MS);
    primary.thaw();
    mark('thawed');
    return null;
  },
  async switchover({ redis, mark }) {
    mark('switchover');
    const { writeGapMs, totalMs } = await redis.switchover();
    return { writeGapMs, totalMs };
  },
  async 'all-down'({ cluster, mark, isEnding }) {
    mark('all killed');
    await Promise.all(cluster.nodes().map((node) => node.kill()));
    await sleep(KILLED_MS);
    if (isEnding()) return null;
    // The data first: Sentinels that find nobody begin by looking for a failover.
    const dataNodes = cluster.nodes().filter(({ group }) => group !== null);
    await Promise.all(dataNodes.map((node) => node.restart()));
    await Promise.all(cluster.sentinels().map((node) => node.restart()));
    mark('all back, empty');
    return null;
  },
  steady: () => Promise.resolve(null),
};

/** Does something to the cluster. Resolves when it is undone. */
export async function inject(
  kind: Kind,
  cluster: RedisTestCluster,
  settings: FaultSettings,
): Promise<Fault> {
  const marks: MarkAt[] = [];
  const mark = (label: string): void => void marks.push({ label, at: now() });
  try {
    const report = await FAULTS[kind]({ ...settings, cluster, mark });
    return { marks, report, failure: null };
  } catch (error) {
    return { marks, report: null, failure: error instanceof Error ? error.message : String(error) };
  }
}
