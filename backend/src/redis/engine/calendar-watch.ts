import { formatAddress } from '../base/address/index.js';
import type { EventBus } from '../base/events/index.js';
import type { Clock, RedisCalendar, Stop, TimeDistance } from '../base/timing/index.js';
import type { RedisNode } from '../cluster/connection/index.js';
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
  readonly #skewedReplicas = new Set<string>();

  constructor(deps: CalendarWatchDeps, maxSkewMs: number) {
    this.#deps = deps;
    this.#maxSkewMs = maxSkewMs;
    this.#stop = deps.tracker.onChange((node, change) => {
      if (node === null || change === 'role') this.#look(node);
      if (change === 'role' && node?.role?.kind === 'replica') this.#compareReplica(node);
    });
  }

  /** Stops. The calendar goes on. */
  close(): void {
    this.#stop();
  }

  #look(node: RedisNode | null): void {
    const distance = this.#guide(node)?.timeDistance ?? null;
    if (distance === null) return;
    if (distance !== this.#followed) this.#deps.calendar.follow(distance);
    this.#followed = distance;
    this.#compare();
  }

  // A replica is measured as well: when it becomes the primary, its calendar counts at once. One that
  // answers before any primary does may be read from already.
  #guide(node: RedisNode | null): RedisNode | null {
    const { primary } = this.#deps.tracker;
    if (primary !== null || this.#followed !== null) return primary;
    return node?.role?.kind === 'replica' ? node : null;
  }

  // Nothing is wrong yet, but a failover to it would move the calendar of all.
  #compareReplica({ address, timeDistance }: RedisNode): void {
    const primary = this.#deps.tracker.primary?.timeDistance ?? null;
    if (timeDistance === null || primary === null) return;
    const aheadMs = timeDistance.distanceMs - primary.distanceMs;
    const errorMs = timeDistance.errorMs + primary.errorMs;
    const name = formatAddress(address);
    if (Math.abs(aheadMs) - errorMs <= this.#maxSkewMs || this.#skewedReplicas.has(name)) return;
    this.#skewedReplicas.add(name);
    const problem = {
      field: `calendar of ${name}`,
      value: `${String(Math.round(Math.abs(aheadMs)))} ms ${aheadMs > 0 ? 'ahead of' : 'behind'} the primary`,
      message:
        'after a failover to it, what is cached and all sessions live longer or shorter by as much',
      remedy: 'Keep the calendars of all nodes right, with NTP for example',
    };
    this.#deps.bus.doubt(problem);
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
