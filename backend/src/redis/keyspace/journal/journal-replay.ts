import { CommandRejectedError } from '../../base/errors/index.js';
import type { ReplayReport } from '../../base/events/index.js';
import type { Clock } from '../../base/timing/index.js';
import {
  leftMs,
  type JournaledDrop,
  type JournaledWrite,
  type JournalRecord,
} from './journal-log.js';
import type { KeyValueStore } from '../store/key-value-store.js';
import type { Settlement, WriteJournal } from './write-journal.js';

/** How fast a journal is replayed. */
interface ReplayOptions {
  /** At most this many writes a second: the application writes at the same time. */
  readonly perSecond: number;
  /** How many writes are under way together. */
  readonly batch: number;
}

/** The outcome of a replay, including the records that Redis refused for good. */
interface ReplayOutcome extends ReplayReport {
  readonly rejected: number;
}

/** How often a record that Redis refuses is retried, with a pause, before it is dropped. */
const MAX_TRIES = 3;
const PAUSE_MS = 1_000;

// Refusals that concern every write, not this record: it may succeed later.
const NOBODY_MAY = new Set(
  (
    'OOM MISCONF READONLY NOREPLICAS LOADING BUSY MASTERDOWN TRYAGAIN CLUSTERDOWN NOAUTH WRONGPASS ' +
    'DENIED'
  ).split(' '),
);

/** One run of the replay. */
interface Run {
  readonly tally: Record<Settlement, number>;
  /** How often Redis has refused a record. */
  readonly refusals: Map<JournalRecord, number>;
  /** Refused a moment ago: other records go first. */
  readonly aside: Set<JournalRecord>;
  /** The next writes must not start before this moment. */
  nextAt: number;
}

/**
 * Replays a journal to Redis, oldest first. Newer values in Redis stay, so several processes may do this
 * at once, and each may do it twice.
 */
export class JournalReplay {
  readonly #journal: WriteJournal;
  readonly #store: Pick<KeyValueStore, 'apply' | 'drop'>;
  readonly #settings: ReplayOptions;
  readonly #clock: Clock;
  #running: Promise<ReplayOutcome> | null = null;

  constructor(
    journal: WriteJournal,
    store: Pick<KeyValueStore, 'apply' | 'drop'>,
    settings: ReplayOptions,
    clock: Clock,
  ) {
    this.#journal = journal;
    this.#store = store;
    this.#settings = settings;
    this.#clock = clock;
  }

  /**
   * Runs until the journal is empty, records that arrive meanwhile included, or until the signal fires.
   * Rejects with the first error that is not about one record; what was not written stays in the journal.
   * A call during a run returns the promise of that run.
   */
  run(signal: AbortSignal): Promise<ReplayOutcome> {
    return (this.#running ??= this.#drain(signal).finally(() => {
      this.#running = null;
    }));
  }

  async #drain(signal: AbortSignal): Promise<ReplayOutcome> {
    const startedAt = this.#clock.now();
    const run: Run = {
      tally: { applied: 0, superseded: 0, expired: 0, rejected: 0 },
      refusals: new Map(),
      aside: new Set(),
      nextAt: 0,
    };
    while (this.#journal.entries > 0 && !signal.aborted) {
      const earlyMs = run.nextAt - this.#clock.now();
      // A shorter pause than a timer can make is added to a later one.
      if (earlyMs >= 1) await this.#clock.sleep(earlyMs, signal);
      else await this.#goOn(run);
    }
    return { ...run.tally, durationMs: this.#clock.now() - startedAt };
  }

  async #goOn(run: Run): Promise<void> {
    const portion = untilDrop(this.#journal.oldest(this.#settings.batch, run.aside));
    const startedAt = this.#clock.now();
    if (portion.length === 0) {
      run.aside.clear();
      run.nextAt = startedAt + PAUSE_MS;
      return;
    }
    const results = await Promise.allSettled(portion.map((record) => this.#replay(record, run)));
    const costs = results.map((result) => (result.status === 'fulfilled' ? result.value : 1));
    const cost = costs.reduce((sum, one) => sum + one, 0);
    run.nextAt = Math.max(run.nextAt, startedAt) + (cost * 1_000) / this.#settings.perSecond;
    // All writes have ended here: none can change the journal later.
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Returns how many writes it was. */
  async #replay(record: JournalRecord, run: Run): Promise<number> {
    try {
      return record.kind === 'drop'
        ? await this.#replayDrop(record, run)
        : await this.#replayWrite(record, run);
    } catch (error) {
      if (!isAboutOneRecord(error)) throw error;
      this.#refuse(record, run);
      return 1;
    }
  }

  async #replayWrite(record: JournaledWrite, run: Run): Promise<number> {
    // An expired value is not written, but the value that it replaced must not come back either.
    const isExpired = this.#journal.isExpired(record);
    const ttlMs = isExpired ? 0 : leftMs(record, this.#clock.wallTime());
    const { kind } = await this.#store.apply({ ...record.write, ttlMs });
    const settlement = kind === 'absent' ? 'superseded' : kind;
    this.#settle(record, isExpired ? 'expired' : settlement, run);
    return 1;
  }

  async #replayDrop(record: JournaledDrop, run: Run): Promise<number> {
    const ttlMs = leftMs(record, this.#clock.wallTime()) ?? record.drop.ttlMs;
    const members = await this.#store.drop({ ...record.drop, ttlMs });
    this.#settle(record, 'applied', run);
    return 1 + members;
  }

  #refuse(record: JournalRecord, run: Run): void {
    const refusals = (run.refusals.get(record) ?? 0) + 1;
    run.refusals.set(record, refusals);
    if (refusals < MAX_TRIES) run.aside.add(record);
    else this.#settle(record, 'rejected', run);
  }

  #settle(record: JournalRecord, settlement: Settlement, run: Run): void {
    this.#journal.settle(record, settlement);
    run.tally[settlement]++;
  }
}

// Writes older than a drop must reach Redis before it, or Redis would refuse them instead of dropping them.
function untilDrop(records: JournalRecord[]): JournalRecord[] {
  const at = records.findIndex(({ kind }) => kind === 'drop');
  return at === -1 ? records : records.slice(0, Math.max(1, at));
}

function isAboutOneRecord(error: unknown): boolean {
  return error instanceof CommandRejectedError && !NOBODY_MAY.has(String(error.details['reply']));
}
