/** How often counts fade. */
export const FADE_MS = 1_000;

/** In this time counts fade to about a third: an access of ten seconds ago counts a fifth. */
const MEMORY_MS = 6_000;
const MINUTE_MS = 60_000;
// What is left of a steady second after all those that have faded: the sum of a geometric series.
const STEADY_MS = FADE_MS / (Math.exp(FADE_MS / MEMORY_MS) - 1);

/** Returns by what counts are multiplied after so many milliseconds. */
export function fadeFactor(elapsedMs: number): number {
  return Math.exp(-elapsedMs / MEMORY_MS);
}

/**
 * Returns how many accesses a minute a count stands for, where accesses come steadily.
 *
 * @param sinceFadeMs - how long ago counts were faded
 */
export function perMinuteOf(count: number, every: number, sinceFadeMs: number): number {
  return (count * every * MINUTE_MS) / (STEADY_MS + sinceFadeMs);
}
