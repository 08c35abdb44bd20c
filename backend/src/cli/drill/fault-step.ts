import type { NodeAddress } from '../../redis/base/address/index.js';
import type { ReachOptions, Survey } from '../reach/index.js';

/** What can be broken. */
export const KINDS = ['kill', 'freeze', 'partition', 'switchover', 'node-loss', 'quorum'] as const;

/** One of {@link KINDS}. */
export type DrillKind = (typeof KINDS)[number];

/** What each does, for people. */
export const WHAT: Readonly<Record<DrillKind, string>> = {
  kill: 'the primary is killed',
  freeze: 'the primary stands still, and its connections stay open',
  partition: 'nobody reaches the primary, and it goes on',
  switchover: 'the primary is moved on purpose',
  'node-loss': 'the primary and a Sentinel are killed, as if their machine were gone',
  quorum: 'so many Sentinels are killed that the others can decide nothing',
};

/** One thing that is done to a cluster, and how it is put back. */
export interface FaultStep {
  /** What is done, for people and the plan. */
  readonly what: string;
  /** How it is put back, for people and the plan. */
  readonly back: string;
  readonly make: () => Promise<void>;
  readonly undo: () => Promise<void>;
  /** What a shell puts it back with, where this program cannot: it was killed. */
  readonly undoInShell: string;
}

/** What of a cluster does not run, and what starts it. */
export interface Asleep {
  /** Each with what it is, for people. */
  readonly nodes: readonly string[];
  readonly cure: string;
}

/** A cluster that can be drilled. */
export interface DrillTarget {
  /** For people: a folder, a Compose file, or the name of the group. */
  readonly place: string;
  readonly options: ReachOptions;
  /** Whether this program started it, for nothing but drills. */
  readonly isOwn: boolean;
  /** Whether a client of a node that is on the same machine as the node belongs to the node, as the health check of a container. */
  readonly hasOwnLoopback: boolean;
  /** What it is called by, to be looked at for what sounds like production. */
  readonly names: readonly string[];
  /** What of it does not run; `null` where all of it does, or this program cannot tell. */
  readonly asleep: Asleep | null;
  /** How it is broken. Nothing is touched yet. */
  steps(kind: Exclude<DrillKind, 'switchover'>, seen: Survey): FaultStep[];
}

/** Which nodes a fault takes away. */
export interface Victims {
  readonly primary: NodeAddress;
  readonly sentinels: readonly NodeAddress[];
}

/** The primary, and the Sentinels that go with it: one for the loss of a machine, a majority for the loss of the quorum. */
export function victimsOf(kind: DrillKind, { primary, sentinels }: Survey): Victims | null {
  if (primary === null) return null;
  const most = Math.floor(sentinels.length / 2) + 1;
  const count = kind === 'quorum' ? most : kind === 'node-loss' ? 1 : 0;
  const gone = sentinels.slice(0, count).map(({ address }) => address);
  return { primary: primary.announced, sentinels: gone };
}
