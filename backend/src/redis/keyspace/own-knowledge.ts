import type { EndableValue } from './journal/ended-writes.js';
import type { OwnWrites } from './journal/own-writes.js';
import { decodeEntry } from './store/entry.js';
import type { StampedWrite } from './store/key-value-store.js';
import type { MemoryCopy, MemoryStore } from './store/memory-store.js';
import { compareStamps, type Stamp } from './store/stamp.js';
import { compareStandings, type Standing } from './store/which-wins.js';

/** A state of a key that is compared with what this process knows: what Redis answered, or what is to be written. */
export interface Candidate extends EndableValue {
  readonly isFinal?: boolean;
}

/** What this process knows of a key, and where from. */
export interface Word extends Standing {
  /**
   * - `pending`: a write of this process that Redis does not have yet
   * - `acknowledged`: one that it took a moment ago, which a replica or a new primary may lack
   * - `dropped`: a drop of a key group, pending or acknowledged, that ends the value
   * - `memory`: what memory holds of the key or of its groups, whoever wrote it
   * - `notice`: another process told that it wrote the key
   */
  readonly source: 'pending' | 'acknowledged' | 'dropped' | 'memory' | 'notice';
  /** The write. `null`: the value is ended, or was replaced by what is not known here. */
  readonly entry: Buffer | null;
  /** When Redis acknowledged the write, by `clock.now()`. */
  readonly acknowledgedAt?: number;
}

/** What another process has told of a key. */
interface Notices {
  noticeOf(key: string): Stamp | null;
}

/** The one place that knows what is newer than something: reads, writes and members of groups ask it. */
export class OwnKnowledge {
  readonly #own: OwnWrites;
  readonly #memory: MemoryStore;
  readonly #notices: Notices | null;

  constructor(own: OwnWrites, memory: MemoryStore, notices: Notices | null) {
    this.#own = own;
    this.#memory = memory;
    this.#notices = notices;
  }

