import { JournalFullError } from '../../src/redis/base/errors/index.js';
import { HitCounter } from '../../src/redis/base/stats/index.js';
import {
  compareStamps,
  type Claim,
  type DeleteOptions,
  type DropOptions,
  type Entry,
  type EntryDecoder,
  type EntryDraft,
  type Keyspace,
  type Reading,
  type ReadOptions,
  type Stamp,
  type WriteOptions,
  type WritePlace,
  type WriteReceipt,
} from '../../src/redis/keyspace/index.js';
import { newTombstone } from '../../src/redis/keyspace/store/entry.js';
import { HybridClock, laterThan } from '../../src/redis/keyspace/store/stamp.js';
import { compareStandings } from '../../src/redis/keyspace/store/which-wins.js';
import type { ManualClock } from '../../src/redis/testing/index.js';
import { decodedView } from './decoded-view.js';
import {
  type Change,
  type Drop,
  type HeldEntry,
  type Put,
  type Refusal,
  type ScriptedRedis,
  StampedMap,
} from './scripted-redis.js';

/** How long an ordinary tombstone is kept, and how old a journaled value may become. */
const MAX_AGE_MS = 3_600_000;

/** What Redis has still to hear, and when it was written. */
interface Pending {
  readonly change: Change;
  readonly madeAt: number;
}

/**
 * A {@link Keyspace} of one process over a {@link ScriptedRedis}, for tests of every case. Its journal
 * has the newest change of each key and group. Its stamps follow Redis while it can be reached, and the
 * calendar of the process while not.
 */
