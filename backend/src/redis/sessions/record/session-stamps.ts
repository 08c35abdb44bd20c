import type { Stamp } from '../../keyspace/index.js';

/*
 * A change of a session is stamped just after the state it is based on, not with the time of day.
 * So a delete that was made after that state wins in every order of arrival, on replay too, and
 * however wrong a calendar is: a session that was ended stays ended.
 */

const MAX_COUNT = 0xffff;
const REVISION = /^[0-9a-f]{32}$/;

/** The stamp of a sliding expiry: later than its base, earlier than any change of the data. */
export function stampOfSlide(base: Stamp, origin: string): Stamp {
  const { wallMs, count } = base;
  return count < MAX_COUNT ? { wallMs, count: count + 1, origin } : stampOfChange(base, origin);
}

/** The stamp of a change of the data: later than its base and all that slid from it. */
export function stampOfChange(base: Stamp, origin: string): Stamp {
  return { wallMs: base.wallMs + 1, count: 0, origin };
}

/** A stamp as 32 hexadecimal digits, whose order as text is the order of the writes. */
export function revisionOf({ wallMs, count, origin }: Stamp): string {
  return wallMs.toString(16).padStart(12, '0') + count.toString(16).padStart(4, '0') + origin;
}

/** The stamp that {@link revisionOf} wrote. */
export function stampOfRevision(revision: string): Stamp {
  return {
    wallMs: Number.parseInt(revision.slice(0, 12), 16),
    count: Number.parseInt(revision.slice(12, 16), 16),
    origin: revision.slice(16),
  };
}

/** True for what {@link revisionOf} could have written. */
export function isRevision(value: unknown): value is string {
  return typeof value === 'string' && REVISION.test(value);
}
