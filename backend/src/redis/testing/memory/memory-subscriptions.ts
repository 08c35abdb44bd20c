import { ClosedError } from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import type { Stop } from '../../base/timing/index.js';
import type { SubscriptionKind } from '../../cluster/connection/index.js';
import type { BufferListener, Subscription, Subscriptions } from '../../commands/index.js';
import { binaryOf } from './binary-replies.js';
import type { Channels } from './channels.js';

/** Subscriptions to the channels of a Redis in memory. There are no gaps in them. */
export class MemorySubscriptions implements Pick<Subscriptions, 'subscribe' | 'close'> {
  readonly #channels: Channels;
  readonly #bus: EventBus;
  readonly #stops = new Set<Stop>();
  #isClosed = false;

  constructor(channels: Channels, bus: EventBus) {
    this.#channels = channels;
    this.#bus = bus;
  }

  /** Adds a listener. */
  subscribe(
    kind: SubscriptionKind,
    channels: readonly string[],
    listener: BufferListener,
  ): Promise<Subscription> {
    if (this.#isClosed) return Promise.reject(new ClosedError('Redis is shutting down'));
    const stop = this.#channels.listen({
      kind,
      channels: channels.map(binaryOf),
      onMessage: (message, channel) => {
        this.#tell(() => listener(Buffer.from(message, 'latin1'), Buffer.from(channel, 'latin1')));
      },
    });
    this.#stops.add(stop);
    const unsubscribe = (): Promise<void> => {
      stop();
      this.#stops.delete(stop);
      return Promise.resolve();
    };
    return Promise.resolve({ unsubscribe });
  }

  /** Ends all subscriptions. */
  close(): void {
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    this.#stops.clear();
  }

  // An error in one listener must not keep the message from the others.
  #tell(run: () => unknown): void {
    const report = (error: unknown): void => {
      this.#bus.emit({ type: 'listener.failed', event: 'message', error });
    };
    void Promise.resolve().then(run).catch(report);
  }
}
