import { encodeEntry, type NewEntry, newTombstone } from './store/entry.js';
import type { ApplyOutcome, StampedWrite } from './store/key-value-store.js';
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
  WritePlace,
  WriteReceipt,
} from './keyspace.js';
import { KeyspaceDrops } from './keyspace-drops.js';
import type { KeyspaceKeys } from './keyspace-keys.js';
import type { KeyspaceSenses } from './keyspace-reads.js';
import { graveOf } from './journal/ended-writes.js';
import { unconditional } from './journal/disk/right-to-create.js';
import type { JournalRecord } from './journal/disk/journal-log.js';
import type { NearCopies } from './near-copies.js';
import type { OwnKnowledge } from './own-knowledge.js';
import {
  asCalled,
  classIn,
  copyOf,
  inJournal,
  type Intent,
  isConditional,
  LiveCalls,
  mayTryAgain,
  memoryMsOf,
  noted,
  supersededBy,
} from './write-intent.js';

const STORED: WriteReceipt = { outcome: 'stored' };
const JOURNALED: WriteReceipt = { outcome: 'journaled' };
const KEPT: WriteReceipt = { outcome: 'kept' };
const NOT_ASKED = new Away(null);
const MAX_STAMPS = 4;

/** The writing half of a keyspace. Keys are those of the caller here. */
export class KeyspaceWrites {
  readonly #keys: KeyspaceKeys;
  readonly #policy: KeyspacePolicy;
  readonly #maxStaleMs: number;
  readonly #deps: KeyspaceDeps;
  readonly #near: NearCopies | null;
  readonly #knowledge: OwnKnowledge;
  readonly #calls: LiveCalls;
  readonly #drops: KeyspaceDrops;

  constructor(identity: KeyspaceIdentity, deps: KeyspaceDeps, { near, knowledge }: KeyspaceSenses) {
    const { keys, options } = identity;
    this.#keys = keys;
    this.#policy = options.policy;
    this.#maxStaleMs = options.maxStaleMs;
    this.#deps = deps;
    this.#near = near;
    this.#knowledge = knowledge;
    this.#calls = new LiveCalls(deps.stamps);
    this.#drops = new KeyspaceDrops(identity, deps, this.#calls);
  }

  /** The place of a write, or a delete, that is called now. */
  place(key: string, groups: readonly string[]): WritePlace {
    return this.#calls.begin(
      this.#keys.entry(key),
      groups.map((group) => this.#keys.group(group)),
    );
  }

  /** Writes a value, or the knowledge that there is none. */
  write(
    key: string,
    draft: EntryDraft,
    { stamp, replaces, birth, isAtHand, place }: WriteOptions = {},
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
    const intent = { isValue: true, make, stamp, isAtHand, memoryMs };
    if (stamp !== undefined || replaces !== undefined) return this.#apply(intent);
    return this.#writeLive(key, intent, place ?? this.place(key, draft.groups));
  }

  /** Writes a tombstone. */
  delete(
    key: string,
    { isFinal = false, keepMs = this.#deps.tombstoneMs, replaces, place }: DeleteOptions = {},
  ): Promise<WriteReceipt> {
    const madeAt = this.#now();
    const freshUntil = Math.ceil(madeAt + keepMs);
    const make = (stamp: Stamp): StampedWrite => ({
      ...this.#newWrite(key, keepMs, newTombstone(stamp, { madeAt, freshUntil, isFinal })),
      ...(isFinal && { isFinal }),
      ...(replaces !== undefined && { replaces }),
    });
    const intent = { isValue: false, make };
    if (isFinal || replaces !== undefined) return this.#apply(intent);
    return this.#deleteLive(intent, place ?? this.place(key, []));
  }

  /** Empties a key group: what was born before this moment goes. */
  drop(group: string, options?: DropOptions): Promise<WriteReceipt> {
    return this.#drops.drop(group, options);
  }

  // What is dropped before it is there was there for a moment: nothing of the key may be left, as after a delete.
  async #writeLive(key: string, intent: Intent, place: WritePlace): Promise<WriteReceipt> {
    try {
      const marking = this.#calls.untilMarked();
      if (marking !== null) await marking;
      const receipt = place.isDropped
        ? supersededBy({ kind: 'absent' })
        : await this.#apply(asCalled({ ...intent, place }));
      const isLeft = receipt.outcome === 'superseded' && place.isDropped && !place.isOvertaken;
      return isLeft ? await this.delete(key, { place }) : receipt;
    } finally {
      place.leave();
    }
  }

