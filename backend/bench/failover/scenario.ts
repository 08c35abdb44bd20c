import type {
  RedisTestCluster,
  RedisTestClusterOptions,
  RedisTestNode,
} from '../../src/redis/testing/index.js';
import type { Stage } from './stage.js';

/** What ours promises in a scenario; a bound that is not given does not apply. */
export interface Promises {
  /** Writes resume so long after the first `+switch-master` (without one: after the fault), median and worst. */
  readonly writeGap?: readonly [median: number, worst: number];
  /** The whole gap in writes, whatever Sentinel takes. */
  readonly wholeWriteGap?: number;
  /** Writes are answered so soon after what was away can be used again. */
  readonly resumeAfterBack?: number;
  /** A healthy replica exists all the time: reads do not pause longer than this. */
  readonly readGap?: number;
  /** No command fails. Otherwise only with the typed errors of a deadline. */
  readonly noErrors?: boolean;
  /** Further codes with which a command may fail, because a node that is well gives them. */
  readonly mayFailWith?: readonly string[];
  /** A second after it is over nothing fails and nothing waits. */
  readonly worksAfter?: boolean;
  /** No acknowledged write is lost. */
  readonly nothingLost?: boolean;
  /** At most this share of what hand-tuned ioredis loses. */
  readonly lostShareOfTuned?: number;
  /** No connection is lost. */
  readonly noDisconnects?: boolean;
}

/** One thing that happens to a cluster under load. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** What the cluster is besides the standard one. */
  readonly cluster?: RedisTestClusterOptions;
  /** The nodes that clients reach through fault proxies. */
  readonly proxied?: (cluster: RedisTestCluster) => readonly RedisTestNode[];
  readonly promises: Promises;
  /** Injects the fault and resolves when the load may end. */
  readonly play: (stage: Stage) => Promise<void>;
}

/** What applies where a primary fails and is replaced. */
export const FAILOVER: Promises = { writeGap: [50, 150], readGap: 50, noErrors: true };

/** What applies where nothing that the client needs goes away. */
export const UNDISTURBED: Promises = { ...FAILOVER, nothingLost: true };

/** Data outlives the process, for those scenarios in which a primary returns as one. Written before it is acknowledged. */
export const KEEPS_DATA: RedisTestClusterOptions = {
  redisConfig: ['appendonly yes', 'appendfsync no'],
};
