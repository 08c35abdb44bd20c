import type { NodeAddress } from '../../../base/address/index.js';
import type { NodeRole } from '../../connection/index.js';
import type { SentinelMessage } from './sentinel-message.js';

/** What those who watch the nodes say of them, beside who is the primary. */
export interface TopologyReport {
  /** Whether all who know the node call it down. */
  readonly isDown: (address: NodeAddress) => boolean;
  /** When the oldest answer was asked for, if none tells of a failover; `null` if one does, or nobody answers. */
  readonly noFailoverSince: number | null;
}

/** The callbacks of a {@link TopologySource}. */
export interface TopologySourceListener {
  /** The primary and the replicas to follow. */
  readonly onTopology: (
    primary: NodeAddress,
    epoch: number,
    replicas: readonly NodeAddress[],
  ) => void;
  /** A step of a failover was published. */
  readonly onStep: (step: SentinelMessage) => void;
  /** Somebody who watches the nodes answered. */
  readonly onReport: (report: TopologyReport) => void;
  /** Somebody who could say who the primary is has refused the credentials once more, and for long. */
  readonly onRefused: () => void;
}

/** Finds out which node is the primary. */
export interface TopologySource {
  start(listener: TopologySourceListener): void;
  /** Asks again now. Resolves when all have answered or their deadline has passed. */
  lookAgain(): Promise<void>;
  /** Sets whether to ask often, as while the primary is away. */
  setUrgent(isUrgent: boolean): void;
  /** Since when at least all who could say who the primary is have refused the credentials; `null` while one has not. */
  readonly accessRefusedAt: number | null;
  /** Returns why no primary is known, for people. Asked only while none is. */
  whyUnknown(): string;
  /** Returns what the node is that should be the primary and is none, and what to do: the end of a sentence about it. */
  whyNotPrimary(role: NodeRole): string;
  close(): void;
}