export class ScriptedKeyspace implements Keyspace {
  readonly policy = 'session';
  readonly hasRedis: boolean = true;
  isAway = false;
  readonly hits: HitCounter;
  /** The journal accepts nothing more. */
  isJournalFull = false;
  /** The error of the next writes and deletes. */
  writeError: Error | null = null;
  readError: Error | null = null;
  reads = 0;
  /** Of them, those that asked the primary at once. */
  primaryReads = 0;
  writes = 0;
  /** Runs before each write of a draft, for changes that come in between. */
  beforeWrite: ((key: string) => Promise<void> | void) | null = null;
  /** Runs before each delete and drop. */
  beforeEnd: (() => Promise<void> | void) | null = null;
  readonly memory = new StampedMap();
  readonly #redis: ScriptedRedis;
  readonly #clock: ManualClock;
  readonly #stamps: HybridClock;
  readonly #offsetMs: number;
  readonly #journal = new Map<string, Pending>();
  #appended = 0;

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
    this.hits = new HitCounter(clock);
    this.#offsetMs = offsetMs;
    const wallTime = (): number => this.#now + (this.isAway ? this.#offsetMs : 0);
    this.#stamps = new HybridClock(withCalendar(clock, wallTime), origin);
  }

  /** The clock as this process sees it. */
  calendar(): ManualClock {
    return withCalendar(this.#clock, () => this.#now + this.#offsetMs);
  }

  /** How many changes were journaled since Redis was there last. */
  get journaled(): number {
    return this.#appended;
  }

  /** How many changes Redis has still to hear of. */
  get pending(): number {
    return this.#journal.size;
  }

  goAway(): void {
    this.isAway = true;
    this.#appended = 0;
  }

  /** Redis can be reached again, and gets what was journaled. */
  comeBack(): void {
    this.reach();
    while (this.replayOne()) continue;
  }

  /** Redis can be reached again; it gets what was journaled by {@link ScriptedKeyspace.replayOne}. */
  reach(): void {
    this.isAway = false;
  }

  /** Hands one journaled change to Redis, in any order. Returns false when there is none. */
  replayOne(pick: (targets: readonly string[]) => number = () => 0): boolean {
    const targets = [...this.#journal.keys()];
    const target = targets[pick(targets)];
    if (target !== undefined) this.#replay(target);
    return target !== undefined;
  }

  stamp(): Stamp {
    return this.#stamps.next();
  }

  birth(): Stamp {
    return this.#stamps.before();
  }

  place(): WritePlace {
    return { stamp: this.stamp(), isOvertaken: false, isDropped: false, leave: () => undefined };
  }

  decodedBy<U>(decoder: EntryDecoder<U>): Keyspace<U> {
    return decodedView(this, decoder);
  }

  readonly mayBeNear = false;

  isSpared(): boolean {
    return false;
  }

  recentKeys(): string[] {
    return [];
  }

  near(): Reading | null {
    return null;
  }

  async read(
    key: string,
    { confirm = false, onPrimary = false }: ReadOptions = {},
  ): Promise<Reading> {
    this.reads++;
    if (onPrimary) this.primaryReads++;
    await Promise.resolve();
    if (this.readError !== null) throw this.readError;
    if (this.isAway) return this.#reading(this.#known(key), 'memory');
    const fault = this.#redis.unreadable.get(key);
    if (fault !== undefined) return { state: 'unreadable', fault, stamp: null };
    const now = this.#now;
    let entry = onPrimary ? this.#redis.data.get(key, now) : this.#redis.onReplica(key, now);
    const isBehind = !onPrimary && isLater(this.memory.get(key, now), entry);
    const isOver = entry === undefined || this.#isOver(entry);
    if (isBehind || (confirm && isOver)) entry = this.#redis.data.get(key, now);
    const shown = this.#withPending(key, entry);
    // What Redis has still to hear of is not forgotten for what it has.
    if (entry !== undefined && shown === entry) this.#observe(key, entry);
    return this.#reading(shown, 'redis');
  }

  readMany(keys: readonly string[]): Promise<Reading[]> {
    return Promise.all(keys.map((key) => this.read(key)));
  }

  async write(key: string, draft: EntryDraft, options: WriteOptions = {}): Promise<WriteReceipt> {
    this.writes++;
    await this.beforeWrite?.(key);
    const { freshMs, staleMs, ...rest } = draft;
    const madeAt = this.#now;
    const freshUntil = freshMs === null ? 0 : madeAt + freshMs;
    const keptUntil = freshMs === null ? 0 : freshUntil + staleMs;
    const dates = { madeAt, freshUntil, keptUntil };
    const make = (stamp: Stamp): Put => ({
      kind: 'put',
      key,
      entry: { ...rest, ...dates, stamp, birth: options.birth ?? stamp, isFinal: false },
      ...(options.replaces !== undefined && { replaces: options.replaces }),
    });
    return this.#apply(make, options.stamp, options.replaces !== undefined);
  }

  async delete(key: string, options: DeleteOptions = {}): Promise<WriteReceipt> {
    const { isFinal = false, keepMs = MAX_AGE_MS, replaces } = options;
    await this.beforeEnd?.();
    const freshUntil = this.#now + keepMs;
    const make = (stamp: Stamp): Put => ({
      kind: 'put',
      key,
      entry: newTombstone(stamp, { madeAt: this.#now, freshUntil, isFinal }),
      ...(replaces !== undefined && { replaces }),
    });
    return this.#apply(make, undefined, replaces !== undefined);
  }

  async members(
    group: string,
  ): Promise<{ readonly keys: readonly string[]; readonly isComplete: boolean }> {
    const source = this.isAway ? this.memory : this.#redis.data;
    return Promise.resolve({ keys: source.members(group), isComplete: !this.isAway });
  }

  async dropGroup(group: string, options: DropOptions = {}): Promise<WriteReceipt> {
    const { except = [], keepMs = MAX_AGE_MS, isFinal = false } = options;
    await this.beforeEnd?.();
    const make = (stamp: Stamp): Drop => {
      return { kind: 'drop', group, stamp, keepMs, except, isFinal };
    };
    if (this.isAway) return this.#apply(make);
    return this.#apply(make, this.#stampInRedis(group));
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

  // Redis takes it from its own clock, which never shows one time twice: later than what it has from this moment.
  #stampInRedis(group: string): Stamp {
    const { data } = this.#redis;
    const now = { wallMs: Math.floor(this.#now), count: 0, origin: 'f'.repeat(16) };
    const aheadMs = (data.latest?.wallMs ?? 0) - now.wallMs;
    const isOfNow = aheadMs >= 0 && aheadMs <= 100;
    const stamp = isOfNow ? laterThan(now, data.latest!) : now;
    const mark = data.markOf(group);
    if (mark === null || compareStamps(stamp, mark) > 0) return stamp;
    return { ...now, wallMs: mark.wallMs + 1 };
  }

  get #now(): number {
    return this.#clock.wallTime();
  }

  async #apply(
    make: (stamp: Stamp) => Change,
    given?: Stamp,
    isConditional = false,
  ): Promise<WriteReceipt> {
    await Promise.resolve();
    if (this.writeError !== null) throw this.writeError;
    if (this.isAway && this.isJournalFull) throw new JournalFullError('The journal is full');
    if (given !== undefined) this.#stamps.observe(given);
    let change = make(given ?? this.#stamps.next());
    // What this process has written of the key before has its turn first.
    if (!this.isAway) this.#replay(targetOf(change));
    for (let tries = 1; ; tries++) {
      const refusal = this.isAway ? this.#keep(change) : this.#send(change);
      if (refusal === null) return { outcome: this.isAway ? 'journaled' : 'stored' };
      if (refusal !== 'absent') this.#stamps.observe(refusal.by);
      if (given !== undefined || isConditional || tries === 4) {
        return { outcome: 'superseded', ...(refusal !== 'absent' && refusal) };
      }
      change = make(this.#stamps.next());
    }
  }

  #send(change: Change): Refusal | null {
    const refusal = this.#redis.data.apply(change, this.#now);
    if (refusal !== null) return refusal;
    this.memory.apply(withoutCondition(change), this.#now);
    if (change.kind === 'drop') this.#forgetDropped(change);
    return null;
  }

  /** What Redis would refuse from now on need not be handed in. */
  #forgetDropped({ group, stamp, except }: Drop): void {
    for (const [target, { change }] of this.#journal) {
      if (change.kind === 'drop' || !change.entry.groups.includes(group)) continue;
      const isEnded = !except.includes(target) && compareStamps(change.entry.birth, stamp) < 0;
      if (isEnded) this.#journal.delete(target);
    }
  }

  /** Compares with what this process knows: who is cut off can know no more. */
  #keep(change: Change): Refusal | null {
    const refusal = this.memory.apply(change, this.#now);
    if (refusal !== null && refusal !== 'absent') return refusal;
    // A change of what memory has forgotten, or never had.
    if (refusal === 'absent') this.memory.apply(withoutCondition(change), this.#now);
    const target = targetOf(change);
    const before = this.#journal.get(target);
    this.#appended++;
    this.#journal.set(target, { change: asJournaled(change, before), madeAt: this.#now });
    return null;
  }

  #replay(target: string): void {
    const pending = this.#journal.get(target);
    if (pending === undefined) return;
    this.#journal.delete(target);
    const { change, madeAt } = pending;
    const isTooOld = this.#now - madeAt > MAX_AGE_MS;
    // Too old to create anything; the end of a session is never too old.
    const isValue = change.kind === 'put' && change.entry.kind === 'value';
    const sent = isTooOld && isValue ? { ...change, replaces: 'any' as const } : change;
    const refusal = this.#redis.data.apply(sent, this.#now);
    if (refusal === null) return;
    if (change.kind === 'put') this.memory.evict(change.key);
  }

  #observe(key: string, entry: HeldEntry): void {
    this.#stamps.observe(entry.stamp);
    const refusal = this.memory.apply({ kind: 'put', key, entry }, this.#now);
    if (refusal !== null) this.memory.entries.set(key, entry);
  }

  /** What this process knows of a key without asking Redis. */
  #known(key: string): HeldEntry | undefined {
    return this.memory.get(key, this.#now);
  }

  /** What Redis has, unless this process has something newer that Redis has still to hear. */
  #withPending(key: string, stored: HeldEntry | undefined): HeldEntry | undefined {
    const own = this.#journal.get(key)?.change;
    const newest = own?.kind === 'put' && isLater(own.entry, stored) ? own.entry : stored;
    if (newest?.kind !== 'value') return newest;
    for (const { change } of this.#journal.values()) {
      if (change.kind !== 'drop' || !newest.groups.includes(change.group)) continue;
      const isEnded = !change.except.includes(key) && compareStamps(newest.birth, change.stamp) < 0;
      if (isEnded) return newTombstone(change.stamp, { madeAt: 0, freshUntil: 0, isFinal: true });
    }
    return newest;
  }

  #isOver({ freshUntil }: Entry): boolean {
    return freshUntil !== 0 && freshUntil <= this.#now;
  }

  #reading(entry: Entry | undefined, source: 'redis' | 'memory'): Reading {
    if (entry?.kind === 'tombstone') return { state: 'deleted', stamp: entry.stamp, source };
    if (entry === undefined || this.#isOver(entry)) {
      return source === 'redis' ? { state: 'missing' } : { state: 'unknown' };
    }
    return { state: 'found', value: entry.body, entry, isFresh: true, source };
  }
}

function withCalendar(clock: ManualClock, wallTime: () => number): ManualClock {
  const seen = Object.create(clock) as ManualClock;
  Object.defineProperty(seen, 'wallTime', { value: wallTime });
  return seen;
}

// A drop that lets somebody stay does not stand for one that did not.
function targetOf(change: Change): string {
  return change.kind === 'put' ? change.key : `group ${change.group} ${change.except.join(' ')}`;
}

function isLater(a: Entry | undefined, b: Entry | undefined): boolean {
  return a !== undefined && (b === undefined || compareStandings(a, b) > 0);
}

function withoutCondition(change: Change): Change {
  return change.kind === 'drop' ? change : { kind: 'put', key: change.key, entry: change.entry };
}

/**
 * The journal knows only the newest change of a key. What it has created itself it still creates; the
 * end of a key needs no condition any more; any other change only replaces.
 */
function asJournaled(change: Change, before: Pending | undefined): Change {
  if (change.kind === 'drop' || change.entry.kind !== 'value') return withoutCondition(change);
  const isCreatedHere =
    before?.change.kind === 'put' &&
    before.change.entry.kind === 'value' &&
    before.change.replaces === undefined;
  return change.replaces === undefined || isCreatedHere
    ? withoutCondition(change)
    : { ...change, replaces: 'any' };
}
