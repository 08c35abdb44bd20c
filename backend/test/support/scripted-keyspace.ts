import { JournalFullError } from '../../src/redis/base/errors/index.js';
import {
  compareStamps,
  type Claim,
  type Entry,
  type EntryDraft,
  type EntryFault,
  type Keyspace,
  type Reading,
  type Stamp,
  type WriteOptions,
  type WriteReceipt,
} from '../../src/redis/keyspace/index.js';
import { newTombstone } from '../../src/redis/keyspace/store/entry.js';
import { HybridClock } from '../../src/redis/keyspace/store/stamp.js';
import type { ManualClock } from '../../src/redis/testing/index.js';

/** A write, or the emptying of a group. */
type Change =
  | { readonly kind: 'put'; readonly key: string; readonly entry: Entry }
  | { readonly kind: 'drop'; readonly group: string; readonly stamp: Stamp };

/** Entries with stamps, and the marks of groups that were emptied. Newer wins. */
class StampedMap {
  readonly entries = new Map<string, Entry>();
  readonly #marks = new Map<string, Stamp>();

  /** Applies a change. Returns the stamp of what is newer; `null` when it was applied. */
  apply(change: Change): Stamp | null {
    if (change.kind === 'put') return this.#put(change.key, change.entry);
    this.#marks.set(change.group, change.stamp);
    for (const key of this.members(change.group)) this.#put(key, tombstone(change.stamp));
    return null;
  }

  members(group: string): string[] {
    return [...this.entries].flatMap(([key, { groups }]) => (groups.includes(group) ? [key] : []));
  }

  clear(): void {
    this.entries.clear();
    this.#marks.clear();
  }

  #put(key: string, entry: Entry): Stamp | null {
    const present = this.entries.get(key)?.stamp;
    // It may be the same write again: Redis cannot tell.
    if (present !== undefined && compareStamps(present, entry.stamp) === 0) return null;
    const rivals = entry.groups.map((group) => this.#marks.get(group));
    rivals.push(this.entries.get(key)?.stamp);
    const newer = rivals.find((one) => one !== undefined && compareStamps(one, entry.stamp) > 0);
    if (newer === undefined) this.entries.set(key, entry);
    return newer ?? null;
  }
}

/** Stands for a Redis that several processes share. */
export class ScriptedRedis {
  readonly data = new StampedMap();
  /** Keys that hold bytes that are no entry. */
  readonly unreadable = new Map<string, EntryFault>();
  /** Keys that no replica has yet. */
  readonly notOnReplica = new Set<string>();

  /** Removes everything. */
  empty(): void {
    this.data.clear();
    this.unreadable.clear();
  }
}

/** A {@link Keyspace} of one process over a {@link ScriptedRedis}, for tests of every case. */
export class ScriptedKeyspace implements Keyspace {
  readonly policy = 'session';
  isAway = false;
  /** The journal accepts nothing more. */
  isJournalFull = false;
  /** The error of the next writes and deletes. */
  writeError: Error | null = null;
  readError: Error | null = null;
  reads = 0;
  writes = 0;
  /** Runs before each write of a draft, for changes that come in between. */
  beforeWrite: ((key: string) => Promise<void> | void) | null = null;
  readonly memory = new StampedMap();
  readonly #redis: ScriptedRedis;
  readonly #clock: ManualClock;
  readonly #stamps: HybridClock;
  readonly #offsetMs: number;
  readonly #journal: Change[] = [];

  /** @param offsetMs - how far ahead the calendar of this process is */
  constructor(
    redis: ScriptedRedis,
    clock: ManualClock,
    origin = '0'.repeat(15) + '1',
    offsetMs = 0,
    readonly name = 'sessions',
  ) {
    this.#redis = redis;
    this.#clock = clock;
    this.#offsetMs = offsetMs;
    this.#stamps = new HybridClock(this.calendar(), origin);
  }

