import {
  compareStamps,
  type Entry,
  type EntryFault,
  type Stamp,
} from '../../src/redis/keyspace/index.js';
import { newTombstone } from '../../src/redis/keyspace/store/entry.js';
import { compareStandings } from '../../src/redis/keyspace/store/which-wins.js';

/** An entry, and until when it is kept, in calendar milliseconds: without it, as long as it is fresh. */
export type HeldEntry = Entry & { readonly keptUntil?: number };

/** A write of an entry. */
export interface Put {
  readonly kind: 'put';
  readonly key: string;
  readonly entry: HeldEntry;
  /** Only replaces a value: that with this stamp, or any. */
  readonly replaces?: Stamp | 'any';
}

/** The emptying of a group. */
export interface Drop {
  readonly kind: 'drop';
  readonly group: string;
  readonly stamp: Stamp;
  readonly keepMs: number;
  readonly except: readonly string[];
  readonly isFinal: boolean;
}

export type Change = Put | Drop;

/** Nothing was changed: what is there wins, or there is nothing to replace. */
export type Refusal = { readonly by: Stamp } | 'absent';

interface Mark extends Drop {
  readonly until: number;
}

/** Entries with stamps, and the marks of groups that were emptied, as each store of the library keeps them. */
export class StampedMap {
  readonly entries = new Map<string, HeldEntry>();
  readonly #marks = new Map<string, Mark>();
  #latest: Stamp | null = null;

  /** The latest stamp of all that was applied. */
  get latest(): Stamp | null {
    return this.#latest;
  }

  /** Applies a change at this time. Returns why not; `null` when it was applied. */
  apply(change: Change, now: number): Refusal | null {
    const refusal = change.kind === 'put' ? this.#put(change, now) : this.#drop(change, now);
    const stamp = change.kind === 'put' ? change.entry.stamp : change.stamp;
    const isLatest = this.#latest === null || compareStamps(this.#latest, stamp) < 0;
    if (refusal === null && isLatest) this.#latest = stamp;
    return refusal;
  }

  /** The entry of a key, a tombstone too, while its time is not over. */
  get(key: string, now: number): HeldEntry | undefined {
    const entry = this.entries.get(key);
    return entry === undefined || hasEnded(entry, now) ? undefined : entry;
  }

  /** The mark that refuses an entry; `null` when there is none. */
  markAgainst(key: string, entry: Pick<Entry, 'birth' | 'groups'>, now: number): Stamp | null {
    for (const group of entry.groups) {
      const mark = this.#marks.get(group);
      if (mark === undefined || mark.until <= now || mark.except.includes(key)) continue;
      if (compareStamps(entry.birth, mark.stamp) < 0) return mark.stamp;
    }
    return null;
  }

  /** The stamp of the mark of a group, if it has one. */
  markOf(group: string): Stamp | null {
    return this.#marks.get(group)?.stamp ?? null;
  }

  members(group: string): string[] {
    return [...this.entries].flatMap(([key, { groups }]) => (groups.includes(group) ? [key] : []));
  }

  /** Takes a key away, a tombstone too, as a Redis does that evicts. */
  evict(key: string): void {
    this.entries.delete(key);
  }

  clear(): void {
    this.entries.clear();
    this.#marks.clear();
  }

  #put({ key, entry, replaces }: Put, now: number): Refusal | null {
    const present = this.get(key, now);
    // It may be the same write again: Redis cannot tell.
    if (present !== undefined && compareStandings(present, entry) === 0) return null;
    const refusal = refusalOf(present, entry, replaces);
    if (refusal !== null) return refusal;
    const mark = entry.kind === 'value' ? this.markAgainst(key, entry, now) : null;
    if (mark !== null) return { by: mark };
    this.entries.set(key, entry);
    return null;
  }

  #drop(drop: Drop, now: number): null {
    const { group, stamp, keepMs, except, isFinal } = drop;
    const present = this.#marks.get(group);
    const isNewest = present === undefined || compareStamps(present.stamp, stamp) < 0;
    if (isNewest) this.#marks.set(group, { ...drop, until: now + keepMs });
    const freshUntil = now + keepMs;
    for (const key of this.members(group)) {
      const member = this.entries.get(key);
      if (member === undefined || except.includes(key)) continue;
      if (compareStamps(member.birth, stamp) >= 0) continue;
      this.entries.set(key, newTombstone(stamp, { madeAt: now, freshUntil, isFinal }));
    }
    return null;
  }
}

function refusalOf(
  present: Entry | undefined,
  entry: Entry,
  replaces: Stamp | 'any' | undefined,
): Refusal | null {
  if (present === undefined) return replaces === undefined ? null : 'absent';
  if (replaces !== undefined && present.kind === 'tombstone') return { by: present.stamp };
  if (replaces !== undefined && replaces !== 'any') {
    return compareStamps(present.stamp, replaces) === 0 ? null : { by: present.stamp };
  }
  return compareStandings(present, entry) > 0 ? { by: present.stamp } : null;
}

function hasEnded({ freshUntil, keptUntil = freshUntil }: HeldEntry, now: number): boolean {
  return keptUntil !== 0 && keptUntil <= now;
}

/** Stands for a Redis that several processes share, and for a replica that lags. */
export class ScriptedRedis {
  readonly data = new StampedMap();
  /** Keys that hold bytes that are no entry. */
  readonly unreadable = new Map<string, EntryFault>();
  /** Keys that no replica has yet. */
  readonly notOnReplica = new Set<string>();
  #replica: ReadonlyMap<string, HeldEntry> | null = null;

  /** From now on the replica hears of nothing more. */
  holdReplica(): void {
    this.#replica = new Map(this.data.entries);
  }

  /** The replica has everything again. */
  letReplicaCatchUp(): void {
    this.#replica = null;
  }

  /** What the replica has of a key. */
  onReplica(key: string, now: number): HeldEntry | undefined {
    if (this.notOnReplica.has(key)) return undefined;
    if (this.#replica === null) return this.data.get(key, now);
    const entry = this.#replica.get(key);
    return entry === undefined || hasEnded(entry, now) ? undefined : entry;
  }

  /** Removes everything. */
  empty(): void {
    this.data.clear();
    this.unreadable.clear();
    this.#replica = null;
  }
}
