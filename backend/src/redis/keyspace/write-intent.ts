import type { StampedWrite } from './store/key-value-store.js';
import type { Stamp } from './store/stamp.js';

/** One write on its way, and what it may do. */
export interface Intent {
  readonly isValue: boolean;
  /** Makes the write anew: of a live one the stamp may have to be later than another process's. */
  readonly make: (stamp: Stamp) => StampedWrite;
  /** The stamp, when it is not one of now. */
  readonly stamp?: Stamp | undefined;
  /** How much later than now it is stamped. */
  readonly aheadMs?: number;
  /** Memory has it before Redis does. */
  readonly isAtHand?: boolean | undefined;
}

/** Whether a write keeps its stamp, and loses against what is newer. */
export function isConditional({ replaces }: StampedWrite, { stamp }: Intent): boolean {
  return stamp !== undefined || replaces !== undefined;
}

/** Whether it may take a later stamp: a live write is meant to be the latest, but for the end of a key that is never used again. */
export function mayTryAgain(
  write: StampedWrite,
  intent: Intent,
  by: { readonly isFinal?: boolean } | null,
): boolean {
  return by !== null && by.isFinal !== true && !isConditional(write, intent);
}
