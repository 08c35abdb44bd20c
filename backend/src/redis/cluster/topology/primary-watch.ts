import type { NodeAddress } from '../../base/address/index.js';
import type { EventBus } from '../../base/events/index.js';
import type { Clock } from '../../base/timing/index.js';
import type { RedisNode } from '../connection/index.js';

/** Knows whether the followed primary is there, and tells when that changes. */
export class PrimaryWatch {
  readonly #clock: Clock;
  readonly #bus: EventBus;
  #primary: NodeAddress | null = null;
  #runId: string | null = null;
  #isReady = false;
  #doubtedSince: number | null = null;

  constructor(clock: Clock, bus: EventBus) {
    this.#clock = clock;
    this.#bus = bus;
  }

  /** Whether the primary is connected, answers, and says that it is the primary. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /**
   * Until when a primary was surely there, by `clock.now()`: now, or when something was wrong with it first. What one
   * acknowledged long before that was not lost with it.
   */
  get soundUntil(): number {
    return this.#doubtedSince ?? this.#clock.now();
  }

  /** Another node is the primary: nothing is known of it yet. */
  follow(primary: NodeAddress): void {
    this.#primary = primary;
    this.#runId = null;
    this.#doubt();
  }

  /** Something is wrong with the primary. Returns whether that is news. */
  suspect(reason: string): boolean {
    if (!this.#isReady || this.#primary === null) return false;
    this.#doubt();
    this.#bus.emit({ type: 'primary.suspected', node: this.#primary, reason });
    return true;
  }

  /** Looks at the node that says that it is the primary, if one does. Returns whether it has become ready. */
  check(node: RedisNode | null): boolean {
    if (node === null || node.isStalled || this.#isReady) return false;
    this.#isReady = true;
    this.#bus.emit({ type: 'primary.ready', node: node.address });
    this.#noteRun(node);
    this.#doubtedSince = null;
    return true;
  }

  #doubt(): void {
    this.#isReady = false;
    this.#doubtedSince ??= this.#clock.now();
  }

  // The same address with another run id is a restarted process, which may have lost its data.
  #noteRun(node: RedisNode): void {
    if (this.#runId !== null && node.runId !== null && node.runId !== this.#runId) {
      this.#bus.emit({ type: 'primary.reset', node: node.address });
    }
    this.#runId = node.runId ?? this.#runId;
  }
}
