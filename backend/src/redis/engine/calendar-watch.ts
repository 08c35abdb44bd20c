import type { EventBus } from '../base/events/index.js';
import type { Clock, RedisCalendar, Stop, TimeDistance } from '../base/timing/index.js';
import type { SharedConnection } from '../cluster/connection/index.js';
import type { TopologyTracker } from '../cluster/topology/index.js';

/** What a {@link CalendarWatch} compares. */
export interface CalendarWatchDeps {
  readonly tracker: TopologyTracker;
  readonly calendar: RedisCalendar;
  /** With the calendar of this machine. */
  readonly clock: Clock;
  readonly bus: EventBus;
}

// A difference that stays about the bound is reported once.
const ENDS_BELOW = 0.5;

/** Sets the calendar by the time of the primary, and reports when that of this machine is wrong. */
export class CalendarWatch {
  readonly #deps: CalendarWatchDeps;
  readonly #maxSkewMs: number;
  readonly #stop: Stop;
  #followed: TimeDistance | null = null;
  #skewedSince: number | null = null;

  constructor(deps: CalendarWatchDeps, maxSkewMs: number) {
    this.#deps = deps;
    this.#maxSkewMs = maxSkewMs;
    this.#stop = deps.tracker.onChange((node, change) => {
      if (node === null || change === 'role') this.#look(node);
    });
  }

  /** Stops. The calendar goes on. */
  close(): void {
    this.#stop();
  }

  #look(node: SharedConnection | null): void {
    const distance = this.#guide(node)?.timeDistance ?? null;
    if (distance === null) return;
    if (distance !== this.#followed) this.#deps.calendar.follow(distance);
    this.#followed = distance;
    this.#compare();
  }

  // A replica is measured as well: when it becomes the primary, its calendar counts at once. One that
  // answers before any primary does may be read from already.
  #guide(node: SharedConnection | null): SharedConnection | null {
    const { primary } = this.#deps.tracker;
    if (primary !== null || this.#followed !== null) return primary;
    return node?.role?.kind === 'replica' ? node : null;
  }

  #compare(): void {
    const { calendar, clock, bus } = this.#deps;
    const aheadMs = calendar.localAheadMs;
    if (aheadMs === null) return;
    const apartMs = Math.abs(aheadMs);
    if (this.#skewedSince === null) {
      if (apartMs - calendar.uncertaintyMs() <= this.#maxSkewMs) return;
      this.#skewedSince = clock.now();
      bus.emit({ type: 'clock.skewed', aheadMs });
    } else if (apartMs <= this.#maxSkewMs * ENDS_BELOW) {
      const skewedMs = clock.now() - this.#skewedSince;
      this.#skewedSince = null;
      bus.emit({ type: 'clock.agreed', aheadMs, skewedMs });
    }
  }
}