  async #deleteLive(intent: Intent, place: WritePlace): Promise<WriteReceipt> {
    try {
      return await this.#apply(asCalled({ ...intent, place }));
    } finally {
      place.leave();
    }
  }

  async #apply(intent: Intent): Promise<WriteReceipt> {
    const { redis, stamps } = this.#deps;
    const { stamp: given } = intent;
    // This stamp may be a little ahead of the clock. A later write still needs a later stamp.
    if (given !== undefined) stamps.observe(given);
    const write = given === undefined ? this.#madeNow(intent) : intent.make(given);
    if (redis === null) return this.#applyInMemory(write, intent);
    this.#keepAtHand(write, intent);
    const newer = this.#knowledge.pendingAgainst(write, given !== undefined);
    return newer === null ? this.#applyInRedis(redis, write, intent) : this.#giveWay(write, newer);
  }

  async #applyInRedis(
    redis: SharedStore,
    first: StampedWrite,
    intent: Intent,
  ): Promise<WriteReceipt> {
    let write = first;
    for (let tries = 1; ; tries++) {
      const asked = { at: this.#deps.clock.now(), losses: this.#deps.own.losses };
      const outcome = await this.#send(redis, write, intent);
      if (outcome instanceof Away) return this.#whileAway(write, intent, outcome);
      if (outcome.kind === 'applied') return this.#noteStored(write, intent, asked, outcome.stamp);
      this.#learnOf(write, outcome);
      const by = outcome.kind === 'absent' ? null : outcome;
      if (!mayTryAgain(write, intent, by) || tries === MAX_STAMPS) return supersededBy(outcome);
      // A live write is meant to be the latest; only the clock of another process is ahead.
      write = this.#madeNow(intent);
    }
  }

  #madeNow(intent: Intent): StampedWrite {
    const write = intent.make(this.#deps.stamps.next());
    if (write.groups.length > 0) this.#calls.latestListed = write.stamp;
    return write;
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
    if (this.#policy === 'strict') throw noRedisAtAll(this.#keys.name);
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
    // The change, or the end, of a value that waits in the journal goes there, too.
    if (this.#knowledge.isOfPending(write)) return NOT_ASKED;
    const apply = (): Promise<ApplyOutcome> =>
      isConditional(write, intent) ? redis.apply(write) : redis.applyLive(write);
    if (this.#policy === 'strict') {
      const outcome = await writes.runToItsEnd(apply);
      if (outcome instanceof Away) throw strictRefusal(this.#keys.name, outcome);
      return outcome;
    }
    return intent.isValue ? writes.run(apply) : writes.runAlsoWhenFull(apply);
  }

  // Redis has neither: nothing is learned of it, and what is newer still waits.
  #giveWay({ key }: StampedWrite, { stamp }: Standing): WriteReceipt {
    const { memory, stamps } = this.#deps;
    stamps.observe(stamp);
    if (this.#isOlderCopy(key, stamp)) memory.distrust(key);
    return { outcome: 'superseded', by: stamp };
  }

  #isOlderCopy(key: string, than: Stamp): boolean {
    const stamp = this.#deps.memory.peek(key)?.stamp ?? null;
    return stamp === null || compareStamps(stamp, than) < 0;
  }

  #learnOf(write: StampedWrite, outcome: Exclude<ApplyOutcome, { kind: 'applied' }>): void {
    const { memory, stamps, own, tombstoneMs } = this.#deps;
    const { key } = write;
    if (outcome.kind === 'absent') {
      memory.distrust(key);
      return;
    }
    stamps.observe(outcome.by);
    if (outcome.isFinal === true || this.#isOlderCopy(key, outcome.by)) memory.distrust(key);
    if (outcome.isFinal !== true) return;
    const madeAt = this.#now();
    const end = graveOf(write, { stamp: outcome.by, ttlMs: tombstoneMs, madeAt, isFinal: true });
    memory.apply(end);
    // Who was told that the key has ended must not find it again after a failover.
    if (write.isFinal === true) own.note(this.#recordOfWrite(end, false));
    else own.noteEnd(end);
  }

  // Redis may have stamped it.
  #noteStored(
    sent: StampedWrite,
    intent: Intent,
    asked: { readonly at: number; readonly losses: number },
    stamp?: Stamp,
  ): WriteReceipt {
    const { memory, own } = this.#deps;
    const write = stamp === undefined ? sent : intent.make(stamp);
    memory.apply(copyOf(write, intent));
    // What came after this write may have been told before the answer to it, or missed: a later write, FLUSHALL.
    this.#near?.review(write.key, write.stamp, asked.at);
    const losses = write.groups.length === 0 ? own.losses : asked.losses;
    noted(this.#recordOfWrite(write, intent.isValue), losses, this.#deps);
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
      write = this.#madeNow(intent);
    }
  }

  async #keep(write: StampedWrite, intent: Intent): Promise<WriteReceipt> {
    const { memory, own, clock } = this.#deps;
    const { isValue } = intent;
    const comparedAt = clock.now();
    const isJournaled = await inJournal(this.#recordOfWrite(write, isValue), this.#deps);
    // A cached value that never reaches Redis is no loss. A delete that never reaches it is one.
    if (!isJournaled && classIn(this.#policy, isValue) !== 'value') {
      throw noRoom(this.#keys.name, own.stats);
    }
    memory.apply(copyOf(write, intent));
    // A later write may have been told of while the disk took this one.
    this.#near?.review(write.key, write.stamp, comparedAt);
    return isJournaled ? JOURNALED : KEPT;
  }

  // What replaces one certain value loses against all that is newer than that.
  #newerThan(write: StampedWrite, intent: Intent): Standing | null {
    const { replaces, key } = write;
    const isBased = replaces !== undefined && replaces !== 'any';
    const ended = isBased && !intent.isValue ? this.#knowledge.endedAt(key) : null;
    if (ended !== null) return ended;
    const newer = this.#knowledge.of(isBased ? { ...write, stamp: replaces } : write);
    const mayBeEnded = isBased ? intent.isValue : this.#isLoaded(intent);
    return newer ?? (mayBeEnded ? this.#knowledge.endLostSince(write) : null);
  }

  // A cached value that is not of now: what was ended meanwhile is newer.
  #isLoaded({ isValue, stamp }: Intent): boolean {
    return stamp !== undefined && classIn(this.#policy, isValue) === 'value';
  }

  #recordOfWrite(write: StampedWrite, isValue: boolean): JournalRecord {
    // The end of a key ends whatever Redis has when it is replayed.
    const whole = isValue ? write : unconditional(write);
    return {
      kind: 'write',
      write: whole,
      madeAt: this.#now(),
      class: classIn(this.#policy, isValue),
    };
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

  #now(): number {
    return this.#deps.clock.wallTime();
  }
}
