import { CommandTimeoutError } from '../../src/redis/base/errors/index.js';
import type { SharedStore } from '../../src/redis/keyspace/keyspace-deps.js';
import { decodeEntry, encodeEntry, newTombstone } from '../../src/redis/keyspace/store/entry.js';
import type {
  ApplyOutcome,
  StampedDrop,
  StampedWrite,
} from '../../src/redis/keyspace/store/key-value-store.js';
import { compareStamps, type Stamp } from '../../src/redis/keyspace/store/stamp.js';
import { compareStandings } from '../../src/redis/keyspace/store/which-wins.js';
import type { ManualClock } from '../../src/redis/testing/index.js';

interface Stored {
  readonly write: StampedWrite;
  readonly isTombstone: boolean;
  readonly expiresAt: number;
}

interface Mark {
  readonly stamp: Stamp;
  readonly except: readonly string[];
  readonly expiresAt: number;
}

/** What a primary holds; a replica holds what it held at some moment. */
interface Content {
  readonly keys: Map<string, Stored>;
  readonly marks: Map<string, Mark>;
}

const ORIGIN = 'eeeeeeeeeeeeeeee';

/** A Redis of the model, by the rules of the contract of stores, in the plainest way. */
export class ModelRedis {
  readonly #clock: ManualClock;
  #content: Content = { keys: new Map(), marks: new Map() };
  #replica: Content = { keys: new Map(), marks: new Map() };
  #count = 0;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  /** Whether a key holds a value. */
  holds(key: string): boolean {
    const stored = this.find(key);
    return stored !== undefined && !stored.isTombstone;
  }

  find(key: string): Stored | undefined {
    const stored = this.#content.keys.get(key);
    return stored !== undefined && this.#clock.now() < stored.expiresAt ? stored : undefined;
  }

  valueKeys(): string[] {
    return [...this.#content.keys.keys()].filter((key) => this.holds(key));
  }

  evict(key: string): void {
    this.#content.keys.delete(key);
  }

  /** The replica has everything now. */
  replicate(): void {
    this.#replica = copyOf(this.#content);
  }

  /** The replica is the primary from now on. */
  failOver(): void {
    this.#content = copyOf(this.#replica);
  }

  apply(write: StampedWrite): ApplyOutcome {
    const stored = this.find(write.key);
    const { stamp, isFinal = false, replaces, birth = stamp } = write;
    if (stored !== undefined && compareStamps(stored.write.stamp, stamp) === 0) {
      return { kind: 'applied' };
    }
    if (replaces !== undefined && stored === undefined) return { kind: 'absent' };
    if (stored !== undefined) {
      const by = stored.write.stamp;
      const isOther =
        replaces !== undefined &&
        (stored.isTombstone || (replaces !== 'any' && compareStamps(replaces, by) !== 0));
      const other = { stamp: by, isFinal: stored.write.isFinal === true };
      if (isOther || compareStandings(other, { stamp, isFinal }) > 0) {
        return { kind: 'superseded', by, isFinal: other.isFinal };
      }
    }
    const isTombstone = kindOf(write) === 'tombstone';
    const isKept = write.ttlMs === null || write.ttlMs > 0;
    if (!isTombstone && isKept) {
      for (const group of write.groups) {
        const mark = this.#markOf(group);
        if (mark === undefined || mark.except.includes(write.key)) continue;
        if (compareStamps(mark.stamp, birth) > 0) return { kind: 'superseded', by: mark.stamp };
      }
    }
    if (!isKept) this.#content.keys.delete(write.key);
    else {
      const expiresAt = write.ttlMs === null ? Infinity : this.#clock.now() + write.ttlMs;
      this.#content.keys.set(write.key, { write, isTombstone, expiresAt });
    }
    return { kind: 'applied' };
  }

  members(group: string): string[] {
    return this.valueKeys().filter((key) => this.find(key)?.write.groups.includes(group) === true);
  }

  drop({ group, stamp, ttlMs, except = [], isFinal = false }: StampedDrop): number {
    const mark = this.#markOf(group);
    if (ttlMs > 0 && (mark === undefined || compareStamps(stamp, mark.stamp) > 0)) {
      this.#content.marks.set(group, { stamp, except, expiresAt: this.#clock.now() + ttlMs });
    }
    let count = 0;
    for (const key of this.members(group)) {
      const stored = this.find(key);
      if (stored === undefined || except.includes(key)) continue;
      const { stamp: own, birth = own } = stored.write;
      if (compareStamps(birth, stamp) >= 0) continue;
      const end = compareStamps(own, stamp) >= 0 ? { ...own, count: own.count + 1 } : stamp;
      const madeAt = this.#clock.wallTime();
      const entry = encodeEntry(newTombstone(end, { madeAt, freshUntil: madeAt + ttlMs, isFinal }));
      this.apply({ key, stamp: end, entry, ttlMs, groups: [], isFinal });
      count++;
    }
    return count;
  }

  /** By the calendar of Redis. */
  now(): Stamp {
    this.#count = (this.#count + 1) % 60_000;
    return { wallMs: Math.floor(this.#clock.wallTime()), count: this.#count, origin: ORIGIN };
  }

  #markOf(group: string): Mark | undefined {
    const mark = this.#content.marks.get(group);
    return mark !== undefined && this.#clock.now() < mark.expiresAt ? mark : undefined;
  }
}

/** The way of one process to that Redis, which can be cut. */
export function linkTo(redis: ModelRedis, link: { isCut: boolean }): SharedStore {
  const asked = async <T>(work: () => T): Promise<T> => {
    if (link.isCut) throw new CommandTimeoutError('no answer');
    return work();
  };
  const bytesOf = (key: string): Buffer | null => {
    const stored = redis.find(key);
    return stored === undefined ? null : Buffer.from(stored.write.entry);
  };
  const never = (): Promise<never> => Promise.reject(new CommandTimeoutError('not in the model'));
  return {
    mayLag: false,
    readOne: (key) => asked(() => bytesOf(key)),
    read: (keys) => asked(() => keys.map(bytesOf)),
    readPrimary: (keys) => asked(() => keys.map(bytesOf)),
    apply: (write) => asked(() => redis.apply(write)),
    applyLive: (write) => asked(() => redis.apply(write)),
    members: (group) => asked(() => redis.members(group)),
    drop: (drop) => asked(() => redis.drop(drop)),
    dropNow: (drop, onMarked) =>
      asked(() => {
        const stamp = redis.now();
        onMarked?.(stamp);
        return { stamp, dropped: redis.drop({ ...drop, stamp }) };
      }),
    claim: never,
    renew: never,
    release: never,
    increment: never,
    takeIfFree: never,
    giveBack: never,
  };
}

function kindOf({ entry }: StampedWrite): string {
  const decoded = decodeEntry(entry);
  return decoded.ok ? decoded.entry.kind : 'unreadable';
}

function copyOf({ keys, marks }: Content): Content {
  return { keys: new Map(keys), marks: new Map(marks) };
}
