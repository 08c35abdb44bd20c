import { CommandRejectedError } from '../../base/errors/index.js';
import type { ReplayReport } from '../../base/events/index.js';
import type { Clock } from '../../base/timing/index.js';
import { isAboutTheRecord, refusalOfAllWrites } from '../breaker/refused-writes.js';
import {
  leftMs,
  leftOf,
  type JournaledDrop,
  type JournaledWrite,
  type JournalRecord,
} from './disk/journal-log.js';
import { graveOf } from './ended-writes.js';
import type { KeyValueStore } from '../store/key-value-store.js';
import type { MemoryStore } from '../store/memory-store.js';
import { compareStamps, rightAfter, type Stamp } from '../store/stamp.js';
import { compareStandings, type Standing } from '../store/which-wins.js';
import type { OwnWrites } from './own-writes.js';
import type { Settlement } from './write-counts.js';

/** How fast a journal is replayed. */
interface ReplayOptions {
  /** At most this many writes a second: the application writes at the same time. */
  readonly perSecond: number;
  /** How many writes are under way together. */
  readonly batch: number;
}

/** What a replay reads and changes. */
interface ReplayDeps {
  readonly own: OwnWrites;
  readonly store: Pick<KeyValueStore, 'apply' | 'drop'>;
  readonly memory: Pick<MemoryStore, 'peek' | 'distrust'>;
}

/** So many portions without one record that was taken are enough to stop: it is not about single records. */
const MAX_VAIN_PORTIONS = 3;

/** One run of the replay. */
interface Run {
  readonly tally: Record<Settlement, number>;
  /** Refused in this run, or without what it changes: others go first. They stay in the journal. */
  readonly aside: Set<JournalRecord>;
  /** The next writes must not start before this moment. */
  nextAt: number;
  vainPortions: number;
  refusal: unknown;
  /** All that is left waits for what it changes. */
  isOver: boolean;
}

/**
 * Replays to Redis what is pending, oldest first. Newer values in Redis stay, so several processes may do this
 * at once, and each may do it twice.
 */
export class Replay {
  readonly #own: OwnWrites;
  readonly #store: ReplayDeps['store'];
  readonly #memory: ReplayDeps['memory'];
  readonly #settings: ReplayOptions;
  readonly #clock: Clock;
  #running: Promise<ReplayReport> | null = null;
  #hasLeftSome = false;

