import { encodeEntry, type NewEntry, newTombstone } from './store/entry.js';
import type { ApplyOutcome, StampedWrite } from './store/key-value-store.js';
import type { RedisStore } from './store/redis-store.js';
import { compareStamps, type Stamp } from './store/stamp.js';
import { noRedisAtAll, noRoom, strictRefusal } from './away-errors.js';
import type { KeyspaceDeps } from './keyspace-deps.js';
import { Away } from './breaker/guard.js';
import type { KeyspaceIdentity } from './keyspace-options.js';
import type { EntryDraft, KeyspacePolicy, WriteReceipt } from './keyspace.js';
import type { KeyspaceKeys } from './keyspace-keys.js';
import type { NearCopies } from './near-copies.js';
import type { JournalRecord } from './journal/journal-log.js';

type GroupDrop = Parameters<RedisStore['drop']>[0];

const STORED: WriteReceipt = { outcome: 'stored' };
const JOURNALED: WriteReceipt = { outcome: 'journaled' };
const KEPT: WriteReceipt = { outcome: 'kept' };
const SUPERSEDED: WriteReceipt = { outcome: 'superseded' };
const DROP_AHEAD_MS = 5;
const MAX_STAMPS = 4;

/** The writing half of a keyspace. Keys are those of the caller here. */
export class KeyspaceWrites {
  readonly #keys: KeyspaceKeys;
  readonly #policy: KeyspacePolicy;
  readonly #deps: KeyspaceDeps;
  readonly #near: NearCopies | null;

  constructor({ keys, options }: KeyspaceIdentity, deps: KeyspaceDeps, near: NearCopies | null) {
    this.#keys = keys;
    this.#policy = options.policy;
    this.#deps = deps;
    this.#near = near;
  }

