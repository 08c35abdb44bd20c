import { ReopeningWire, type Wire, type WireOptions } from '../../cluster/connection/index.js';
import { ClosedError, CommandTimeoutError, safeMessage } from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import { aFunction, deadline, option, OptionSet, type RowsOf } from '../../base/options/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';
import type { TopologyTracker } from '../../cluster/topology/index.js';

/** Called with each message; the channel is the one it was published to. */
export type MessageListener = (message: string, channel: string) => void;

/** Fine points of a subscription. */
export interface SubscribeOptions {
  /**
   * Called when messages may have been missed: Redis keeps none for those who are away. `gapMs` is
   * how long nobody listened.
   */
  readonly onGap?: (gapMs: number) => void;
  /** Called when nobody listens any more; `onGap` follows when somebody does again. */
  readonly onLost?: () => void;
  /** How long to wait for the first confirmation. @defaultValue the write timeout */
  readonly timeoutMs?: number;
}

/** The options of a subscription. */
export const SUBSCRIBE_OPTIONS = new OptionSet(
  {
    onGap: option(aFunction<NonNullable<SubscribeOptions['onGap']>>(), null),
    onLost: option(aFunction<NonNullable<SubscribeOptions['onLost']>>(), null),
    timeoutMs: option(deadline, null),
  } satisfies RowsOf<SubscribeOptions>,
  { path: '', example: '{ onGap: () => … }' },
);

/** What {@link SubscriptionKeeper.subscribe} hands out. */
export interface Subscription {
  /** Ends it. Other subscriptions to the same channel go on. */
  unsubscribe(): Promise<void>;
}

type Kind = 'subscribe' | 'psubscribe';

interface Entry {
  readonly kind: Kind;
  readonly channels: readonly string[];
  readonly listener: MessageListener;
  readonly onGap: ((gapMs: number) => void) | null;
  readonly onLost: (() => void) | null;
}

/** Keeps subscriptions alive on whichever node is the primary, on one connection for all. */
export class SubscriptionKeeper {
  readonly #tracker: TopologyTracker;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #settings: { heartbeatIntervalMs: number; heartbeatTimeoutMs: number };
  readonly #wireFor: () => WireOptions | null;
  readonly #entries = new Set<Entry>();
  readonly #confirmed = new Set<string>();
  readonly #waiting = new Set<() => void>();
  readonly #stopListening: Stop;
  #wire: ReopeningWire | null = null;
  #at: string | null = null;
  #quietSince: number | null = null;
  #stopHeartbeat: Stop | null = null;
  #isClosed = false;

