import { decodeEntry, encodeEntry, newTombstone } from '../../src/redis/keyspace/store/entry.js';
import type {
  ApplyOutcome,
  StampedDrop,
  StampedWrite,
} from '../../src/redis/keyspace/store/key-value-store.js';
import {
  compareStamps,
  isDamaged,
  laterThan,
  type Stamp,
} from '../../src/redis/keyspace/store/stamp.js';
import type { ManualClock } from '../../src/redis/testing/index.js';

/** What the model keeps under a key, or of the drop of a group. */
export interface ModelRecord {
  readonly entry: Buffer;
  readonly stamp: Stamp;
  readonly birth: Stamp;
  readonly isFinal: boolean;
  readonly isTombstone: boolean;
  readonly groups: readonly string[];
  /** Of the drop of a group: whom it spares, and up to which birth another drop has ended that. */
  readonly spared: ReadonlyMap<string, Stamp | null>;
  readonly expiresAt: number;
}

/** A store with all the rules and no bounds, as plain as can be: lists, and no care for speed. */
export class StoreModel {
  readonly records = new Map<string, ModelRecord>();
  /** By the group that was dropped, or by the key that was deleted and written again. */
  readonly marks = new Map<string, ModelRecord>();
  /** How many have expired. */
  expired = 0;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  /** Forgets what has expired. */
  expire(): void {
    for (const home of [this.records, this.marks]) {
      for (const [key, { expiresAt }] of home) {
        if (expiresAt > this.#clock.now()) continue;
        home.delete(key);
        this.expired++;
      }
    }
  }

  /** What a write comes to, and what is there afterwards. */
  apply(write: StampedWrite): ApplyOutcome {
    const coming = this.#recordOf(write);
    const stored = this.records.get(write.key);
    if (stored !== undefined && compareStamps(stored.stamp, coming.stamp) === 0) {
      return { kind: 'applied' };
    }
    const refusal = this.#refusal(write, coming, stored);
    if (refusal !== null) return refusal;
    const end = stored !== undefined && this.#isEnd(stored) ? stored : null;
    if (write.ttlMs !== null && write.ttlMs <= 0) {
      if (end === null) this.records.delete(write.key);
    } else this.records.set(write.key, end === null ? coming : this.#over(end, coming, write.key));
    return { kind: 'applied' };
  }

  // A delete refuses what is older for as long as it was meant to, whatever is written after it.
  #over(end: ModelRecord, coming: ModelRecord, key: string): ModelRecord {
    if (coming.isTombstone) {
      return { ...coming, expiresAt: Math.max(coming.expiresAt, end.expiresAt) };
    }
    const mark = this.marks.get(key) ?? end;
    const latest = compareStamps(mark.stamp, end.stamp) > 0 ? mark : end;
    const expiresAt = Math.max(mark.expiresAt, end.expiresAt);
    this.marks.set(key, { ...latest, expiresAt });
    return coming;
  }

  #isEnd({ isTombstone, isFinal, stamp }: ModelRecord): boolean {
    return isTombstone && (isFinal || !this.#isDamaged(stamp));
  }

  /** Who is in a group. */
  members(group: string): string[] {
    return [...this.records].filter(([, { groups }]) => groups.includes(group)).map(([key]) => key);
  }

  /** Empties a group. Returns how many were ended. */
  drop(drop: StampedDrop): number {
    const { group, stamp, except = [] } = drop;
    const ended = this.members(group).filter((key) => {
      const { birth } = this.records.get(key)!;
      const isBefore = compareStamps(birth, stamp) < 0 || this.#isDamaged(birth);
      return isBefore && !except.includes(key);
    });
    for (const key of ended) this.records.set(key, this.#tombstone(drop, this.records.get(key)!));
    const present = this.marks.get(group);
    const spared = new Map<string, null>(except.map((key) => [key, null]));
    const own: ModelRecord = { ...this.#tombstone(drop, null), spared };
    const until = Math.max(own.expiresAt, present?.expiresAt ?? 0);
    const isNone = present === undefined || this.#isDamaged(present.stamp);
    this.marks.set(group, { ...(isNone ? own : newerOf(own, present)), expiresAt: until });
    return ended.length;
  }

  #refusal(
    { key, replaces, ttlMs, groups }: StampedWrite,
    coming: ModelRecord,
    stored: ModelRecord | undefined,
  ): ApplyOutcome | null {
    if (replaces !== undefined) {
      if (stored === undefined) return { kind: 'absent' };
      const isOther = replaces !== 'any' && compareStamps(replaces, stored.stamp) !== 0;
      if (stored.isTombstone || isOther) return lost(stored);
    }
    if (stored !== undefined && this.#beats(stored, coming)) return lost(stored);
    if (coming.isTombstone || (ttlMs !== null && ttlMs <= 0)) return null;
    const deleted = this.marks.get(key);
    const hasSeen = replaces !== undefined && replaces !== 'any';
    if (deleted !== undefined && !hasSeen && compareStamps(deleted.stamp, coming.stamp) > 0) {
      return lost(deleted);
    }
    const ends = groups
      .map((group) => this.marks.get(group))
      .map((mark) => (mark === undefined ? null : endOf(mark, key)));
    const winner = ends.find(
      (end) => end !== null && compareStamps(end, coming.birth) > 0 && !this.#isDamaged(end),
    );
    return winner === undefined || winner === null ? null : { kind: 'superseded', by: winner };
  }

  #beats(stored: ModelRecord, coming: ModelRecord): boolean {
    if (stored.isFinal !== coming.isFinal) return stored.isFinal;
    return compareStamps(stored.stamp, coming.stamp) > 0 && !this.#isDamaged(stored.stamp);
  }

  #recordOf({ entry, stamp, ttlMs, groups }: StampedWrite): ModelRecord {
    const decoded = decodeEntry(entry);
    if (!decoded.ok) return { ...NOTHING, entry, stamp, birth: stamp };
    const isTombstone = decoded.entry.kind === 'tombstone';
    return {
      entry,
      stamp,
      birth: decoded.entry.birth,
      isFinal: decoded.entry.isFinal,
      isTombstone,
      groups: isTombstone ? [] : groups,
      spared: NOBODY,
      expiresAt: ttlMs === null ? Infinity : this.#clock.now() + ttlMs,
    };
  }

  #tombstone({ stamp, ttlMs, isFinal = false }: StampedDrop, of: ModelRecord | null): ModelRecord {
    const isChange = of !== null && !this.#isDamaged(of.stamp);
    const own = isChange ? laterThan(stamp, of.stamp) : stamp;
    const madeAt = this.#clock.wallTime();
    const dates = { madeAt, freshUntil: madeAt + ttlMs, isFinal };
    const entry = encodeEntry(newTombstone(own, dates));
    return {
      ...NOTHING,
      ...{ entry, stamp: own, birth: own, isFinal, isTombstone: true },
      expiresAt: this.#clock.now() + ttlMs,
    };
  }

  #isDamaged(stamp: Stamp): boolean {
    return isDamaged(stamp, this.#clock.wallTime());
  }
}

const NOBODY: ReadonlyMap<string, Stamp | null> = new Map();
const NOTHING = {
  isFinal: false,
  isTombstone: false,
  groups: [],
  spared: NOBODY,
  expiresAt: Infinity,
};

function lost({ stamp, isFinal }: ModelRecord): ApplyOutcome {
  return { kind: 'superseded', by: stamp, ...(isFinal && { isFinal: true }) };
}

/** Up to which birth the drop of a group has ended a key, and every drop that was joined to it. */
function endOf({ stamp, spared }: ModelRecord, key: string): Stamp | null {
  return spared.has(key) ? spared.get(key)! : stamp;
}

function newerOf(a: ModelRecord, b: ModelRecord): ModelRecord {
  const [newer, older] = compareStamps(a.stamp, b.stamp) < 0 ? [b, a] : [a, b];
  const floors = [...newer.spared].map(([key, floor]) => {
    const both = [floor, endOf(older, key)].filter((stamp) => stamp !== null);
    return [key, both.toSorted(compareStamps).at(-1) ?? null] as const;
  });
  return { ...newer, spared: new Map(floors) };
}
