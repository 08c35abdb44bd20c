import { ClosedError } from '../../base/errors/index.js';
import type { Clock } from '../../base/timing/index.js';
import {
  classOf,
  isDelete,
  isNotOlder,
  leftMs,
  standingOf,
  stampOfRecord,
  targetOf,
  type JournaledDrop,
  type JournaledWrite,
  type JournalLog,
  type JournalRecord,
} from './disk/journal-log.js';
import { HeldWrites, type HeldWrite, type OwnWrite } from './held-writes.js';
import {
  WriteCounts,
  type LossReason,
  type Settlement,
  type WriteCountsStats,
} from './write-counts.js';
import { deleteBehind, endOf, graveOf, type EndableValue } from './ended-writes.js';
import { withDelete } from './disk/replaced-delete.js';
import { inheriting, inheritingAmong } from './disk/right-to-create.js';
import { compareStamps, type Stamp } from '../store/stamp.js';
import { compareStandings, type Standing } from '../store/which-wins.js';

/** How much is held, and for how long. */
interface OwnWritesOptions {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** An older value creates nothing: a later delete may have been forgotten by now. */
  readonly maxAgeMs: number;
  /** How long what Redis acknowledged is remembered: a new primary may lack it. */
  readonly windowMs: number;
}

/** What is held, and the outcome of what was. */
interface OwnWritesStats extends WriteCountsStats {
  /** Pending. */
  readonly entries: number;
  readonly bytes: number;
  /** Acknowledged by Redis, and remembered in case that it loses them. */
  readonly acknowledged: number;
  /** How long the oldest of those that are pending has waited; `null` when there are none. */
  readonly oldestMs: number | null;
  /** The latest write that was refused, and was no value, would still find no room. */
  readonly isFull: boolean;
}

/**
 * The writes of this process that Redis does not have (pending), or may lose again (acknowledged a moment ago).
 * Of each key, and of each emptied key group, the newest counts. A failover makes pending what was acknowledged.
 *
 * All of it together is bounded, and the class of a record decides who gives way: values do for anybody, what is
 * acknowledged does for what must not be lost, and nothing that is pending and not a value ever does.
 */
export class OwnWrites {
  /**
   * How often Redis may have lost something. What takes several commands compares: a failover between them may have lost
   * what the first has done, and nothing was acknowledged yet that it could have made pending.
   */
  losses = 0;
  /**
   * Called when nothing is pending any more, whoever has seen to it: the last record may also leave because Redis took a
   * newer write, or because a read found something newer.
   */
  onEmpty: () => void = () => undefined;
  readonly #options: OwnWritesOptions;
  readonly #clock: Clock;
  readonly #log: JournalLog;
  readonly #held: HeldWrites;
  readonly #counts = new WriteCounts();
  #isClosed = false;
  #acknowledgedAt = -Infinity;
  #lostAt = -Infinity;

  /** @param recovered - the records that the log kept from an earlier process */
  constructor(
    options: OwnWritesOptions,
    clock: Clock,
    log: JournalLog,
    recovered: readonly JournalRecord[] = [],
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#held = new HeldWrites(options);
    for (const record of inOrder(recovered)) this.recover(record);
  }

  /** How many records are pending. */
  get entries(): number {
    return this.#held.pending;
  }

  /** How long a delete is remembered, and older values create nothing. */
  get maxAgeMs(): number {
    return this.#options.maxAgeMs;
  }

  /** About how many bytes all of it takes. */
  get heldBytes(): number {
    return this.#held.bytes;
  }

  /** What is held, and the outcome of what was. */
  get stats(): OwnWritesStats {
    const { pending, pendingBytes, size, isFull } = this.#held;
    return {
      entries: pending,
      bytes: pendingBytes,
      acknowledged: size - pending,
      oldestMs: this.#held.oldestMs(this.#clock.wallTime()),
      isFull,
      ...this.#counts.stats,
    };
  }

