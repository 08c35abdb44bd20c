import type { EventBus } from '../../base/events/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';

/** Whether Redis publishes the notices by which other processes learn of changes. */
export interface NoticeStatus {
  /** How many Redis refused to publish. The changes themselves were stored. */
  readonly refused: number;
  /** Whether it refused one within the last minute. */
  readonly isRefused: boolean;
}

const EVERY_MS = 60_000;

/**
 * Counts notices that Redis refused to publish, and tells of them: of the first at once, then of the others once
 * a minute. It is over when a minute has passed without one.
 */
export class RefusedNotices {
  readonly #clock: Clock;
  readonly #bus: EventBus;
  /** What the ACL user needs. */
  readonly #rights: string;
  #refused = 0;
  #untold = 0;
  #stopTimer: Stop | null = null;

  constructor(clock: Clock, bus: EventBus, rights: string) {
    this.#clock = clock;
    this.#bus = bus;
    this.#rights = rights;
  }

  /** Numbers only. */
  get status(): NoticeStatus {
    return { refused: this.#refused, isRefused: this.#stopTimer !== null };
  }

  /** One was refused. */
  add(): void {
    this.#refused++;
    this.#untold++;
    if (this.#stopTimer === null) this.#tell();
  }

  /** Tells what was not told yet. */
  close(): void {
    this.#stopTimer?.();
    if (this.#untold > 0) this.#emit();
    this.#stopTimer = null;
  }

  #tell(): void {
    this.#stopTimer = null;
    if (this.#untold === 0) return;
    this.#stopTimer = this.#clock.after(EVERY_MS, () => {
      this.#tell();
    });
    this.#emit();
  }

  #emit(): void {
    const count = this.#untold;
    this.#untold = 0;
    this.#bus.emit({ type: 'notices.refused', count, rights: this.#rights });
  }
}