  /** Writes a value, or the knowledge that there is none. */
  write(key: string, draft: EntryDraft, stamp: Stamp | undefined): Promise<WriteReceipt> {
    const { freshMs, staleMs } = draft;
    const ttlMs = freshMs === null ? null : freshMs + staleMs;
    const madeAt = this.#now();
    const freshUntil = freshMs === null ? 0 : Math.ceil(madeAt + freshMs);
    return this.#apply(
      true,
      (own) => this.#newWrite(key, ttlMs, { ...draft, madeAt, freshUntil, stamp: own }),
      stamp,
    );
  }

  /** Writes a tombstone. */
  delete(key: string): Promise<WriteReceipt> {
    const { tombstoneMs } = this.#deps;
    const madeAt = this.#now();
    const freshUntil = Math.ceil(madeAt + tombstoneMs);
    return this.#apply(false, (stamp) =>
      this.#newWrite(key, tombstoneMs, newTombstone(stamp, { madeAt, freshUntil })),
    );
  }

  /** Empties a key group. */
  async drop(group: string): Promise<WriteReceipt> {
    const { redis, memory, writes, stamps, tombstoneMs } = this.#deps;
    const first: GroupDrop = {
      group: this.#keys.group(group),
      // Later than current loads of members on machines whose calendar is a little ahead.
      stamp: stamps.next(DROP_AHEAD_MS),
      ttlMs: tombstoneMs,
      channel: this.#keys.channel,
    };
    if (redis === null) {
      this.#refuseStrictInMemory();
      memory.drop(first);
      return KEPT;
    }
    let last = first;
    // Waits for the end: emptying must not go on after the caller was told that it is done.
    const outcome = await writes.runToItsEnd(() =>
      this.#dropIn(redis, first, (drop) => (last = drop)),
    );
    if (outcome instanceof Away) await this.#keepDrop(last, outcome);
    memory.drop(last);
    return outcome instanceof Away ? JOURNALED : STORED;
  }

  // A member with a later stamp was written by a process whose clock is ahead. All members are to go.
  async #dropIn(
    redis: RedisStore,
    first: GroupDrop,
    onStamp: (drop: GroupDrop) => void,
  ): Promise<void> {
    let drop = first;
    for (let tries = 1; ; tries++) {
      await redis.drop(drop);
      this.#deps.recent.noteDrop(drop);
      const isEmpty = (await redis.members(drop.group)).length === 0;
      if (isEmpty || tries === MAX_STAMPS) return;
      drop = { ...drop, stamp: this.#deps.stamps.next() };
      onStamp(drop);
    }
  }

  async #keepDrop(drop: GroupDrop, away: Away): Promise<void> {
    if (this.#policy === 'strict') throw strictRefusal(this.#keys.name, away);
    const isJournaled = await this.#journal({ kind: 'drop', drop, madeAt: this.#now() });
    if (!isJournaled) throw noRoom(this.#keys.name, this.#deps.journal.stats);
  }

  async #apply(
    isValue: boolean,
    make: (stamp: Stamp) => StampedWrite,
    given?: Stamp,
  ): Promise<WriteReceipt> {
    const { redis, stamps } = this.#deps;
    // This stamp may be a little ahead of the clock. A later write still needs a later stamp.
    if (given !== undefined) stamps.observe(given);
    let write = make(given ?? stamps.next());
    if (redis === null) return this.#applyInMemory(write);
    for (let tries = 1; ; tries++) {
      const outcome = await this.#send(redis, write, given === undefined);
      const by = this.#newerThan(write, outcome);
      if (by === null) return this.#settle(write, isValue, outcome);
      stamps.observe(by);
      this.#distrustOlder(write.key, by);
      if (given !== undefined || tries === MAX_STAMPS) return SUPERSEDED;
      // A live write is meant to be the latest; only the clock of another process is ahead.
      write = make(stamps.next());
    }
  }

  #applyInMemory(write: StampedWrite): WriteReceipt {
    this.#refuseStrictInMemory();
    return this.#deps.memory.apply(write).kind === 'applied' ? KEPT : SUPERSEDED;
  }

  // A strict keyspace waits for the outcome of each write, because it must be certain.
  async #send(
    redis: RedisStore,
    write: StampedWrite,
    isLive: boolean,
  ): Promise<ApplyOutcome | Away> {
    const { writes } = this.#deps;
    const apply = (): Promise<ApplyOutcome> =>
      isLive ? redis.applyLive(write) : redis.apply(write);
    if (this.#policy !== 'strict') return writes.run(apply);
    const outcome = await writes.runToItsEnd(apply);
    if (outcome instanceof Away) throw strictRefusal(this.#keys.name, outcome);
    return outcome;
  }

  // While Redis is away, compares with all that this process knows: memory may have had no room for it.
  #newerThan(write: StampedWrite, outcome: ApplyOutcome | Away): Stamp | null {
    if (!(outcome instanceof Away)) return outcome.kind === 'superseded' ? outcome.by : null;
    const { memory, journal, recent } = this.#deps;
    const known = [
      memory.supersededBy(write),
      journal.pendingOf(write.key)?.stamp ?? null,
      recent.latest(write.key)?.stamp ?? null,
      ...write.groups.map((group) => journal.pendingDrop(group)?.stamp ?? null),
    ];
    return known.find((stamp) => stamp !== null && compareStamps(stamp, write.stamp) > 0) ?? null;
  }

  async #settle(
    write: StampedWrite,
    isValue: boolean,
    outcome: ApplyOutcome | Away,
  ): Promise<WriteReceipt> {
    return outcome instanceof Away ? this.#keep(write, isValue) : this.#noteStored(write);
  }

  #distrustOlder(key: string, by: Stamp): void {
    const { memory } = this.#deps;
    const stamp = memory.peek(key)?.stamp ?? null;
    if (stamp === null || compareStamps(stamp, by) < 0) memory.distrust(key);
  }

  #noteStored(write: StampedWrite): WriteReceipt {
    const { memory, recent, journal, clock } = this.#deps;
    memory.apply(write);
    // The notice of a later write may have arrived before the answer to this one.
    this.#near?.review(write.key, write.stamp, clock.now());
    recent.note(write);
    const pending = journal.pendingOf(write.key);
    if (pending !== null && compareStamps(pending.stamp, write.stamp) < 0) {
      journal.settleKey(write.key, write.stamp);
    }
    return STORED;
  }

  async #keep(write: StampedWrite, isValue: boolean): Promise<WriteReceipt> {
    const { memory, journal } = this.#deps;
    const isJournaled = await this.#journal({ kind: 'write', write, madeAt: this.#now() });
    // A cached value that never reaches Redis is no loss. A delete that never reaches it is one.
    if (!isJournaled && !(isValue && this.#policy === 'cache')) {
      throw noRoom(this.#keys.name, journal.stats);
    }
    memory.apply(write);
    return isJournaled ? JOURNALED : KEPT;
  }

  async #journal(record: JournalRecord): Promise<boolean> {
    const { journal, onBacklog } = this.#deps;
    try {
      const mayDropOthers = this.#policy === 'cache';
      return (await journal.append(record, { mayDropOthers })) === 'journaled';
    } finally {
      // A record that the disk refused is pending all the same.
      onBacklog();
    }
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
