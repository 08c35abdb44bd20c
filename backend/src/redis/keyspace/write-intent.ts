import { unconditional } from './journal/disk/right-to-create.js';
import type { EntryDraft, WriteReceipt } from './keyspace.js';
import type { ApplyOutcome, StampedWrite } from './store/key-value-store.js';
import type { Stamp } from './store/stamp.js';

/** One write on its way, and what it may do. */
export interface Intent {
  readonly isValue: boolean;
  /** Makes the write anew: of a live one the stamp may have to be later than another process's. */
  readonly make: (stamp: Stamp) => StampedWrite;
  /** The stamp, when it is not one of now. */
  readonly stamp?: Stamp | undefined;
  /** Memory has it before Redis does. */
  readonly isAtHand?: boolean | undefined;
  /** How long memory keeps it, where that is less than Redis does: it answers nothing that is older. */
  readonly memoryMs?: number | undefined;
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

/** How long memory keeps a value that Redis keeps for longer than it is served: only Redis has it replaced by others. */
export function memoryMsOf(
  { freshMs, staleMs }: Pick<EntryDraft, 'freshMs' | 'staleMs'>,
  maxStaleMs: number,
): number | undefined {
  return freshMs === null || staleMs <= maxStaleMs ? undefined : freshMs + maxStaleMs;
}

/** Returns the copy of a write in memory, where it replaces whatever is there. */
export function copyOf(write: StampedWrite, { memoryMs }: Intent): StampedWrite {
  const copy = unconditional(write);
  return memoryMs === undefined ? copy : { ...copy, ttlMs: memoryMs };
}

/** The receipt of a write that lost. */
export function supersededBy(outcome: Exclude<ApplyOutcome, { kind: 'applied' }>): WriteReceipt {
  return outcome.kind === 'absent'
    ? { outcome: 'superseded' }
    : { outcome: 'superseded', by: outcome.by };
}
