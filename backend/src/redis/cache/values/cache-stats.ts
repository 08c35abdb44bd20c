import type { HitCounter } from '../../base/stats/index.js';

/** Stats of a cache since the process began. Each key of a call counts once: as hit, stale hit or miss. */
export interface CacheStats {
  /** Answered with a fresh value, or with the knowledge that there is none. */
  readonly hits: number;
  /** Not answered from the cache: loaded, failed, or `undefined`. */
  readonly misses: number;
  /** Answered with an expired value. */
  readonly staleHits: number;
  /** Of the hits: answered from memory without asking Redis. */
  readonly nearHits: number;
  /** Of the hits: answered with the knowledge that there is no value. */
  readonly negativeHits: number;
  /** Values written by `set` and `setMany`. */
  readonly sets: number;
  /** Keys and tags deleted. */
  readonly deletes: number;
  /** Times a loader was called. */
  readonly loads: number;
  /** Times a loader failed or did not end in time. */
  readonly loadFailures: number;
  /** Calls that waited for a load of another call or another process. */
  readonly joined: number;
  /** Entries that could not be read, and reads, claims and writes that Redis refused. */
  readonly errors: number;
  /** Share of calls answered from the cache, from 0 to 1; 0 when there were none. */
  readonly hitRate: number;
}

/** What is counted here. Reads are counted by the keyspace, and the rate is calculated. */
type CacheCounter = Exclude<keyof CacheStats, 'hits' | 'staleHits' | 'misses' | 'hitRate'>;

const ZERO: Readonly<Record<CacheCounter, number>> = {
  nearHits: 0,
  negativeHits: 0,
  sets: 0,
  deletes: 0,
  loads: 0,
  loadFailures: 0,
  joined: 0,
  errors: 0,
};

/** The counters of one namespace. */
export class CacheCounters {
  readonly #counts: Record<CacheCounter, number> = { ...ZERO };
  readonly #hits: HitCounter;

  constructor(hits: HitCounter) {
    this.#hits = hits;
  }

  /** Counts a call that was answered with a fresh value; with `undefined`, that there is none. */
  hit(value: unknown, now?: number): void {
    this.#hits.hit(now);
    if (value === undefined) this.#counts.negativeHits++;
  }

  /**
   * The same, by a copy in memory.
   *
   * @param now - when, if the clock was just read
   */
  nearHit(value: unknown, now?: number): void {
    this.hit(value, now);
    this.#counts.nearHits++;
  }

  /** Counts a call by where its value came from. */
  answered(from: 'cache' | 'stale' | 'load', value: unknown): void {
    if (from === 'cache') this.hit(value);
    else if (from === 'stale') this.#hits.staleHit();
    else this.#hits.miss();
  }

  /** Counts one more. */
  add(counter: CacheCounter, by = 1): void {
    this.#counts[counter] += by;
  }

  /** The counters now. */
  snapshot(): CacheStats {
    return statsOf({ ...this.#counts, ...this.#hits.totals });
  }

  /** The counters of several namespaces together. */
  static total(all: Iterable<CacheCounters>): CacheStats {
    const sum: Counts = { ...ZERO, hits: 0, staleHits: 0, misses: 0 };
    for (const one of all) {
      const counts: Counts = { ...one.#counts, ...one.#hits.totals };
      for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += counts[name];
    }
    return statsOf(sum);
  }
}

type Counts = Record<Exclude<keyof CacheStats, 'hitRate'>, number>;

function statsOf(counts: Readonly<Counts>): CacheStats {
  const answered = counts.hits + counts.staleHits;
  const asked = answered + counts.misses;
  return Object.freeze({ ...counts, hitRate: asked === 0 ? 0 : answered / asked });
}
