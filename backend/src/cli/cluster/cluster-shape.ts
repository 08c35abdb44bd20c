import type { Clock } from '../../redis/base/timing/index.js';
import type { CommandIo } from '../frame/index.js';
import type { ClusterPlan } from '../local/index.js';

/** What is asked for. */
export interface ClusterOrder extends Omit<ClusterPlan, 'serverPath' | 'profile'> {
  /** `null`: the default for a new one, whichever it has for one that runs. */
  readonly profile: ClusterPlan['profile'] | null;
  readonly server: string | null;
  readonly compose: string | null;
  readonly composeEnv: string | null;
  readonly project: string | null;
}

/** One node of it, for people and programs. */
export interface NodeReport {
  readonly name: string;
  readonly address: string | null;
  /** Of the process, or the name of the container. */
  readonly process: string | null;
  /** `running`, `frozen`, `gone`, or what Docker calls it. */
  readonly state: string;
  readonly role: 'primary' | 'replica' | 'sentinel' | null;
}

/** What is known of a cluster, and what `--json` writes. */
export interface ClusterReport {
  /** The folder, or the Compose file. */
  readonly place: string;
  readonly profile: string | null;
  readonly nodes: readonly NodeReport[];
  /** What an application is started with. */
  readonly variables: Readonly<Record<string, string>>;
  /** What this program is given beside them, where an application may too little for it. */
  readonly operator: Readonly<Record<string, string>>;
  /** Why it is not whole. */
  readonly problems: readonly string[];
  /** How many were ended, after `down`. */
  readonly ended: number | null;
}

/** The report of one of which nothing runs. */
export function nothingIn(place: string): ClusterReport {
  const none = { nodes: [], variables: {}, operator: {}, problems: [] };
  return { place, profile: null, ...none, ended: null };
}

/** A cluster as the command sees it, of processes or containers. */
export interface Cluster {
  readonly place: string;
  up(): Promise<void>;
  /** Ends it; returns how many nodes were ended. */
  down(alsoVolumes: boolean): Promise<number>;
  look(): Promise<ClusterReport>;
}

/** What it works with. */
export interface Means {
  readonly io: CommandIo;
  readonly clock: Clock;
}
