import type { DrillKind } from './fault-step.js';

/** What the figures of a drill are measured by. */
export interface Slo {
  readonly gapMs: number;
  readonly errors: number;
  readonly lost: number;
}

/** How a drill is run. */
export interface DrillOrder {
  readonly kind: DrillKind;
  /** Writes per second, and as many reads. */
  readonly rate: number;
  /** How long what was broken stays broken, in ms. */
  readonly holdMs: number;
  readonly slo: Slo;
  /** What every key begins with. */
  readonly keyPrefix: string;
}

/** The longest that writes may wait, where nobody says otherwise: 5 s for a loss, 1.3 s for a move on purpose. */
export const DEFAULT_GAP_MS: Readonly<Record<DrillKind, number>> = {
  kill: 5_000,
  freeze: 5_000,
  partition: 5_000,
  switchover: 1_300,
  'node-loss': 5_000,
  // Nothing moves: the primary is there, and only nobody could replace it.
  quorum: 1_000,
};
