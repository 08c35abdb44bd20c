import { compareStamps, type Stamp } from './stamp.js';

/** What decides which of two writes to a key stays: an entry has both. */
export interface Standing {
  readonly stamp: Stamp;
  /** It ends a key that is never used again. */
  readonly isFinal: boolean;
}

/**
 * Negative when `b` wins, positive when `a` wins, 0 when they are the same write. The end of a key that is
 * never used again wins against every value, whatever the calendars of their processes say; otherwise
 * the later stamp wins. Scripts in Redis compare in the same way.
 */
export function compareStandings(a: Standing, b: Standing): number {
  if (a.isFinal !== b.isFinal) return a.isFinal ? 1 : -1;
  return compareStamps(a.stamp, b.stamp);
}
