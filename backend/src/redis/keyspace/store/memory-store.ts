import type { Clock } from '../../base/timing/index.js';
import { encodeEntry, isFinal, isTombstone, newTombstone } from './entry.js';
import { MAX_USES, use } from '../../base/collections/index.js';
import type { ApplyOutcome, KeyValueStore, StampedDrop, StampedWrite } from './key-value-store.js';
import { isOver, MemoryHoldings, type MemoryUsage } from './memory-holdings.js';
import {
  bornAt,
  endOf,
  joinedMarks,
  owned,
  type GroupMark,
  type MemoryCopy,
  type MemoryRecord,
} from './memory-records.js';
import type { MemoryLimits, MemoryNeeds } from './memory-rooms.js';
import { compareStamps, isDamaged, laterThan, type Stamp } from './stamp.js';
import { compareStandings, type Standing } from './which-wins.js';

export type { MemoryCopy } from './memory-records.js';
export type { MemoryUsage } from './memory-holdings.js';

const APPLIED: ApplyOutcome = { kind: 'applied' };
const ABSENT: ApplyOutcome = { kind: 'absent' };

/**
 * {@link KeyValueStore} in this process, within limits: see {@link MemoryRooms} for who gives way to whom.
 * When a tombstone or mark leaves, older writes are no longer refused. It never waits and sets no timers. An
 * expired record is removed when it is read, or when a write passes by.
 *
 * Bytes are copied out of larger Buffers, so that what is counted is what is held. An entry that is
 * larger than its room is `applied` as well, because it is the newest: the older one is removed,
 * nothing is kept, and it counts as refused.
 */
export class MemoryStore implements KeyValueStore {
  readonly #held: MemoryHoldings;
  readonly #clock: Clock;
  #latestEndLost: Stamp | null = null;