  constructor({ own, store, memory }: ReplayDeps, settings: ReplayOptions, clock: Clock) {
    this.#own = own;
    this.#store = store;
    this.#memory = memory;
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Whether the last run left changes that wait: another process may write again what they change. */
  get hasLeftSome(): boolean {
    return this.#hasLeftSome;
  }

  /**
   * Runs until nothing is pending, records that arrive meanwhile included, or until the signal fires. Rejects
   * with the first error that is not certain to be about its record; what was not written stays pending.
   * A call during a run returns the promise of that run.
   */
  run(signal: AbortSignal): Promise<ReplayReport> {
    return (this.#running ??= this.#drain(signal).finally(() => {
      this.#running = null;
    }));
  }

  async #drain(signal: AbortSignal): Promise<ReplayReport> {
    const startedAt = this.#clock.now();
    const run: Run = {
      tally: { applied: 0, superseded: 0, expired: 0, rejected: 0 },
      aside: new Set(),
      nextAt: 0,
      vainPortions: 0,
      refusal: null,
      isOver: false,
    };
    while (this.#own.entries > 0 && !signal.aborted && !run.isOver) {
      const earlyMs = run.nextAt - this.#clock.now();
      // A shorter pause than a timer can make is added to a later one.
      if (earlyMs >= 1) await this.#clock.sleep(earlyMs, signal);
      else await this.#goOn(run);
    }
    this.#hasLeftSome = run.isOver;
    return { ...run.tally, durationMs: this.#clock.now() - startedAt };
  }

  async #goOn(run: Run): Promise<void> {
    const portion = untilDrop(this.#own.oldest(this.#settings.batch, run.aside));
    const startedAt = this.#clock.now();
    if (portion.length === 0) {
      // All that is left was refused in this run, or waits.
      run.isOver = run.refusal === null;
      if (!run.isOver) throw run.refusal;
      return;
    }
    const results = await Promise.allSettled(portion.map((record) => this.#replay(record, run)));
    const costs = results.map((result) => (result.status === 'fulfilled' ? result.value : 1));
    const cost = costs.reduce((sum, one) => sum + one, 0);
    run.nextAt = Math.max(run.nextAt, startedAt) + (cost * 1_000) / this.#settings.perSecond;
    // All writes have ended here: none can change the journal later.
    for (const [i, result] of results.entries()) {
      if (result.status === 'rejected') putAside(portion[i], result.reason, run);
    }
    const isVain = results.every(({ status }) => status === 'rejected');
    run.vainPortions = isVain ? run.vainPortions + 1 : 0;
    if (run.vainPortions >= MAX_VAIN_PORTIONS) throw run.refusal;
  }

  /** Returns how many writes it was. */
  async #replay(record: JournalRecord, run: Run): Promise<number> {
    try {
      return record.kind === 'drop'
        ? await this.#replayDrop(record, run)
        : await this.#replayWrite(record, run);
    } catch (error) {
      if (!isAboutTheRecord(error)) throw error;
      this.#settle(record, 'rejected', run);
      return 1;
    }
  }

  async #replayWrite(record: JournaledWrite, run: Run): Promise<number> {
    const { replaces, ...write } = record.write;
    const { losses } = this.#own;
    await this.#replayDelete(record);
    const ttlMs = leftMs(record, this.#clock.wallTime());
    if (ttlMs !== null && ttlMs <= 0) {
      // Its own time is over. What it had replaced must not come back either.
      const { kind } = await this.#store.apply({ ...write, ttlMs: 0 });
      this.#settle(record, kind === 'superseded' ? kind : 'applied', run);
      return 1;
    }
    const isTooOld = this.#own.isTooOld(record);
    const isChange = isTooOld || replaces !== undefined;
    const outcome = await this.#store.apply({
      ...write,
      ttlMs,
      ...(isChange && { replaces: 'any' }),
    });
    // Its delete, or its place in an index, may be lost: once more.
    if (this.#own.losses !== losses) return 1;
    if (outcome.kind === 'applied') this.#acknowledge(record, run);
    else if (outcome.kind === 'absent') this.#settleAbsent(record, isTooOld, run);
    else {
      await this.#endWhatItReplaced(record, outcome.by);
      const { by: stamp, isFinal = false } = outcome;
      this.#own.yieldTo({ stamp, isFinal }, record);
      run.tally.superseded++;
      this.#distrustOlder(write.key, { stamp, isFinal });
    }
    return 1;
  }

  // The delete comes first: it refuses what is older also when the value has expired.
  async #replayDelete({ write, deleted }: JournaledWrite): Promise<void> {
    const madeAt = this.#clock.wallTime();
    const ttlMs = deleted === undefined ? 0 : leftOf(deleted, madeAt);
    if (deleted === undefined || ttlMs <= 0) return;
    await this.#store.apply(graveOf(write, { stamp: deleted.stamp, madeAt, ttlMs }));
  }

  // Of a Redis that has lost something, each process writes again what it wrote last: so what a change is about may
  // come after the change.
  #settleAbsent(record: JournaledWrite, isTooOld: boolean, run: Run): void {
    if (!isTooOld && this.#own.isBeingRestored) run.aside.add(record);
    else this.#settle(record, isTooOld ? 'expired' : 'superseded', run);
  }

  // A drop may have turned it away, not a newer value of the key. What it had replaced must not be read then.
  async #endWhatItReplaced(record: JournaledWrite, by: Stamp): Promise<void> {
    const { groups } = record.write;
    if (groups.length === 0) return;
    const madeAt = this.#clock.wallTime();
    // It takes away the value and what is older, and nothing that is newer. With the stamp of the value itself, who
    // has a copy of that would take the tombstone for the same.
    const stamp = rightAfter(record.write.stamp);
    // What another process wrote in the same moment is newer than the value, and older than such an end.
    if (compareStamps(by, record.write.stamp) > 0 && compareStamps(by, stamp) < 0) return;
    const grave = graveOf(record.write, { stamp, madeAt, ttlMs: this.#own.maxAgeMs });
    await this.#store.apply(grave);
  }

  async #replayDrop(record: JournaledDrop, run: Run): Promise<number> {
    const ttlMs = leftMs(record, this.#clock.wallTime()) ?? record.drop.ttlMs;
    const { losses } = this.#own;
    const members = await this.#store.drop({ ...record.drop, ttlMs });
    // Its mark may be lost: once more.
    if (this.#own.losses === losses) this.#acknowledge(record, run);
    return 1 + members;
  }

  // Memory must not go on serving a value that lost against something newer.
  #distrustOlder(key: string, { stamp: by, isFinal }: Standing): void {
    const copy = this.#memory.peek(key);
    if (copy === null || copy.stamp === null) return;
    const present = { stamp: copy.stamp, isFinal: copy.isFinal };
    if (compareStandings(present, { stamp: by, isFinal }) < 0) this.#memory.distrust(key);
  }

  // What is written may be lost again in a failover, like any other write.
  #acknowledge(record: JournalRecord, run: Run): void {
    this.#own.acknowledge(record);
    run.tally.applied++;
  }

  #settle(record: JournalRecord, settlement: Settlement, run: Run): void {
    this.#own.settle(record, settlement);
    run.tally[settlement]++;
  }
}

// One refused record must not hold up the others. What concerns all of them ends the run.
function putAside(record: JournalRecord | undefined, error: unknown, run: Run): void {
  if (!(error instanceof CommandRejectedError) || refusalOfAllWrites(error) !== null) throw error;
  run.refusal ??= error;
  if (record !== undefined) run.aside.add(record);
}

// Writes older than a drop must reach Redis before it, or Redis would refuse them instead of dropping them.
function untilDrop(records: JournalRecord[]): JournalRecord[] {
  const at = records.findIndex(({ kind }) => kind === 'drop');
  return at === -1 ? records : records.slice(0, Math.max(1, at));
}
