import { noteOutcome } from '../base/operations/index.js';
import type { JournalRecord, WriteClass } from './journal/disk/journal-log.js';
import { unconditional } from './journal/disk/right-to-create.js';
import type { KeyspaceDeps } from './keyspace-deps.js';
import type { EntryDraft, KeyspacePolicy, WritePlace, WriteReceipt } from './keyspace.js';
import type { ApplyOutcome, StampedWrite } from './store/key-value-store.js';
import type { HybridClock, Stamp } from './store/stamp.js';

/** One write on its way, and what it may do. */
export interface Intent {
  readonly isValue: boolean;
  /** Makes the write anew: of a live one the stamp may have to be later than another process's. */
  readonly make: (stamp: Stamp) => StampedWrite;
  /** The stamp, when it is not one of now. */
  readonly stamp?: Stamp | undefined;
  /** Where it stands among the calls of this process, when it is the latest by its call. */
  readonly place?: WritePlace | undefined;
  /** Memory has it before Redis does. */
  readonly isAtHand?: boolean | undefined;
  /** How long memory keeps it, where that is less than Redis does: it answers nothing that is older. */
  readonly memoryMs?: number | undefined;
}

/** Whether a write keeps its stamp, and loses against what is newer. */
export function isConditional({ replaces }: StampedWrite, { stamp }: Intent): boolean {
  return stamp !== undefined || replaces !== undefined;
}

/**
 * Whether it may take a later stamp: a live write is meant to be the latest, but for the end of a key that is never used
 * again, and for what this process has called since.
 */
export function mayTryAgain(
  write: StampedWrite,
  intent: Intent,
  by: { readonly isFinal?: boolean } | null,
): boolean {
  if (by === null || by.isFinal === true || isConditional(write, intent)) return false;
  const { isValue, place } = intent;
  return place === undefined || !(place.isOvertaken || (isValue && place.isDropped));
}

/** What was overtaken before it was sent has the stamp of its call, and loses against what has overtaken it. */
export function asCalled(intent: Intent): Intent {
  const { place } = intent;
  return place?.isOvertaken === true ? { ...intent, stamp: place.stamp } : intent;
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

/** What a record of a keyspace is to the journal. */
export function classIn(policy: KeyspacePolicy, isValue: boolean): WriteClass {
  if (policy !== 'cache') return 'must';
  return isValue ? 'value' : 'delete';
}

/** Adds a record to the journal; returns false when it has no room. */
export async function inJournal(
  record: JournalRecord,
  { own, onBacklog }: Pick<KeyspaceDeps, 'own' | 'onBacklog'>,
): Promise<boolean> {
  try {
    const isJournaled = (await own.append(record)) === 'journaled';
    if (isJournaled) noteOutcome('journaled');
    return isJournaled;
  } finally {
    // A record that the disk refused is pending all the same.
    onBacklog();
  }
}

/**
 * Notes what Redis has acknowledged in several commands. Where it may have lost something between them, it is pending:
 * what the first has done may be gone.
 *
 * @param losses - `own.losses` before the first of them
 */
export function noted(
  record: JournalRecord,
  losses: number,
  { own, onBacklog }: Pick<KeyspaceDeps, 'own' | 'onBacklog'>,
): void {
  if (own.losses === losses) {
    own.note(record);
    return;
  }
  // It is pending at once, whether the disk takes it or not.
  own.append(record).catch(() => undefined);
  onBacklog();
}

/** A call under way. */
interface LiveCall extends WritePlace {
  isOvertaken: boolean;
  isDropped: boolean;
}

/**
 * The calls of this process that are under way and are the latest by their call: nobody who has called two of them need
 * wait for the first before the second. Keys and groups are whole names.
 */
export class LiveCalls {
  /** The stamp of the latest write with groups: a calendar that was set back may say that it is yet to come. */
  latestListed: Stamp | null = null;
  readonly #stamps: Pick<HybridClock, 'next'>;
  readonly #latest = new Map<string, LiveCall>();
  readonly #ofGroup = new Map<string, Set<LiveCall>>();
  readonly #marking = new Map<string, Promise<unknown>>();

  constructor(stamps: Pick<HybridClock, 'next'>) {
    this.#stamps = stamps;
  }

  /** A write, or a delete, of a key is called. */
  begin(key: string, groups: readonly string[]): WritePlace {
    const call: LiveCall = {
      stamp: this.#stamps.next(),
      isOvertaken: false,
      isDropped: false,
      leave: () => {
        this.#end(call, key, groups);
      },
    };
    const before = this.#latest.get(key);
    if (before !== undefined) before.isOvertaken = true;
    this.#latest.set(key, call);
    for (const group of groups) {
      const beside = this.#ofGroup.get(group);
      if (beside === undefined) this.#ofGroup.set(group, new Set([call]));
      else beside.add(call);
    }
    return call;
  }

  /** The drop of a group is called. */
  drop(group: string): void {
    for (const call of this.#ofGroup.get(group) ?? []) call.isDropped = true;
  }

  /**
   * The mark of a drop is under way: what is called from now on is not to be ended by it. Returns what ends the wait
   * for it.
   */
  mark(group: string): () => void {
    const { promise: marked, resolve: onMarked } = settledLater();
    const all: Promise<unknown> = Promise.all([this.#marking.get(group), marked]).then(() => {
      if (this.#marking.get(group) === all) this.#marking.delete(group);
    });
    this.#marking.set(group, all);
    return onMarked;
  }

  /**
   * Resolves when the marks that are under way stand; `null` when none is. Of any group: what a write replaces may be in
   * one that it is not in itself.
   */
  untilMarked(): Promise<unknown> | null {
    return this.#marking.size === 0 ? null : Promise.all(this.#marking.values());
  }

  #end(call: LiveCall, key: string, groups: readonly string[]): void {
    if (this.#latest.get(key) === call) this.#latest.delete(key);
    for (const group of groups) {
      const beside = this.#ofGroup.get(group);
      if (beside?.delete(call) === true && beside.size === 0) this.#ofGroup.delete(group);
    }
  }
}

function settledLater(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