  /** True when nothing is pending, and nothing was acknowledged within the window: most reads ask no further. */
  get isQuiet(): boolean {
    if (this.#held.pending > 0) return false;
    return this.#clock.now() - this.#acknowledgedAt > this.#options.windowMs;
  }

  /** Redis may have lost something within the window, and those who wrote it last may write it again yet. */
  get isBeingRestored(): boolean {
    return this.#clock.now() - this.#lostAt <= this.#options.windowMs;
  }

  /** The latest stamp that is pending: after a restart, new stamps must be later. */
  get latestStamp(): Stamp | null {
    return this.#held.latestStamp;
  }

  /** Calls back when records are lost, and at once for those that were lost already. There is one listener. */
  onLost(listener: (count: number, reason: LossReason) => void): void {
    this.#counts.onLost(listener);
  }

  /**
   * Adds a record that Redis does not have. It counts from this moment on. The promise resolves when the log has
   * it too, and rejects when the log failed: then it is pending, and would be lost in a crash of this process.
   */
  append(record: JournalRecord): Promise<'journaled' | 'full'> {
    if (this.#isClosed) return Promise.reject(new ClosedError('The journal is closed'));
    const present = this.#held.of(targetOf(record));
    if (present !== undefined && isNotOlder(present.record, record)) {
      this.#counts.add('replaced');
      return present.logged.then(() => 'journaled');
    }
    const own = this.#heirOf(record, present);
    if (!this.#makeRoom(own, present)) {
      this.#counts.add('refused');
      this.#held.noteRefused(own);
      return Promise.resolve('full');
    }
    const held = this.#put(own, present);
    this.#counts.add('appended');
    held.logged = this.#log.append(own);
    // The members go before anybody reads: the log of the drop is enough to end them after a crash.
    if (own.kind === 'drop') this.#endMembers(own);
    return held.logged.then(() => 'journaled');
  }

  /** Notes a write, or a drop, that Redis acknowledged. What was pending for it and is older has lost. */
  note(record: JournalRecord): void {
    const present = this.#held.of(targetOf(record));
    if (
      present !== undefined &&
      compareStandings(standingOf(present.record), standingOf(record)) > 0
    ) {
      return;
    }
    const own = this.#heirOf(record, present);
    if (present?.at === null) this.#leave(present, 'superseded');
    else if (present !== undefined) this.#held.remove(present);
    if (own.kind === 'drop') this.#endMembers(own);
    this.#remember(own);
  }

  /**
   * Redis has the end of a key that is never used again, by another process. A failover may lose it: what this
   * process has written to the key before must not be brought back then.
   */
  noteEnd(write: OwnWrite['write']): void {
    if (this.#held.of(`w${write.key}`) === undefined) return;
    this.note({ kind: 'write', write, madeAt: this.#clock.wallTime(), class: 'must' });
  }

  /** The outcome of a replayed record, unless a newer one has replaced it. Returns whether it was still there. */
  settle(record: JournalRecord, settlement: Settlement): boolean {
    const held = this.#held.of(targetOf(record));
    if (held?.at !== null || !isNotOlder(record, held.record)) return false;
    this.#leave(held, settlement);
    return true;
  }

  /** Redis has taken a pending record, with what was left of its time. */
  acknowledge(record: JournalRecord): void {
    const now = this.#clock.wallTime();
    const ttlMs = leftMs(record, now);
    if (!this.settle(record, 'applied')) return;
    this.#remember(
      record.kind === 'write'
        ? { ...record, madeAt: now, write: { ...record.write, ttlMs } }
        : { ...record, madeAt: now, drop: { ...record.drop, ttlMs: ttlMs ?? record.drop.ttlMs } },
    );
  }

  /**
   * A pending record has lost against something newer that Redis has. A failover may lose that, and then it counts: as
   * if Redis had taken it, and the other one after it.
   */
  yieldTo(newer: Standing, record: JournaledWrite): void {
    const own = standingOf(record);
    const madeAt = this.#clock.wallTime();
    const ttlMs = leftMs(record, madeAt);
    if (!this.settle(record, 'superseded')) return;
    if (newer.isFinal && !own.isFinal) {
      // Its key is never used again.
      const write = graveOf(record.write, { ...newer, ttlMs: this.maxAgeMs, madeAt });
      this.#remember({ kind: 'write', write, madeAt, class: 'must' });
    } else if (compareStandings(newer, own) > 0) {
      this.#remember({ ...record, madeAt, write: { ...record.write, ttlMs } });
    }
  }

  /**
   * Redis may have lost what it acknowledged: it is pending again. The log gets all of it at once. What is older than the
   * window was not lost then, and others may have ended it since.
   *
   * @param soundUntil - until when Redis was surely there, by `clock.now()`
   */
  flip(soundUntil: number): void {
    this.#lostAt = this.#clock.now();
    this.losses++;
    this.#held.forgetBefore(soundUntil - this.#options.windowMs);
    const lost = this.#held.acknowledged.map((held) => {
      this.#held.remove(held);
      const { madeAt, knownSince = madeAt } = held.record;
      return { ...held.record, knownSince };
    });
    const appended = this.#held.addPending(inOrder(lost));
    for (const held of appended) {
      held.logged = this.#log.append(held.record);
      held.logged.catch(() => undefined);
    }
    this.#counts.add('appended', appended.length);
  }

  /**
   * Takes in a record of a process that has ended, which the log of this one has already. What was acknowledged
   * is kept even when the limits are smaller here; values are not.
   */
  recover(record: JournalRecord): void {
    const present = this.#held.of(targetOf(record));
    if (present !== undefined && isNotOlder(present.record, record)) {
      const own = inheritingAmong(present.record, record);
      if (own === present.record) return;
      this.#held.remove(present);
      this.#held.add(own, present.at).logged = present.logged;
      return;
    }
    this.#recover(
      present === undefined ? record : inheritingAmong(record, present.record),
      present,
    );
  }

  #recover(record: JournalRecord, present: HeldWrite | undefined): void {
    const hasRoom = this.#makeRoom(record, present);
    if (!hasRoom && classOf(record) === 'value') {
      this.#giveUp(record, present);
      this.#counts.lose(1, 'full');
      return;
    }
    this.#put(record, present);
    if (record.kind === 'drop') this.#endMembers(record);
  }

