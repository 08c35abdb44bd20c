import type { Stamp } from '../../keyspace/index.js';

/*
 * A change of a session is stamped just after the state it is based on, not with the time of day.
 * So a delete that was made after that state wins in every order of arrival, on replay too, and
 * however wrong a calendar is: a session that was ended stays ended.
 */

const MAX_COUNT = 0xffff;

/** The stamp of a sliding expiry: later than its base, earlier than any change of the data. */
export function stampOfSlide(base: Stamp, origin: string): Stamp {
  const { wallMs, count } = base;
  return count < MAX_COUNT ? { wallMs, count: count + 1, origin } : stampOfChange(base, origin);
}

/** The stamp of a change of the data: later than its base and all that slid from it. */
export function stampOfChange(base: Stamp, origin: string): Stamp {
  return { wallMs: base.wallMs + 1, count: 0, origin };
}
