import type { Clock } from '../timing/index.js';

const SLICE_MS = 5_000;
const MINUTE_MS = 60_000;
const MINUTES = { lastMinute: 1, last5Minutes: 5, last15Minutes: 15 } as const;
const SLICES = (MINUTES.last15Minutes * MINUTE_MS) / SLICE_MS;

/** Reads of the last minutes, by whether they were answered. */
export interface RecentHits {
  /** Answered, also with an expired value. */
  readonly hits: number;
  readonly misses: number;
  /** Share of the reads that were answered, from 0 to 1; `null` when there were none. */
  readonly hitRate: number | null;
}

/** Reads of one, five and fifteen minutes. A window ends now, and is up to five seconds shorter than its name says. */
export type HitRates = Readonly<Record<keyof typeof MINUTES, RecentHits>>;

/** Reads since the process began. */
export interface HitTotals {
  readonly hits: number;
  readonly staleHits: number;
  readonly misses: number;
}

/** The reads of one keyspace. */
export interface KeyspaceHits extends HitTotals {
  readonly name: string;
  readonly rates: HitRates;
}

/**
 * Counts reads by whether they were answered: since the process began, and of the last minutes. Those are a ring of
 * slices, the oldest of which is dropped as a whole: its memory is fixed, and it needs no timer.
 */
export class HitCounter {
  readonly #clock: Clock;
  readonly #answered = new Uint32Array(SLICES);
  readonly #missed = new Uint32Array(SLICES);
  readonly #ticks = new Float64Array(SLICES).fill(-1);
  #hits = 0;
  #staleHits = 0;
  #misses = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Counts a read that was answered with a fresh value, or with the knowledge that there is none.
   *
   * @param now - when, if the clock was just read
   */
  hit(now = this.#clock.now()): void {
    this.#hits++;
    this.#count(this.#answered, now);
  }

  /** Counts a read that was answered with an expired value. */
  staleHit(): void {
    this.#staleHits++;
    this.#count(this.#answered, this.#clock.now());
  }

  /** Counts a read that was not answered. */
  miss(): void {
    this.#misses++;
    this.#count(this.#missed, this.#clock.now());
  }

  /** The reads since the process began. */
  get totals(): HitTotals {
    return { hits: this.#hits, staleHits: this.#staleHits, misses: this.#misses };
  }

  /** The reads of the last minutes, summed up now. */
  get rates(): HitRates {
    return ratesOver((minutes) => this.#recent(minutes));
  }

  #count(slices: Uint32Array, now: number): void {
    const tick = Math.floor(now / SLICE_MS);
    const at = tick % SLICES;
    if (this.#ticks[at] !== tick) this.#begin(at, tick);
    slices[at] = (slices[at] ?? 0) + 1;
  }

  #begin(at: number, tick: number): void {
    this.#ticks[at] = tick;
    this.#answered[at] = 0;
    this.#missed[at] = 0;
  }

  #recent(minutes: number): Counted {
    const latest = Math.floor(this.#clock.now() / SLICE_MS);
    const slices = (minutes * MINUTE_MS) / SLICE_MS;
    let hits = 0;
    let misses = 0;
    for (let at = 0; at < SLICES; at++) {
      if (latest - (this.#ticks[at] ?? -1) >= slices || (this.#ticks[at] ?? -1) < 0) continue;
      hits += this.#answered[at] ?? 0;
      misses += this.#missed[at] ?? 0;
    }
    return { hits, misses };
  }
}

const MAX_NAMED = 20;
// No keyspace can have this name.
const THE_REST = '(other)';

/** Returns the first twenty as they are, and all others as one: what is shown has a bound. */
export function shownHits(all: readonly KeyspaceHits[]): readonly KeyspaceHits[] {
  const rest = all.slice(MAX_NAMED);
  if (rest.length === 0) return all;
  return [...all.slice(0, MAX_NAMED), { name: THE_REST, ...sumOfHits(rest) }];
}

/** Returns the reads of several keyspaces together. */
export function sumOfHits(all: readonly Omit<KeyspaceHits, 'name'>[]): Omit<KeyspaceHits, 'name'> {
  const sum = (of: (one: Omit<KeyspaceHits, 'name'>) => number): number =>
    all.reduce((total, one) => total + of(one), 0);
  return {
    hits: sum(({ hits }) => hits),
    staleHits: sum(({ staleHits }) => staleHits),
    misses: sum(({ misses }) => misses),
    rates: ratesOver((_minutes, window) => ({
      hits: sum(({ rates }) => rates[window].hits),
      misses: sum(({ rates }) => rates[window].misses),
    })),
  };
}

type Counted = Pick<RecentHits, 'hits' | 'misses'>;

function ratesOver(count: (minutes: number, window: keyof HitRates) => Counted): HitRates {
  const of = (window: keyof HitRates): RecentHits => {
    const { hits, misses } = count(MINUTES[window], window);
    const asked = hits + misses;
    return Object.freeze({ hits, misses, hitRate: asked === 0 ? null : hits / asked });
  };
  return Object.freeze({
    lastMinute: of('lastMinute'),
    last5Minutes: of('last5Minutes'),
    last15Minutes: of('last15Minutes'),
  });
}