  /** @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) when a limit is not a positive whole number. */
  constructor(limits: MemoryLimits, clock: Clock) {
    this.#held = new MemoryHoldings(limits, (stamp) => {
      if (this.#isLater(stamp, this.#latestEndLost)) this.#latestEndLost = stamp;
    });
    this.#clock = clock;
  }

  /** Entries that are held, including tombstones, and expired entries that were not removed yet. */
  get size(): number {
    return this.#held.records.size;
  }

  /** Entries that were dropped because they had expired, and marks of what was ended. */
  get expirations(): number {
    return this.#held.expirations;
  }

  /** Entries that were not kept because they are larger than their room. */
  get refused(): number {
    return this.#held.refused;
  }

  /**
   * The latest tombstone, or mark, for which there was no room any more; `null` for none. Of what is older nobody can say
   * here whether it was ended since.
   */
  get latestEndLost(): Stamp | null {
    return this.#latestEndLost;
  }

  /** What is held, with the marks of what was ended and what has expired and was not removed yet. */
  get usage(): MemoryUsage {
    return this.#held.usage;
  }

  /**
   * Says what a keyspace is, so that its copies get their place: before the first of them is written.
   *
   * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) when rooms of their own would take too much.
   */
  open(keyspace: string, needs: MemoryNeeds): void {
    this.#held.open(keyspace, needs);
  }

  /** Returns what is held under a key. Counts as use. */
  peek(key: string): MemoryCopy | null {
    const record = this.#held.findRecord(key, this.#clock.now());
    if (record !== null) use(record);
    return record;
  }

  /** {@inheritDoc KeyValueStore.read} */
  read(keys: readonly string[]): (Buffer | null)[] {
    return keys.map((key) => this.peek(key)?.entry ?? null);
  }

  /** The keys that begin like this and have a value, those that are used most first. Looks at every record. */
  usedMost(prefix: string, count: number): string[] {
    const found: MemoryRecord[] = [];
    for (const record of this.#held.records.values()) {
      if (!record.isTombstone && record.key.startsWith(prefix)) found.push(record);
    }
    found.sort((one, other) => rankOf(other) - rankOf(one));
    return found.slice(0, count).map(({ key }) => key);
  }

  /** {@inheritDoc KeyValueStore.apply} */
  apply(write: StampedWrite): ApplyOutcome {
    const now = this.#clock.now();
    this.#held.sweep(now);
    const stored = this.#held.findRecord(write.key, now);
    if (stored?.has(write.stamp) === true) {
      stored.confirm(now);
      return APPLIED;
    }
    const refusal = refusalOf(write, stored);
    if (refusal !== null) return refusal;
    const winner = this.#winner(write, stored, now);
    if (winner !== null) return superseded(winner);
    const ended = stored !== null && this.#isEnd(stored) ? stored : null;
    if (ended === null) this.#held.putRecord(write, now);
    else this.#putOver(ended, write, now);
    return APPLIED;
  }

  /** Returns what wins against a write, which would then change nothing; `null` when nothing does. */
  supersededBy(write: StampedWrite): { readonly by: Stamp; readonly isFinal: boolean } | null {
    const now = this.#clock.now();
    const winner = this.#winner(write, this.#held.findRecord(write.key, now), now);
    return winner === null ? null : { by: winner.stamp, isFinal: winner.isFinal };
  }

  /** {@inheritDoc KeyValueStore.members} */
  members(group: string): string[] {
    const now = this.#clock.now();
    const listed = this.#held.listed(group);
    return listed.filter((key) => this.#held.findRecord(key, now) !== null);
  }

  /** {@inheritDoc KeyValueStore.drop} */
  drop(drop: StampedDrop): number {
    const { group, stamp, ttlMs, except = [] } = drop;
    const now = this.#clock.now();
    this.#held.sweep(now);
    // First of all: a tombstone of a member must not drive it out.
    this.#mark(drop, now);
    const kept = new Set(except);
    let count = 0;
    for (const key of this.members(group)) {
      const record = this.#held.findRecord(key, now);
      if (record === null || kept.has(key) || !this.#isOlder(record.birth, stamp)) continue;
      this.#held.putRecord({ ...this.#graveOf(drop, record), key, ttlMs }, now);
      count++;
    }
    return count;
  }

  /** Redis still has the same: the copy is trusted as if it were new. Its time to live stays. */
  confirm(key: string): void {
    const now = this.#clock.now();
    this.#held.findRecord(key, now)?.confirm(now);
  }

  /** The key may have changed elsewhere: the copy is distrusted until it is written again or confirmed. */
  distrust(key: string): void {
    this.#held.records.get(key)?.distrust();
  }

  /** Notices may have been missed: no copy is trusted until it is written again or confirmed. */
  distrustAll(): void {
    this.#held.distrustAll();
  }

  /** Removes a key without a tombstone: older writes may put it back. */
  forget(key: string): void {
    for (const home of [this.#held.records, this.#held.marks]) {
      const record = home.get(key);
      if (record !== undefined) this.#held.remove(record);
    }
  }

  /** Removes everything without tombstones, marks too. The counters stay. */
  clear(): void {
    for (const record of this.#held.records.values()) this.#held.remove(record);
    for (const mark of this.#held.marks.values()) this.#held.remove(mark);
  }

  #winner(write: StampedWrite, stored: MemoryRecord | null, now: number): Standing | null {
    const standing = stored?.standing ?? null;
    const coming = { stamp: write.stamp, isFinal: write.isFinal === true || isFinal(write.entry) };
    if (standing !== null && this.#wins(standing, coming)) return standing;
    return isTakingAway(write) ? null : this.#endSince(write, now);
  }

  // A stamp that is too far ahead decides nothing; that a key has ended does not depend on a stamp.
  #wins(stored: Standing, coming: Standing): boolean {
    if (compareStandings(stored, coming) <= 0) return false;
    return stored.isFinal !== coming.isFinal || !isDamaged(stored.stamp, this.#clock.wallTime());
  }

  // What ended it, though the tombstone of that is not there any more.
  #endSince(write: StampedWrite, now: number): Standing | null {
    const mark = mayBeLate(write) ? this.#held.findMark(write.key, now) : null;
    if (mark !== null && this.#isLater(mark.stamp, write.stamp)) {
      return { stamp: mark.stamp, isFinal: false };
    }
    return write.groups.length === 0 ? null : this.#dropSince(write, now);
  }

  #dropSince(write: StampedWrite, now: number): Standing | null {
    const birth = bornAt(write);
    for (const group of write.groups) {
      const mark = this.#held.findMark(group, now);
      const stamp = mark === null ? null : endOf(mark, write.key);
      if (this.#isLater(stamp, birth)) return { stamp, isFinal: false };
    }
    return null;
  }

  #isLater(stamp: Stamp | null, than: Stamp | null): stamp is Stamp {
    if (stamp === null || (than !== null && compareStamps(stamp, than) <= 0)) return false;
    return !isDamaged(stamp, this.#clock.wallTime());
  }

  // A stamp that is too far ahead is older than everything.
  #isOlder(stamp: Stamp | null, than: Stamp): boolean {
    if (stamp === null || compareStamps(stamp, than) < 0) return true;
    return isDamaged(stamp, this.#clock.wallTime());
  }

  #isEnd({ isTombstone: isEnd, isFinal: isLast, stamp }: MemoryRecord): boolean {
    return isEnd && (isLast || (stamp !== null && !isDamaged(stamp, this.#clock.wallTime())));
  }

  // What a delete refuses, it refuses for its whole time, whatever is written after it.
  #putOver(ended: MemoryRecord, write: StampedWrite, now: number): void {
    // What is gone at once takes away a value; a tombstone stays.
    if (isOver(write)) return;
    if (isTombstone(write.entry)) {
      this.#held.putRecord({ ...write, ttlMs: longerMs(write.ttlMs, ended.expiresAt - now) }, now);
      return;
    }
    this.#held.putRecord(write, now);
    this.#noteEnd(ended, now);
  }

  #noteEnd({ key, entry, stamp, expiresAt }: MemoryRecord, now: number): void {
    const mark = this.#held.findMark(key, now);
    const isLate = mark !== null && stamp !== null && !this.#isOlder(mark.stamp, stamp);
    const latest = isLate ? mark : { entry, stamp };
    if (latest.stamp === null) return;
    const ttlMs = Math.max(expiresAt, mark?.expiresAt ?? now) - now;
    const note = { key, entry: latest.entry, stamp: latest.stamp, ttlMs, groups: [] };
    this.#held.putMark(note, now);
  }

  // The newest mark stays. Of others it has what they end that it spares, and their time.
  #mark(drop: StampedDrop, now: number): void {
    const { group, stamp, ttlMs, except = [] } = drop;
    const found = this.#held.findMark(group, now);
    const keepMs = Math.max(ttlMs, (found?.expiresAt ?? now) - now);
    const { entry } = this.#graveOf(drop, null);
    const coming = {
      entry,
      stamp,
      spared: new Map<string, null>(except.map((key) => [key, null])),
    };
    const mark = this.#isSound(found) ? joinedMarks(coming, found) : coming;
    const { spared } = mark;
    const write = { key: group, entry: mark.entry, stamp: mark.stamp, ttlMs: keepMs, groups: [] };
    this.#held.putMark({ ...write, spared }, now);
  }

  #isSound(mark: MemoryRecord | null): mark is MemoryRecord & GroupMark {
    const stamp = mark?.stamp ?? null;
    return stamp !== null && !isDamaged(stamp, this.#clock.wallTime());
  }

  // A member that was changed after the drop goes too: its tombstone is later than the change.
  #graveOf(
    { stamp, ttlMs, isFinal: isLast = false }: StampedDrop,
    member: MemoryRecord | null,
  ): Omit<StampedWrite, 'key' | 'ttlMs'> {
    const changed = member?.stamp ?? null;
    const isChange = changed !== null && !this.#isOlder(changed, stamp);
    const own = isChange ? laterThan(stamp, changed) : stamp;
    const madeAt = this.#clock.wallTime();
    const dates = { madeAt, freshUntil: madeAt + ttlMs, isFinal: isLast };
    return { stamp: own, entry: owned(encodeEntry(newTombstone(own, dates))), groups: [] };
  }
}

// Who has proven itself is used more than who has just come.
function rankOf({ isProven, uses }: MemoryRecord): number {
  return (isProven ? MAX_USES + 1 : 0) + uses;
}

// What a write asks for of what is there.
function refusalOf({ replaces }: StampedWrite, stored: MemoryRecord | null): ApplyOutcome | null {
  if (replaces === undefined) return null;
  const standing = stored?.standing ?? null;
  if (stored === null || standing === null) return ABSENT;
  const isMeant = replaces === 'any' || stored.has(replaces);
  return stored.isTombstone || !isMeant ? superseded(standing) : null;
}

function superseded({ stamp, isFinal: isLast }: Standing): ApplyOutcome {
  return { kind: 'superseded', by: stamp, ...(isLast && { isFinal: true }) };
}

// Nobody is refused who only takes something away.
function isTakingAway(write: StampedWrite): boolean {
  return isOver(write) || isTombstone(write.entry);
}

// What names the value that it replaces has seen it there.
function mayBeLate({ replaces }: StampedWrite): boolean {
  return replaces === undefined || replaces === 'any';
}

function longerMs(ttlMs: number | null, leftMs: number): number | null {
  return ttlMs === null ? null : Math.max(ttlMs, leftMs);
}
