import type { Clock, Stop } from './clock.js';
import { errorAt, type TimeDistance } from './time-distance.js';

// Hosts that are kept right by NTP differ by less. Nothing better is known of a calendar before it was
// compared with that of Redis.
const UNMEASURED_ERROR_MS = 50;

/**
 * The clock of this machine with the calendar of Redis: the monotonic clock and the distance from it to
 * the time of the primary. So all processes agree on the calendar, and nothing changes when that of
 * this machine is wrong or is corrected. Before anything was measured it is the calendar of this
 * machine; while Redis is away it goes on from what was measured last.
 *
 * It follows a new primary at once, back as well as forth: whoever needs an order uses stamps, which
 * always grow.
 */
export class RedisCalendar implements Clock {
  readonly #local: Clock;
  #distance: TimeDistance | null = null;

  /** @param local - the clock of this machine, which keeps all timers and deadlines */
  constructor(local: Clock) {
    this.#local = local;
  }

  /** Takes over the calendar that is at this distance. */
  follow(distance: TimeDistance): void {
    this.#distance = distance;
  }

  wallTime(now = this.#local.now()): number {
    if (this.#distance === null) return this.#local.wallTime(now);
    return Math.floor(now + this.#distance.distanceMs);
  }

  uncertaintyMs(): number {
    if (this.#distance === null) return UNMEASURED_ERROR_MS;
    return errorAt(this.#distance, this.#local.now());
  }

  /** By how much this machine's own calendar is ahead of it; `null` before anything was measured. */
  get localAheadMs(): number | null {
    return this.#distance === null ? null : this.#local.wallTime() - this.wallTime();
  }

  now(): number {
    return this.#local.now();
  }

  after(ms: number, run: () => void): Stop {
    return this.#local.after(ms, run);
  }

  hold(ms: number, run: () => void): Stop {
    return this.#local.hold(ms, run);
  }

  every(ms: number, run: () => void): Stop {
    return this.#local.every(ms, run);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#local.sleep(ms, signal);
  }
}
