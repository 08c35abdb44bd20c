import type { NodeAddress } from '../../../base/address/index.js';
import type { SentinelMessage } from './sentinel-message.js';
import type { SentinelView } from './sentinel-view.js';

/** One Sentinel, as a health report shows it. */
export interface SentinelStatus {
  readonly address: NodeAddress;
  readonly isAnswering: boolean;
  readonly isSubscribed: boolean;
  readonly problem: string | null;
}

/** The callbacks of a {@link TopologySource}. */
export interface TopologySourceListener {
  /** The primary and the replicas to follow. */
  readonly onTopology: (
    primary: NodeAddress,
    epoch: number,
    replicas: readonly NodeAddress[],
  ) => void;
  /** A Sentinel published a message about our group. */
  readonly onMessage: (message: SentinelMessage) => void;
  /** A Sentinel answered: the views of all that answer. */
  readonly onViews: (views: readonly SentinelView[]) => void;
}

/** Finds out which node is the primary. */
export interface TopologySource {
  start(listener: TopologySourceListener): void;
  /** Asks again now. Resolves when all have answered or their deadline has passed. */
  lookAgain(): Promise<void>;
  /** Sets whether to ask often, as while the primary is away. */
  setUrgent(isUrgent: boolean): void;
  /** The Sentinels, if there are any. */
  sentinels(): readonly SentinelStatus[];
  /** The last view of each Sentinel that answers. */
  views(): readonly SentinelView[];
  /** Sends one command to the first Sentinel that `choose` accepts. `null` if there is none. */
  askSentinel(
    choose: (view: SentinelView) => boolean,
    name: string,
    ...args: readonly string[]
  ): Promise<unknown> | null;
  close(): void;
}
