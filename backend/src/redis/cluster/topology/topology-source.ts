import type { NodeAddress } from '../../base/address/index.js';
import type { SentinelMessage } from './sentinel-message.js';
import type { SentinelView } from './sentinel-view.js';

/** One Sentinel, as a health report shows it. */
export interface SentinelStatus {
  readonly address: NodeAddress;
  readonly isAnswering: boolean;
  readonly isSubscribed: boolean;
  readonly problem: string | null;
}

/** What a source tells the tracker. */
export interface TopologySourceListener {
  /** Somebody trustworthy names this primary and these replicas. */
  readonly onTopology: (
    primary: NodeAddress,
    epoch: number,
    replicas: readonly NodeAddress[],
  ) => void;
  /** A Sentinel spoke about our group. */
  readonly onMessage: (message: SentinelMessage) => void;
  /** A round of answers came in. */
  readonly onViews: (views: readonly SentinelView[]) => void;
}

/** Whoever knows which node is the primary. */
export interface TopologySource {
  start(listener: TopologySourceListener): void;
  /** Asks anew, now; resolves when the answers are in or the deadline has passed. */
  lookAgain(): Promise<void>;
  /** Asks often while something is wrong. */
  setUrgent(isUrgent: boolean): void;
  /** The Sentinels, if there are any. */
  sentinels(): readonly SentinelStatus[];
  /** What they last said. */
  views(): readonly SentinelView[];
  /** Sends one command to one Sentinel. `null` if none can be reached. */
  askSentinel(
    choose: (view: SentinelView) => boolean,
    name: string,
    ...args: readonly string[]
  ): Promise<unknown> | null;
  close(): void;
}
