/** How far the calendar of a server is from the clock of this process. */
export interface TimeDistance {
  /** The calendar of the server minus {@link Clock.now}, in ms. */
  readonly distanceMs: number;
  /** By how much it can be wrong at the moment of measuring: half of the way there and back. */
  readonly errorMs: number;
  /** When it was measured, on the clock of this process. */
  readonly measuredAt: number;
}

/** What a server was asked, and what it answered. */
export interface TimeAnswer {
  /** On the clock of this process. */
  readonly sentAt: number;
  readonly receivedAt: number;
  /** The calendar of the server, in ms since 1970, with fractions. */
  readonly serverMs: number;
}

const KEPT = 8;

// Two answers that contradict each other by less than this are of one calendar: a server may answer
// with the time at which it began to work.
const SLACK_MS = 1;

// The crystals of two machines differ by up to 100 ppm, and NTP corrects each by up to 500 ppm.
const DRIFT = 0.001;

/** By how much a distance can be wrong at a moment: clocks drift apart after they were compared. */
export function errorAt({ errorMs, measuredAt }: TimeDistance, now: number): number {
  return errorMs + Math.max(0, now - measuredAt) * DRIFT;
}

/**
 * The last answers of one server about its time. As with NTP, the server has read its calendar somewhere
 * between sending and receiving, so the answer with the shortest way there and back says it best.
 */
export class TimeSamples {
  #samples: TimeDistance[] = [];
  #best: TimeDistance | null = null;

  /** The best of the last answers; `null` before the first. */
  get best(): TimeDistance | null {
    return this.#best;
  }

  /** Takes an answer. One that contradicts the best of the others is of a calendar that was corrected. */
  add({ sentAt, receivedAt, serverMs }: TimeAnswer): void {
    const errorMs = (receivedAt - sentAt) / 2;
    const distanceMs = serverMs - (sentAt + errorMs);
    const sample = { distanceMs, errorMs, measuredAt: receivedAt };
    const wasCorrected = this.#best !== null && contradicts(sample, this.#best);
    this.#samples = wasCorrected ? [sample] : [...this.#samples, sample].slice(-KEPT);
    // Of two equally good ones the later.
    this.#best = this.#samples.reduce((a, b) => (b.errorMs <= a.errorMs ? b : a));
  }

  /** Forgets all: another server may answer from now on. */
  clear(): void {
    this.#samples = [];
    this.#best = null;
  }
}

function contradicts(sample: TimeDistance, best: TimeDistance): boolean {
  const apart = Math.abs(sample.distanceMs - best.distanceMs);
  return apart > sample.errorMs + errorAt(best, sample.measuredAt) + SLACK_MS;
}
