import type { Clock } from '../../base/timing/index.js';
import {
  stampOfRecord,
  targetOf,
  weightOf,
  type JournaledDrop,
  type JournalRecord,
} from './journal-log.js';
import type { StampedWrite } from '../store/key-value-store.js';
import { compareStamps } from '../store/stamp.js';

/** How much is remembered, and for how long. */
interface RecentWritesOptions {
  readonly windowMs: number;
  readonly maxEntries: number;
  readonly maxBytes: number;
}

interface Noted {
  readonly record: JournalRecord;
  readonly weight: number;
  readonly at: number;
}

/**
 * The writes that Redis acknowledged in the last seconds, which a new primary may lack. Of each key
 * the newest, within bounds. Writes that are too old are dropped at the next write.
 */
export class RecentWrites {
  readonly #bounds: RecentWritesOptions;
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #noted = new Map<string, Noted>();
  #bytes = 0;
  #newestAt = -Infinity;

  constructor(bounds: RecentWritesOptions, clock: Clock) {
    this.#bounds = bounds;
    this.#clock = clock;
  }

  /** How many writes are remembered, about. */
  get entries(): number {
    return this.#noted.size;
  }

  /** About how many bytes they take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Remembers a write that Redis acknowledged. */
  note(write: StampedWrite): void {
    this.#note({ kind: 'write', write, madeAt: this.#clock.wallTime() });
  }

  /** Remembers that Redis emptied a key group. */
  noteDrop(drop: JournaledDrop['drop']): void {
    this.#note({ kind: 'drop', drop, madeAt: this.#clock.wallTime() });
  }

  /**
   * All writes of the window that ends with the newest of them, in the order of their stamps: they are to be
   * written again. The window does not end now: what was acknowledged just before a long outage is as
   * much at risk as what was acknowledged just before a short one.
   */
  all(): JournalRecord[] {
    const records = [...this.#noted.values()].map(({ record }) => record);
    return records.sort((a, b) => compareStamps(stampOfRecord(a), stampOfRecord(b)));
  }

  /** The latest write to a key within the window. */
  latest(key: string): StampedWrite | null {
    // Most reads come when nothing was written for a while: they skip the search.
    if (this.#clock.now() - this.#newestAt > this.#bounds.windowMs) return null;
    const noted = this.#noted.get(`w${key}`);
    if (noted?.record.kind !== 'write' || this.#isOld(noted, this.#clock.now())) return null;
    return noted.record.write;
  }

  #note(record: JournalRecord): void {
    const target = targetOf(record);
    const present = this.#noted.get(target);
    if (present !== undefined) {
      if (compareStamps(stampOfRecord(present.record), stampOfRecord(record)) > 0) return;
      this.#forget(target, present);
    }
    const noted = { record, weight: weightOf(record), at: this.#clock.now() };
    if (noted.weight > this.#bounds.maxBytes) return;
    this.#noted.set(target, noted);
    this.#newestAt = noted.at;
    this.#bytes += noted.weight;
    this.#prune();
  }

  #prune(): void {
    const { maxEntries, maxBytes } = this.#bounds;
    const now = this.#clock.now();
    for (const [target, noted] of this.#noted) {
      const fits = this.#noted.size <= maxEntries && this.#bytes <= maxBytes;
      if (fits && !this.#isOld(noted, now)) break;
      this.#forget(target, noted);
    }
  }

  #forget(target: string, { weight }: Noted): void {
    this.#noted.delete(target);
    this.#bytes -= weight;
  }

  #isOld({ at }: Noted, now: number): boolean {
    return now - at > this.#bounds.windowMs;
  }
}
