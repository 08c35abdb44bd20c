import type { SubscriptionKind } from '../../cluster/connection/index.js';
import type { EventBus } from '../../base/events/index.js';
import type { Clock } from '../../base/timing/index.js';
import type { TopologyTracker } from '../../cluster/topology/index.js';
import type {
  BufferListener,
  HeartbeatOptions,
  KeptSubscribeOptions,
  Subscription,
} from './subscription.js';
import { Invalidations } from './invalidations.js';
import { SubscriptionKeeper } from './subscription-keeper.js';

/**
 * All subscriptions: sharded channels on one connection, the others on another one. Redis counts them apart, and
 * the driver, which is told that the last of one sort has ended, hears nothing of the other sort any more. What the
 * library listens to itself has a connection of its own, on which Redis tells of changed keys as well.
 */
export class Subscriptions {
  readonly #usual: SubscriptionKeeper;
  readonly #sharded: SubscriptionKeeper;
  readonly #own: SubscriptionKeeper;
  readonly #invalidations: Invalidations;

  constructor(
    tracker: TopologyTracker,
    settings: HeartbeatOptions & {
      /** The beginnings of keys whose changes are told, as they are in Redis. @defaultValue none */
      readonly nearPrefixes?: readonly string[];
    },
    clock: Clock,
    bus: EventBus,
  ) {
    this.#usual = new SubscriptionKeeper(tracker, settings, clock, bus);
    this.#sharded = new SubscriptionKeeper(tracker, settings, clock, bus);
    const invalidations = new Invalidations(settings.nearPrefixes ?? [], bus);
    this.#invalidations = invalidations;
    this.#own = new SubscriptionKeeper(tracker, { ...settings, invalidations }, clock, bus);
  }

  /** The number of channels and patterns with a listener. */
  get size(): number {
    return this.#usual.size + this.#sharded.size + this.#own.size;
  }

  /** What Redis tells of changed keys while something is listened to with {@link Subscriptions.subscribeOwn}. */
  get invalidations(): Pick<Invalidations, 'listen' | 'refusal'> {
    return this.#invalidations;
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

  /** The same for the library itself, on the connection on which Redis tells of changed keys as well. */
  subscribeOwn(
    channel: string,
    listener: BufferListener,
    options: KeptSubscribeOptions,
  ): Promise<Subscription> {
    return this.#own.subscribe('subscribe', [channel], listener, options);
  }

  /** Ends all of them. */
  close(): void {
    this.#usual.close();
    this.#sharded.close();
    this.#own.close();
  }
}