  /** The clock as this process sees it. */
  calendar(): ManualClock {
    const clock = Object.create(this.#clock) as ManualClock;
    const wallTime = (): number => this.#clock.wallTime() + this.#offsetMs;
    Object.defineProperty(clock, 'wallTime', { value: wallTime });
    return clock;
  }

  get journaled(): number {
    return this.#journal.length;
  }

  goAway(): void {
    this.isAway = true;
  }

  /** Redis can be reached again, and gets what was journaled. */
  comeBack(): void {
    this.isAway = false;
    for (const change of this.#journal.splice(0)) this.#redis.data.apply(change);
  }

  stamp(): Stamp {
    return this.#stamps.next();
  }

  near(): Reading | null {
    return null;
  }

  async read(key: string, { confirm = false } = {}): Promise<Reading> {
    this.reads++;
    await Promise.resolve();
    if (this.readError !== null) throw this.readError;
    if (this.isAway) return this.#reading(this.memory.entries.get(key), 'memory');
    const fault = this.#redis.unreadable.get(key);
    if (fault !== undefined) return { state: 'unreadable', fault, stamp: null };
    const isHidden = !confirm && this.#redis.notOnReplica.has(key);
    const entry = isHidden ? undefined : this.#redis.data.entries.get(key);
    if (entry !== undefined) this.memory.apply({ kind: 'put', key, entry });
    return this.#reading(entry, 'redis');
  }

  readMany(keys: readonly string[]): Promise<Reading[]> {
    return Promise.all(keys.map((key) => this.read(key)));
  }

  async write(key: string, draft: EntryDraft, options: WriteOptions = {}): Promise<WriteReceipt> {
    this.writes++;
    await this.beforeWrite?.(key);
    const { kind, codec, isCompressed, body, groups, freshMs, staleMs } = draft;
    const madeAt = this.#clock.wallTime();
    const freshUntil = freshMs === null ? 0 : madeAt + freshMs + staleMs;
    const make = (stamp: Stamp): Change => ({
      kind: 'put',
      key,
      entry: {
        kind,
        stamp,
        birth: options.birth ?? stamp,
        madeAt,
        isFinal: false,
        freshUntil,
        codec,
        isCompressed,
        groups,
        body,
      },
    });
    return this.#apply(make, options.stamp);
  }

  delete(key: string): Promise<WriteReceipt> {
    return this.#apply((stamp) => ({ kind: 'put', key, entry: tombstone(stamp) }));
  }

  async members(
    group: string,
  ): Promise<{ readonly keys: readonly string[]; readonly isComplete: boolean }> {
    const source = this.isAway ? this.memory : this.#redis.data;
    return Promise.resolve({ keys: source.members(group), isComplete: !this.isAway });
  }

  dropGroup(group: string): Promise<WriteReceipt> {
    return this.#apply((stamp) => ({ kind: 'drop', group, stamp }));
  }

  untilChanged(): Promise<void> {
    return Promise.resolve();
  }
  claim(): Promise<Claim> {
    return Promise.resolve({ state: 'alone' });
  }
  renew(): Promise<boolean> {
    return Promise.resolve(false);
  }
  release(): Promise<void> {
    return Promise.resolve();
  }
  increment(): Promise<number> {
    return Promise.resolve(0);
  }
  takeIfFree(): Promise<boolean> {
    return Promise.resolve(false);
  }
  giveBack(): Promise<boolean> {
    return Promise.resolve(false);
  }

  async #apply(make: (stamp: Stamp) => Change, given?: Stamp): Promise<WriteReceipt> {
    await Promise.resolve();
    if (this.writeError !== null) throw this.writeError;
    if (this.isAway && this.isJournalFull) throw new JournalFullError('The journal is full');
    const target = this.isAway ? this.memory : this.#redis.data;
    let change = make(given ?? this.#stamps.next());
    for (let newer = target.apply(change); newer !== null; newer = target.apply(change)) {
      if (given !== undefined) return { outcome: 'superseded' };
      this.#stamps.observe(newer);
      change = make(this.#stamps.next());
    }
    if (this.isAway) this.#journal.push(change);
    else this.memory.apply(change);
    return { outcome: this.isAway ? 'journaled' : 'stored' };
  }

  #reading(entry: Entry | undefined, source: 'redis' | 'memory'): Reading {
    const otherwise: Reading = source === 'redis' ? { state: 'missing' } : { state: 'unknown' };
    if (entry === undefined) return otherwise;
    if (entry.kind === 'tombstone') return { state: 'deleted', stamp: entry.stamp, source };
    const hasEnded = entry.freshUntil !== 0 && entry.freshUntil <= this.#clock.wallTime();
    return hasEnded ? otherwise : { state: 'found', entry, isFresh: true, source };
  }
}

function tombstone(stamp: Stamp): Entry {
  return newTombstone(stamp, { madeAt: stamp.wallMs, freshUntil: 0 });
}
