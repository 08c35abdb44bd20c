import { sleep } from '../common/clock.js';
import type { ScriptCluster } from './script-cluster.js';
import type { ScriptProcess } from './script-process.js';

/** The nodes at the moment of the stop, and the number of the run. */
export interface Scene {
  readonly cluster: ScriptCluster;
  readonly primary: ScriptProcess;
  readonly replicas: readonly ScriptProcess[];
  readonly run: number;
}

/** One state of a cluster in which its primary is stopped. */
export interface Case {
  readonly name: CaseName;
  readonly what: string;
  /** Makes the state; what it returns undoes it. */
  begin(scene: Scene): Promise<() => Promise<void>>;
  /** Whether clients without this library keep every acknowledged write too. */
  readonly isSafeForAll: boolean;
}

/** The names of the cases. */
export const CASE_NAMES = ['healthy', 'frozen', 'slow', 'one-sentinel', 'running'] as const;

/** The name of a case. */
export type CaseName = (typeof CASE_NAMES)[number];

const ATTACHES_AFTER_MS = 3000;
const nothing = (): Promise<void> => Promise.resolve();

/** A number of ms that differs from run to run, below `most`. */
function varied(run: number, most: number): number {
  return (run * 397) % most;
}

function oneReplica({ replicas, run }: Scene): ScriptProcess {
  return replicas[run % replicas.length]!;
}

/** Every state in which the primary is stopped. */
export const CASES: readonly Case[] = [
  {
    name: 'healthy',
    what: 'nothing is wrong',
    begin: () => Promise.resolve(nothing),
    isSafeForAll: true,
  },
  {
    name: 'frozen',
    what: 'one replica was frozen up to 1.5 s before',
    async begin(scene) {
      const replica = oneReplica(scene);
      const pid = await replica.signalServer('SIGSTOP');
      await sleep(varied(scene.run, 1500));
      return async () => {
        await replica.signalServer('SIGCONT', pid);
      };
    },
    isSafeForAll: true,
  },
  {
    name: 'slow',
    what: `one replica has a wrong masterauth for ${String(ATTACHES_AFTER_MS)} ms`,
    async begin(scene) {
      const replica = oneReplica(scene);
      await replica.command('CONFIG', 'SET', 'masterauth', 'wrong');
      const mended = sleep(ATTACHES_AFTER_MS).then(() =>
        replica.command('CONFIG', 'SET', 'masterauth', scene.cluster.password),
      );
      return async () => {
        await mended;
      };
    },
    isSafeForAll: true,
  },
  {
    name: 'one-sentinel',
    what: 'two of three Sentinels were killed up to 4 s before',
    async begin({ cluster, run }) {
      const gone = cluster.sentinels.filter((_, index) => index !== run % 3);
      await Promise.all(gone.map((sentinel) => sentinel.kill()));
      await sleep(varied(run, 4000));
      return nothing;
    },
    isSafeForAll: true,
  },
  {
    name: 'running',
    what: 'a Sentinel was told to fail over up to 400 ms before',
    async begin({ cluster, run }) {
      await cluster.sentinels[run % 3]!.command('SENTINEL', 'FAILOVER', 'mymaster');
      await sleep(varied(run, 400));
      return nothing;
    },
    // Sentinel promotes a replica while the primary goes on acknowledging.
    isSafeForAll: false,
  },
];
