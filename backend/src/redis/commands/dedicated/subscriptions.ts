import type { SubscriptionKind } from '../../cluster/connection/index.js';
import type { EventBus } from '../../base/events/index.js';
import type { Clock } from '../../base/timing/index.js';
import type { TopologyTracker } from '../../cluster/topology/index.js';
import type { BufferListener, KeptSubscribeOptions, Subscription } from './subscription.js';
import { SubscriptionKeeper } from './subscription-keeper.js';

/**
 * All subscriptions: sharded channels on one connection, the others on another one. Redis counts them apart, and
 * the driver, which is told that the last of one sort has ended, hears nothing of the other sort any more.
 */
export class Subscriptions {
  readonly #usual: SubscriptionKeeper;
  readonly #sharded: SubscriptionKeeper;

  constructor(
    tracker: TopologyTracker,
    settings: { readonly heartbeatIntervalMs: number; readonly heartbeatTimeoutMs: number },
    clock: Clock,
    bus: EventBus,
  ) {
    this.#usual = new SubscriptionKeeper(tracker, settings, clock, bus);
    this.#sharded = new SubscriptionKeeper(tracker, settings, clock, bus);
  }

  /** The number of channels and patterns with a listener. */
  get size(): number {
    return this.#usual.size + this.#sharded.size;
  }

  /**
   * Subscribes. Resolves when Redis has confirmed it. At the deadline, or when Redis refuses it, it rejects
   * and removes the listener.
   */
  subscribe(
    kind: SubscriptionKind,
    channels: readonly string[],
    listener: BufferListener,
    options: KeptSubscribeOptions,
  ): Promise<Subscription> {
    const keeper = kind === 'ssubscribe' ? this.#sharded : this.#usual;
    return keeper.subscribe(kind, channels, listener, options);
  }

  /** Ends all of them. */
  close(): void {
    this.#usual.close();
    this.#sharded.close();
  }
}