  /** The write of a key that is pending, or was acknowledged within the window: since when, by `clock.now()`. */
  ofKey(key: string): OwnWrite | null {
    return this.#held.writeOf(key, this.#clock.now() - this.#options.windowMs);
  }

  /** Notes that the primary has nothing under a key. Of what a failover has lost it does not know better. */
  noteGone(key: string, askedAt: number): void {
    this.#held.noteGone(key, askedAt);
  }

  /** The newest drop that ends a value: of one of its groups, and later than its birth. */
  endOf(value: EndableValue): JournaledDrop['drop'] | null {
    return this.#held.groups.endOf(value);
  }

  /** Keys whose write lists them under a key group. */
  membersOf(group: string): string[] {
    return this.#held.groups.membersOf(group);
  }

  /** The oldest pending records by stamp, at most `count`, without those in `except`. */
  oldest(count: number, except: ReadonlySet<JournalRecord> = new Set()): JournalRecord[] {
    const found: JournalRecord[] = [];
    for (const { record } of this.#held.inOrder) {
      if (found.length >= count) break;
      if (!except.has(record)) found.push(record);
    }
    return found;
  }

  /**
   * Whether a value is too old to create anything: others may have ended it, and the trace of that may be gone.
   * A delete is never too old.
   */
  isTooOld(record: JournaledWrite): boolean {
    const since = record.knownSince ?? record.madeAt;
    return this.#clock.wallTime() - since > this.#options.maxAgeMs && !isDelete(record);
  }

  /** Accepts no more records, and closes the log. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#log.close();
  }

  #put(record: JournalRecord, present: HeldWrite | undefined): HeldWrite {
    if (present !== undefined) this.#held.remove(present);
    if (present?.at === null) this.#counts.add('replaced');
    return this.#held.add(record, null);
  }

  #makeRoom(record: JournalRecord, present: HeldWrite | undefined): boolean {
    return this.#letGo(this.#held.roomFor(record, present));
  }

  // What is remembered gives way to what waits, but for values: those give way to anybody.
  #remember(record: JournalRecord): void {
    const now = this.#clock.now();
    this.#acknowledgedAt = now;
    this.#held.forgetBefore(now - this.#options.windowMs);
    if (this.#letGo(this.#held.roomToRemember(record))) {
      this.#held.add(record, now);
      return;
    }
    const stays = deleteBehind(record);
    if (stays !== null && this.#letGo(this.#held.roomToRemember(stays))) this.#held.add(stays, now);
  }

  #letGo(leaving: readonly HeldWrite[] | null): boolean {
    if (leaving === null) return false;
    const lost = leaving.filter(({ at }) => at === null);
    for (const held of leaving) this.#held.remove(held);
    for (const { record } of lost) this.#giveUp(record);
    if (lost.length > 0) this.#counts.lose(lost.length, 'full');
    if (lost.length > 0 && this.#held.pending === 0) this.onEmpty();
    return true;
  }

  // Of a value, not of the delete that it stands in place of.
  #giveUp(record: JournalRecord, present?: HeldWrite): void {
    const stays = deleteBehind(record);
    if (stays === null) {
      this.#log.settle(record);
      return;
    }
    this.#counts.add('appended');
    const held = this.#put(stays, present);
    held.logged = this.#log.append(stays);
    held.logged.catch(() => undefined);
  }

  // A member that the drop has ended must not come back, neither from here nor by its replay. It is ended for
  // itself: the drop may be forgotten before it.
  #endMembers({ drop, madeAt }: JournaledDrop): void {
    for (const { held, record } of this.#held.groups.endedBy(drop)) {
      const end = endOf(record, { drop, madeAt });
      this.#held.remove(held);
      const ended = this.#held.add(end, held.at);
      if (held.at !== null) continue;
      ended.logged = this.#log.append(end);
      ended.logged.catch(() => undefined);
    }
  }

  #leave(held: HeldWrite, settlement: Settlement): void {
    this.#held.remove(held);
    this.#log.settle(held.record);
    if (settlement === 'expired') this.#counts.lose(1, 'too-old');
    else if (settlement === 'rejected') this.#counts.lose(1, 'rejected');
    else this.#counts.add(settlement);
    if (this.#held.pending === 0) this.onEmpty();
  }

  #heirOf(record: JournalRecord, present: HeldWrite | undefined): JournalRecord {
    const replaced = this.#isRemembered(present) ? present : undefined;
    return withDelete(inheriting(record, replaced), replaced?.record ?? null);
  }

  #isRemembered(held: HeldWrite | undefined): held is HeldWrite {
    return (
      held !== undefined && (held.at ?? Infinity) >= this.#clock.now() - this.#options.windowMs
    );
  }
}

function inOrder(records: readonly JournalRecord[]): JournalRecord[] {
  return records.toSorted((a, b) => compareStamps(stampOfRecord(a), stampOfRecord(b)));
}
