/** How far the calendar of a server is from the clock of this process. */
export interface TimeDistance {
  /** The calendar of the server minus {@link Clock.now}, in ms. */
  readonly distanceMs: number;
  /** By how much it can be wrong at the moment of measuring: half of the way there and back. */
  readonly errorMs: number;
  /** When it was measured, on the clock of this process. */
  readonly measuredAt: number;
  /** By how much it may change in a millisecond. @defaultValue 0.001 */
  readonly drift?: number;
}

/** What a server was asked, and what it answered. */
export interface TimeAnswer {
  /** On the clock of this process. */
  readonly sentAt: number;
  readonly receivedAt: number;
  /** The calendar of the server, in ms since 1970, with fractions. */
  readonly serverMs: number;
}

// About a minute. While the machine is busy, what was measured before that is better for as long.
const KEPT = 64;

// Two answers that contradict each other by less than this are of one calendar: a server may answer
// with the time at which it began to work.
const SLACK_MS = 1;

// The crystals of two machines differ by up to 100 ppm, and NTP corrects each by up to 500 ppm.
const MAX_DRIFT = 0.001;

// Machines that were seen to keep together may begin to drift apart: by this, and twice as fast as they did at most.
const MIN_DRIFT = 0.0001;

// Closer than this, answers tell more of the ways than of the clocks.
const MIN_APART_MS = 20_000;

/** By how much a distance can be wrong at a moment: clocks drift apart after they were compared. */
export function errorAt(
  { errorMs, measuredAt, drift = MAX_DRIFT }: TimeDistance,
  now: number,
): number {
  return errorMs + Math.max(0, now - measuredAt) * drift;
}

/** A distance, and how fast it has changed at most since those that were measured long before. */
interface Sample extends TimeDistance {
  readonly maxRate: number;
}

/**
 * The last answers of one server about its time. As with NTP, the server has read its calendar somewhere
 * between sending and receiving, so the answer with the shortest way there and back says it best, until the
 * clocks may have drifted further apart since than a newer one is wrong. How far that is they tell as well.
 */
export class TimeSamples {
  #samples: Sample[] = [];
  #best: TimeDistance | null = null;

  /** The best of the last answers; `null` before the first. */
  get best(): TimeDistance | null {
    return this.#best;
  }

  /** Takes an answer. One that contradicts the best of the others is of a calendar that was corrected. */
  add({ sentAt, receivedAt, serverMs }: TimeAnswer): void {
    const errorMs = (receivedAt - sentAt) / 2;
    const distanceMs = serverMs - (sentAt + errorMs);
    const distance = { distanceMs, errorMs, measuredAt: receivedAt };
    if (this.#best !== null && contradicts(distance, this.#best)) this.#samples = [];
    const sample = { ...distance, maxRate: slowest(this.#samples.map(rateUntil(distance))) };
    this.#samples = [...this.#samples, sample].slice(-KEPT);
    this.#best = this.#bestAt(receivedAt);
  }

  /** Forgets all: another server may answer from now on. */
  clear(): void {
    this.#samples = [];
    this.#best = null;
  }

  #bestAt(now: number): TimeDistance | null {
    const seen = MIN_DRIFT + 2 * slowest(this.#samples.map(({ maxRate }) => maxRate));
    const drift = Math.min(MAX_DRIFT, seen);
    const known = this.#samples.map(({ distanceMs, errorMs, measuredAt }) => ({
      ...{ distanceMs, errorMs, measuredAt },
      ...(drift < MAX_DRIFT && { drift }),
    }));
    // Of two equally good ones the later.
    return known.reduce<TimeDistance | null>(
      (a, b) => (a === null || errorAt(b, now) <= errorAt(a, now) ? b : a),
      null,
    );
  }
}

function slowest(rates: readonly number[]): number {
  return Math.min(Infinity, ...rates);
}

// The most by which the clocks may have drifted apart between two answers, each as wrong as it may be.
function rateUntil(later: TimeDistance): (earlier: TimeDistance) => number {
  return (earlier) => {
    const apartMs = later.measuredAt - earlier.measuredAt;
    if (apartMs < MIN_APART_MS) return Infinity;
    const movedMs = Math.abs(later.distanceMs - earlier.distanceMs);
    return (movedMs + later.errorMs + earlier.errorMs) / apartMs;
  };
}

function contradicts(sample: TimeDistance, best: TimeDistance): boolean {
  const apart = Math.abs(sample.distanceMs - best.distanceMs);
  return apart > sample.errorMs + errorAt(best, sample.measuredAt) + SLACK_MS;
}
