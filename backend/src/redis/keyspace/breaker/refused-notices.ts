import type { EventBus } from '../../base/events/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';

/** What Redis refuses of the notices by which processes learn of changes: to publish them, or to listen to them. */
export interface NoticeStatus {
  /** How many times. The changes themselves were stored. */
  readonly refused: number;
  /** Whether it refused within the last minute. */
  readonly isRefused: boolean;
}

/** How it is told. */
interface Telling {
  readonly type: 'notices.refused' | 'listening.refused';
  /** What the ACL user needs. */
  readonly rights: string;
}

const EVERY_MS = 60_000;

/**
 * Counts what Redis refused of notices, and tells of it: of the first at once, then of the others once a minute. It is
 * over when a minute has passed without one.
 */
export class RefusedNotices {
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #telling: Telling;
  #refused = 0;
  #untold = 0;
  #stopTimer: Stop | null = null;

  constructor(clock: Clock, bus: EventBus, telling: Telling) {
    this.#clock = clock;
    this.#bus = bus;
    this.#telling = telling;
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
    this.#bus.emit({ ...this.#telling, count });
  }
}