  constructor(
    tracker: TopologyTracker,
    settings: { heartbeatIntervalMs: number; heartbeatTimeoutMs: number },
    clock: Clock,
    bus: EventBus,
  ) {
    this.#tracker = tracker;
    this.#settings = settings;
    this.#clock = clock;
    this.#bus = bus;
    this.#wireFor = () => tracker.wireOptionsToPrimary();
    this.#stopListening = tracker.onChange(() => {
      this.#follow();
    });
  }

  /** Channels and patterns that somebody listens to. */
  get size(): number {
    return new Set([...this.#entries].flatMap(({ channels }) => channels)).size;
  }

  /** Listens. Resolves when Redis has confirmed it; rejects, and listens no more, at the deadline. */
  async subscribe(
    kind: Kind,
    channels: readonly string[],
    listener: MessageListener,
    options: SubscribeOptions & { readonly timeoutMs: number },
  ): Promise<Subscription> {
    if (this.#isClosed) throw new ClosedError('Redis is shutting down');
    const { onGap = null, onLost = null } = options;
    const entry: Entry = { kind, channels, listener, onGap, onLost };
    this.#entries.add(entry);
    this.#follow();
    const wire = this.#wire?.ready;
    if (wire !== null && wire !== undefined) void this.#confirm(wire, kind, channels);
    try {
      await this.#untilConfirmed(entry, options.timeoutMs);
    } catch (error) {
      await this.#remove(entry);
      throw error;
    }
    return { unsubscribe: () => this.#remove(entry) };
  }

  /** Ends all. */
  close(): void {
    this.#isClosed = true;
    this.#stopListening();
    this.#entries.clear();
    for (const check of [...this.#waiting]) check();
    this.#stop();
  }

  // Opens, moves or closes the connection, as the primary and the subscriptions demand.
  #follow(): void {
    if (this.#entries.size === 0) {
      this.#stop();
      return;
    }
    const options = this.#wireFor();
    if (options === null) return;
    const at = `${options.address.host} ${String(options.address.port)}`;
    if (this.#wire === null) this.#start(at);
    else if (this.#at !== at) {
      this.#at = at;
      this.#wire.reopen('the primary moved');
    }
  }

  #start(at: string): void {
    this.#at = at;
    this.#wire = new ReopeningWire(() => this.#wireFor() as WireOptions, this.#clock, {
      onReady: (wire) => {
        void this.#resubscribe(wire);
      },
      onClosed: () => {
        this.#onLost();
      },
      onMessage: (channel, message, pattern) => {
        this.#deliver(channel, message, pattern);
      },
    });
    this.#wire.open();
  }

  #onLost(): void {
    const hadAny = this.#confirmed.size > 0;
    this.#confirmed.clear();
    this.#stopHeartbeat?.();
    // Before anything was confirmed nobody could miss it.
    if (!hadAny) return;
    this.#quietSince ??= this.#clock.now();
    for (const entry of [...this.#entries]) this.#tell('loss', () => entry.onLost?.());
  }

  async #resubscribe(wire: Wire): Promise<void> {
    this.#startHeartbeat(wire);
    for (const kind of ['subscribe', 'psubscribe'] as const) {
      const channels = this.#channelsOf(kind);
      if (channels.length > 0) await this.#confirm(wire, kind, channels);
    }
    if (this.#quietSince === null || !wire.isReady) return;
    const gapMs = this.#clock.now() - this.#quietSince;
    this.#quietSince = null;
    const to = this.#tracker.primaryAddress;
    if (to !== null) this.#bus.emit({ type: 'subscription.moved', to, gapMs });
    for (const entry of [...this.#entries]) this.#tell('gap', () => entry.onGap?.(gapMs));
  }

  async #confirm(wire: Wire, kind: Kind, channels: readonly string[]): Promise<void> {
    try {
      await wire.subscribe(kind, channels);
    } catch (error) {
      wire.destroy(safeMessage(error));
      return;
    }
    if (!wire.isReady) return;
    for (const channel of channels) this.#confirmed.add(`${kind} ${channel}`);
    for (const check of [...this.#waiting]) check();
  }

  #untilConfirmed(entry: Entry, timeoutMs: number): Promise<void> {
    const isDone = (): boolean =>
      entry.channels.every((channel) => this.#confirmed.has(`${entry.kind} ${channel}`));
    if (isDone()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const finish = (error: Error | null): void => {
        stop();
        this.#waiting.delete(check);
        if (error === null) resolve();
        else reject(error);
      };
      const check = (): void => {
        if (this.#isClosed) finish(new ClosedError('Redis is shutting down'));
        else if (isDone()) finish(null);
      };
      const stop = this.#clock.after(timeoutMs, () => {
        finish(
          new CommandTimeoutError(`subscribe was not confirmed within ${String(timeoutMs)} ms`, {
            command: entry.kind,
            timeoutMs,
          }),
        );
      });
      this.#waiting.add(check);
    });
  }

  async #remove(entry: Entry): Promise<void> {
    if (!this.#entries.delete(entry)) return;
    const still = new Set(this.#channelsOf(entry.kind));
    const unused = entry.channels.filter((channel) => !still.has(channel));
    for (const channel of unused) this.#confirmed.delete(`${entry.kind} ${channel}`);
    const wire = this.#wire?.ready;
    if (this.#entries.size === 0) this.#stop();
    else if (wire !== null && wire !== undefined && unused.length > 0) {
      const command = entry.kind === 'subscribe' ? 'unsubscribe' : 'punsubscribe';
      await wire.unsubscribe(command, unused).catch(() => undefined);
    }
  }

  #deliver(channel: string, message: string, pattern: string | null): void {
    const kind: Kind = pattern === null ? 'subscribe' : 'psubscribe';
    for (const entry of [...this.#entries]) {
      if (entry.kind !== kind || !entry.channels.includes(pattern ?? channel)) continue;
      this.#tell('message', () => {
        entry.listener(message, channel);
      });
    }
  }

  // One listener's error must not keep the news from the others.
  #tell(event: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#bus.emit({ type: 'listener.failed', event, error });
    }
  }

  #startHeartbeat(wire: Wire): void {
    const { heartbeatIntervalMs, heartbeatTimeoutMs } = this.#settings;
    let sentAt: number | null = null;
    this.#stopHeartbeat?.();
    this.#stopHeartbeat = this.#clock.every(heartbeatIntervalMs, () => {
      if (sentAt !== null) {
        if (this.#clock.now() - sentAt > heartbeatTimeoutMs) wire.destroy('heartbeat not answered');
        return;
      }
      sentAt = this.#clock.now();
      wire.call('ping').then(
        () => (sentAt = null),
        () => undefined,
      );
    });
  }

  #channelsOf(kind: Kind): string[] {
    const channels = [...this.#entries].flatMap((one) => (one.kind === kind ? one.channels : []));
    return [...new Set(channels)];
  }

  #stop(): void {
    this.#stopHeartbeat?.();
    this.#wire?.close('no subscriptions');
    this.#wire = null;
    this.#confirmed.clear();
    this.#quietSince = null;
  }
}
