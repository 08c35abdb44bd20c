import type { EventBus, RedisHaEventOf } from '../../base/events/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';

type Reason = RedisHaEventOf<'journal.dropped'>['reason'];

const EVERY_MS = 1_000;

/** Tells how many writes were lost, and why: once a second at most, for a full journal loses thousands. */
export class LossReports {
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #counts = new Map<Reason, number>();
  #stopTimer: Stop | null = null;

  constructor(clock: Clock, bus: EventBus) {
    this.#clock = clock;
    this.#bus = bus;
  }

  /** Writes were lost. */
  add(count: number, reason: Reason): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + count);
    this.#stopTimer ??= this.#clock.after(EVERY_MS, () => {
      this.#tell();
    });
  }

  /** Tells what was not told yet. */
  close(): void {
    this.#stopTimer?.();
    this.#tell();
  }

  #tell(): void {
    this.#stopTimer = null;
    for (const [reason, count] of this.#counts) {
      this.#bus.emit({ type: 'journal.dropped', count, reason });
    }
    this.#counts.clear();
  }
}
