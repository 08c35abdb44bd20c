import { noteOutcome } from '../base/operations/index.js';
import { encodeEntry, type NewEntry, newTombstone } from './store/entry.js';
import type { ApplyOutcome, StampedDrop, StampedWrite } from './store/key-value-store.js';
import { compareStamps, type Stamp } from './store/stamp.js';
import type { Standing } from './store/which-wins.js';
import { noRedisAtAll, noRoom, strictRefusal } from './breaker/away-errors.js';
import type { KeyspaceDeps, SharedStore } from './keyspace-deps.js';
import { Away } from './breaker/guard.js';
import type { KeyspaceIdentity } from './keyspace-options.js';
import type {
  DeleteOptions,
  DropOptions,
  EntryDraft,
  KeyspacePolicy,
  WriteOptions,
  WriteReceipt,
} from './keyspace.js';
import type { KeyspaceKeys } from './keyspace-keys.js';
import type { KeyspaceSenses } from './keyspace-reads.js';
import { graveOf } from './journal/ended-writes.js';
import { unconditional } from './journal/disk/right-to-create.js';
import type { JournalRecord, WriteClass } from './journal/disk/journal-log.js';
import type { NearCopies } from './near-copies.js';
import type { OwnKnowledge } from './own-knowledge.js';
import { copyOf, isConditional, mayTryAgain, memoryMsOf, type Intent } from './write-intent.js';
import { supersededBy } from './write-intent.js';

type GroupDrop = StampedDrop & { readonly channel: string };

const STORED: WriteReceipt = { outcome: 'stored' };
const JOURNALED: WriteReceipt = { outcome: 'journaled' };
const KEPT: WriteReceipt = { outcome: 'kept' };
const NOT_ASKED = new Away(null);
const DROP_AHEAD_MS = 5;
const MAX_STAMPS = 4;

/** The writing half of a keyspace. Keys are those of the caller here. */
export class KeyspaceWrites {
  readonly #keys: KeyspaceKeys;
  readonly #policy: KeyspacePolicy;
  readonly #maxStaleMs: number;
  readonly #deps: KeyspaceDeps;
  readonly #near: NearCopies | null;
  readonly #knowledge: OwnKnowledge;

  constructor(
    { keys, options }: KeyspaceIdentity,
    deps: KeyspaceDeps,
    { near, knowledge }: KeyspaceSenses,
  ) {
    this.#keys = keys;
    this.#policy = options.policy;
    this.#maxStaleMs = options.maxStaleMs;
    this.#deps = deps;
    this.#near = near;
    this.#knowledge = knowledge;
  }