  /** Returns the newest of all that is known here and wins against a candidate; `null` when nothing does. */
  of(candidate: Candidate): Word | null {
    const words = [this.ownOf(candidate), this.#inMemory(candidate), this.#noticed(candidate)];
    return words.reduce((newest, word) => {
      if (word === null || newest === null) return word ?? newest;
      return compareStandings(word, newest) > 0 ? word : newest;
    });
  }

  /**
   * The same, of what this process did itself: it stands against whatever Redis answers, because Redis may not
   * have it. Without a candidate Redis has nothing.
   */
  ownOf(candidate: Candidate | Pick<Candidate, 'key'>): Word | null {
    const present = 'stamp' in candidate ? candidate : null;
    const held = this.#own.ofKey(candidate.key);
    const isHeld =
      held !== null &&
      (present === null || compareStandings(standingOf(held.write), standingOf(present)) > 0);
    const latest = isHeld ? held.write : present;
    const end = latest === null ? null : this.#own.endOf(latest);
    if (end !== null) {
      return { source: 'dropped', stamp: end.stamp, isFinal: end.isFinal === true, entry: null };
    }
    if (!isHeld) return null;
    const { write, at } = held;
    if (at === null) return { source: 'pending', ...standingOf(write), entry: write.entry };
    const source = 'acknowledged';
    return { source, ...standingOf(write), entry: write.entry, acknowledgedAt: at };
  }

  /** What may be answered while Redis is not asked: the newer of what was written here, and of the copy in memory. */
  answerFor(key: string): { readonly entry: Buffer; readonly isTrusted: boolean } | null {
    const copy = this.#memory.peek(key);
    const held = this.#own.ofKey(key);
    // Who was told that it is gone must not find it again.
    if (held === null || held.isGone) return copy;
    const { write, isPending } = held;
    const order = compareCopy(copy, standingOf(write));
    // Whether somebody else has written the key since Redis took it is known to the copy.
    if (order > 0 || (order === 0 && !isPending)) return copy;
    return { entry: write.entry, isTrusted: isPending || this.#noticed(write) === null };
  }

  /** Whether a write replaces a value that waits here: Redis knows nothing of it yet. */
  isOfPending({ key, replaces }: Pick<StampedWrite, 'key' | 'replaces'>): boolean {
    if (replaces === undefined || replaces === 'any') return false;
    const held = this.#own.ofKey(key);
    return held?.isPending === true && compareStamps(held.write.stamp, replaces) === 0;
  }

  /**
   * What waits here and is newer than a write: Redis would take the write, and this process serve it.
   *
   * @param hasStamp - the write is not of now: it was loaded before a delete, say
   */
  pendingAgainst(write: StampedWrite, hasStamp: boolean): Standing | null {
    if (this.#own.entries === 0 || this.isOfPending(write)) return null;
    if (!hasStamp) return this.pendingInstead(write);
    const word = this.ownOf(write);
    // The drop of a group is not the last word on a key: what is born after it may be written.
    return word?.source === 'dropped' ? { stamp: word.stamp, isFinal: false } : word;
  }

  /** What waits here in place of the value that a write names as what it replaces: Redis may have neither. */
  pendingInstead({ key, replaces }: Pick<StampedWrite, 'key' | 'replaces'>): Standing | null {
    if (replaces === undefined || replaces === 'any') return null;
    const held = this.#own.ofKey(key);
    const isOther = held?.isPending === true && compareStamps(held.write.stamp, replaces) > 0;
    return isOther ? standingOf(held.write) : null;
  }

  /** How a key was ended, if the latest that is known of it is its end; `null` when it may be there. */
  endedAt(key: string): Standing | null {
    const held = this.#own.ofKey(key)?.write ?? null;
    const found = this.answerFor(key);
    if (found === null) return null;
    const decoded = decodeEntry(found.entry);
    if (!decoded.ok) return null;
    if (decoded.entry.kind === 'tombstone') return decoded.entry;
    const end = held === null ? null : this.#own.endOf(held);
    return end === null ? null : standingOf(end);
  }

  /**
   * The latest end for which memory had no room, if it is later than the birth of a value, or than what a value is to
   * replace: that may be what was ended, and nobody here can say so. Of what memory still has it is known that it is not.
   */
  endLostSince({ key, stamp, birth = stamp, replaces }: StampedWrite): Standing | null {
    const { latestEndLost } = this.#memory;
    if (latestEndLost === null) return null;
    const isBased = replaces !== undefined && replaces !== 'any';
    const copy = isBased ? this.#memory.peek(key) : null;
    if (isBased && compareCopy(copy, standingOf({ stamp: replaces })) === 0) return null;
    const isLater = compareStamps(latestEndLost, isBased ? replaces : birth) > 0;
    return isLater ? { stamp: latestEndLost, isFinal: false } : null;
  }

  /** What of this process ends a value: a drop, or the mark that memory has of one, which may be remembered for longer. */
  endOf(value: Candidate): Stamp | null {
    return this.#own.endOf(value)?.stamp ?? this.#inMemory(value)?.stamp ?? null;
  }

  /** Keys that this process has listed under a group itself and that no later drop has ended. */
  membersOf(group: string): string[] {
    return this.#own.membersOf(group).filter((key) => this.ownOf({ key })?.entry !== null);
  }

  #inMemory({ key, stamp, birth, isFinal, groups }: Candidate): Word | null {
    const write: StampedWrite = {
      key,
      stamp,
      groups,
      entry: EMPTY,
      ttlMs: null,
      ...(birth !== undefined && { birth }),
      ...(isFinal !== undefined && { isFinal }),
    };
    const winner = this.#memory.supersededBy(write);
    if (winner === null) return null;
    return { source: 'memory', stamp: winner.by, isFinal: winner.isFinal, entry: null };
  }

  #noticed({ key, ...candidate }: Candidate): Word | null {
    const stamp = this.#notices?.noticeOf(key) ?? null;
    if (stamp === null) return null;
    const word = { source: 'notice', stamp, isFinal: false, entry: null } as const;
    return compareStandings(word, standingOf(candidate)) > 0 ? word : null;
  }
}

// No copy, or one that is no entry, comes before everything.
function compareCopy(copy: MemoryCopy | null, other: Standing): number {
  if (copy === null || copy.stamp === null) return -1;
  return compareStandings(standingOf({ ...copy, stamp: copy.stamp }), other);
}

const EMPTY = Buffer.alloc(0);

function standingOf({ stamp, isFinal = false }: { stamp: Stamp; isFinal?: boolean }): Standing {
  return { stamp, isFinal };
}