  /** Writes a value, or the knowledge that there is none. */
  write(
    key: string,
    draft: EntryDraft,
    { stamp, replaces, birth, isAtHand }: WriteOptions = {},
  ): Promise<WriteReceipt> {
    const { freshMs, staleMs } = draft;
    const ttlMs = freshMs === null ? null : freshMs + staleMs;
    const madeAt = this.#now();
    const freshUntil = freshMs === null ? 0 : Math.ceil(madeAt + freshMs);
    const make = (own: Stamp): StampedWrite => ({
      ...this.#newWrite(key, ttlMs, {
        ...draft,
        madeAt,
        freshUntil,
        stamp: own,
        ...(birth !== undefined && { birth }),
      }),
      ...(birth !== undefined && { birth }),
      ...(replaces !== undefined && { replaces }),
    });
    const memoryMs = memoryMsOf(draft, this.#maxStaleMs);
    return this.#apply({ isValue: true, make, stamp, isAtHand, memoryMs });
  }

  /** Writes a tombstone. */
  delete(
    key: string,
    { isFinal = false, keepMs = this.#deps.tombstoneMs, replaces }: DeleteOptions = {},
  ): Promise<WriteReceipt> {
    const madeAt = this.#now();
    const freshUntil = Math.ceil(madeAt + keepMs);
    const make = (stamp: Stamp): StampedWrite => ({
      ...this.#newWrite(key, keepMs, newTombstone(stamp, { madeAt, freshUntil, isFinal })),
      ...(isFinal && { isFinal }),
      ...(replaces !== undefined && { replaces }),
    });
    return this.#apply({ isValue: false, make });
  }

  /** Empties a key group: what was born before this moment goes. */
  async drop(group: string, options: DropOptions = {}): Promise<WriteReceipt> {
    const { redis, memory, own, stamps } = this.#deps;
    const drop = this.#newDrop(group, options);
    if (redis === null) {
      this.#refuseStrictInMemory();
      memory.drop({ ...drop, stamp: stamps.next(DROP_AHEAD_MS) });
      return KEPT;
    }
    const { stamp, away } = await this.#dropIn(redis, drop);
    const done = { ...drop, stamp };
    if (away === null) own.note(this.#recordOf(done));
    else await this.#keepDrop(done, away);
    memory.drop(done);
    return away === null ? STORED : JOURNALED;
  }

  // Its stamp is that of the mark in Redis. Without one it is later than current loads of members on machines
  // whose calendar is a little ahead.
  async #dropIn(
    redis: SharedStore,
    drop: Omit<GroupDrop, 'stamp'>,
  ): Promise<{ readonly stamp: Stamp; readonly away: Away | null }> {
    const { writes, stamps } = this.#deps;
    const marked: Stamp[] = [];
    const work = (): Promise<{ readonly stamp: Stamp }> =>
      redis.dropNow(drop, (stamp) => {
        marked.push(stamp);
      });
    // Waits for the end: emptying must not go on after the caller was told that it is done.
    const outcome = await writes.runAlsoWhenFull(work, { isToEnd: true });
    if (!(outcome instanceof Away)) return { stamp: outcome.stamp, away: null };
    return { stamp: marked[0] ?? stamps.next(DROP_AHEAD_MS), away: outcome };
  }

  #newDrop(group: string, options: DropOptions): Omit<GroupDrop, 'stamp'> {
    const { isFinal = false, keepMs = this.#deps.tombstoneMs, except = [] } = options;
    return {
      group: this.#keys.group(group),
      ttlMs: keepMs,
      channel: this.#keys.channel,
      ...(isFinal && { isFinal }),
      ...(except.length > 0 && { except: except.map((key) => this.#keys.entry(key)) }),
    };
  }

  async #keepDrop(drop: GroupDrop, away: Away): Promise<void> {
    if (this.#policy === 'strict') throw strictRefusal(this.#keys.name, away);
    const isJournaled = await this.#journal(this.#recordOf(drop));
    if (!isJournaled) throw noRoom(this.#keys.name, this.#deps.own.stats);
  }

  async #apply(intent: Intent): Promise<WriteReceipt> {
    const { redis, stamps } = this.#deps;
    const { stamp: given } = intent;
    // This stamp may be a little ahead of the clock. A later write still needs a later stamp.
    if (given !== undefined) stamps.observe(given);
    let write = intent.make(given ?? stamps.next());
    if (redis === null) return this.#applyInMemory(write, intent);
    this.#keepAtHand(write, intent);
    for (let tries = 1; ; tries++) {
      const sentAt = this.#deps.clock.now();
      const outcome = await this.#send(redis, write, intent);
      if (outcome instanceof Away) return this.#whileAway(write, intent, outcome);
      if (outcome.kind === 'applied') return this.#noteStored(write, intent, sentAt, outcome.stamp);
      this.#learnOf(write, outcome);
      const by = outcome.kind === 'absent' ? null : outcome;
      if (!mayTryAgain(write, intent, by) || tries === MAX_STAMPS) return supersededBy(outcome);
      // A live write is meant to be the latest; only the clock of another process is ahead.
      write = intent.make(stamps.next());
    }
  }

  // Not for the journal yet: Redis may take it any moment.
  #keepAtHand(write: StampedWrite, intent: Intent): void {
    if (intent.isAtHand !== true || this.#policy !== 'cache') return;
    if (this.#newerThan(write, intent) !== null) return;
    const { memory, clock } = this.#deps;
    memory.apply(copyOf(write, intent));
    this.#near?.review(write.key, write.stamp, clock.now());
  }

  #applyInMemory(write: StampedWrite, intent: Intent): WriteReceipt {
    this.#refuseStrictInMemory();
    const newer = this.#isLoaded(intent) ? this.#knowledge.endLostSince(write) : null;
    if (newer !== null) return { outcome: 'superseded', by: newer.stamp };
    const { memoryMs: ttlMs = write.ttlMs } = intent;
    const outcome = this.#deps.memory.apply({ ...write, ttlMs });
    return outcome.kind === 'applied' ? KEPT : supersededBy(outcome);
  }

  // A strict keyspace waits for the outcome of each write, because it must be certain.
  async #send(
    redis: SharedStore,
    write: StampedWrite,
    intent: Intent,
  ): Promise<ApplyOutcome | Away> {
    const { writes } = this.#deps;
    // Redis knows nothing yet of what is to be replaced.
    if (this.#isOfPending(write)) return NOT_ASKED;
    const newer = this.#newerPending(write, intent);
    if (newer !== null) return { kind: 'superseded', by: newer.stamp, isFinal: newer.isFinal };
    const apply = (): Promise<ApplyOutcome> =>
      isConditional(write, intent) ? redis.apply(write) : redis.applyLive(write);
    if (this.#policy === 'strict') {
      const outcome = await writes.runToItsEnd(apply);
      if (outcome instanceof Away) throw strictRefusal(this.#keys.name, outcome);
      return outcome;
    }
    return intent.isValue ? writes.run(apply) : writes.runAlsoWhenFull(apply);
  }

  // The change, or the end, of a value that waits in the journal goes there, too.
  #isOfPending({ key, replaces }: StampedWrite): boolean {
    if (replaces === undefined || replaces === 'any' || this.#policy === 'strict') return false;
    const held = this.#deps.own.ofKey(key);
    return held?.isPending === true && compareStamps(held.write.stamp, replaces) === 0;
  }

  // What was loaded before a delete that still waits here: Redis would take it, and this process serve it.
  #newerPending(write: StampedWrite, { stamp }: Intent): Standing | null {
    if (this.#deps.own.entries === 0) return null;
    if (stamp === undefined) return this.#knowledge.pendingInstead(write);
    const word = this.#knowledge.ownOf(write);
    // The drop of a group is not the last word on a key: what is born after it may be written.
    return word?.source === 'dropped' ? { stamp: word.stamp, isFinal: false } : word;
  }

  #learnOf(write: StampedWrite, outcome: Exclude<ApplyOutcome, { kind: 'applied' }>): void {
    const { memory, stamps, own, tombstoneMs } = this.#deps;
    const { key } = write;
    if (outcome.kind === 'absent') {
      memory.distrust(key);
      return;
    }
    stamps.observe(outcome.by);
    const stamp = memory.peek(key)?.stamp ?? null;
    const isOlder = stamp === null || compareStamps(stamp, outcome.by) < 0;
    if (isOlder || outcome.isFinal === true) memory.distrust(key);
    if (outcome.isFinal !== true) return;
    const madeAt = this.#now();
    const end = graveOf(write, { stamp: outcome.by, ttlMs: tombstoneMs, madeAt, isFinal: true });
    memory.apply(end);
    // Who was told that the key has ended must not find it again after a failover.
    if (write.isFinal === true) own.note(this.#recordOfWrite(end, false));
    else own.noteEnd(end);
  }

  // Redis may have stamped it.
  #noteStored(sent: StampedWrite, intent: Intent, sentAt: number, stamp?: Stamp): WriteReceipt {
    const { memory, own } = this.#deps;
    const write = stamp === undefined ? sent : intent.make(stamp);
    memory.apply(copyOf(write, intent));
    // What came after this write may have been told before the answer to it, or missed: a later write, FLUSHALL.
    this.#near?.review(write.key, write.stamp, sentAt);
    own.note(this.#recordOfWrite(write, intent.isValue));
    return STORED;
  }

  // Compares with all that this process knows: memory may have had no room for it.
  #whileAway(
    first: StampedWrite,
    intent: Intent,
    away: Away,
  ): Promise<WriteReceipt> | WriteReceipt {
    if (this.#policy === 'strict') throw strictRefusal(this.#keys.name, away);
    let write = first;
    for (let tries = 1; ; tries++) {
      const newer = this.#newerThan(write, intent);
      if (newer === null) return this.#keep(write, intent);
      this.#deps.stamps.observe(newer.stamp);
      if (!mayTryAgain(write, intent, newer) || tries === MAX_STAMPS) {
        return { outcome: 'superseded', by: newer.stamp };
      }
      write = intent.make(this.#deps.stamps.next());
    }
  }

  async #keep(write: StampedWrite, intent: Intent): Promise<WriteReceipt> {
    const { memory, own } = this.#deps;
    const { isValue } = intent;
    const isJournaled = await this.#journal(this.#recordOfWrite(write, isValue));
    // A cached value that never reaches Redis is no loss. A delete that never reaches it is one.
    if (!isJournaled && this.#classOf(isValue) !== 'value') {
      throw noRoom(this.#keys.name, own.stats);
    }
    memory.apply(copyOf(write, intent));
    return isJournaled ? JOURNALED : KEPT;
  }

  // What replaces one certain value loses against all that is newer than that.
  #newerThan(write: StampedWrite, intent: Intent): Standing | null {
    const { replaces, key } = write;
    const isBased = replaces !== undefined && replaces !== 'any';
    const ended = isBased && !intent.isValue ? this.#knowledge.endedAt(key) : null;
    if (ended !== null) return ended;
    const newer = this.#knowledge.of(isBased ? { ...write, stamp: replaces } : write);
    return newer ?? (this.#isLoaded(intent) ? this.#knowledge.endLostSince(write) : null);
  }

  // A cached value that is not of now: what was ended meanwhile is newer.
  #isLoaded({ isValue, stamp }: Intent): boolean {
    return stamp !== undefined && this.#classOf(isValue) === 'value';
  }

  async #journal(record: JournalRecord): Promise<boolean> {
    const { own, onBacklog } = this.#deps;
    try {
      const isJournaled = (await own.append(record)) === 'journaled';
      if (isJournaled) noteOutcome('journaled');
      return isJournaled;
    } finally {
      // A record that the disk refused is pending all the same.
      onBacklog();
    }
  }

  #recordOfWrite(write: StampedWrite, isValue: boolean): JournalRecord {
    // The end of a key ends whatever Redis has when it is replayed.
    const whole = isValue ? write : unconditional(write);
    return { kind: 'write', write: whole, madeAt: this.#now(), class: this.#classOf(isValue) };
  }

  #recordOf(drop: GroupDrop): JournalRecord {
    return { kind: 'drop', drop, madeAt: this.#now(), class: this.#classOf(false) };
  }

  #classOf(isValue: boolean): WriteClass {
    if (this.#policy !== 'cache') return 'must';
    return isValue ? 'value' : 'delete';
  }

  #newWrite(key: string, ttlMs: number | null, entry: NewEntry): StampedWrite {
    return {
      key: this.#keys.entry(key),
      stamp: entry.stamp,
      entry: encodeEntry(entry),
      ttlMs,
      groups: entry.groups.map((group) => this.#keys.group(group)),
      channel: this.#keys.channel,
    };
  }

  #refuseStrictInMemory(): void {
    if (this.#policy === 'strict') throw noRedisAtAll(this.#keys.name);
  }

  #now(): number {
    return this.#deps.clock.wallTime();
  }
}
