import {
  Heartbeat,
  ReopeningWire,
  type Wire,
  type WireOptions,
} from '../../cluster/connection/index.js';
import { ClosedError, CommandTimeoutError, safeMessage } from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import { aFunction, deadline, option, OptionSet, type RowsOf } from '../../base/options/index.js';
import { untilTime, waitFor, type Clock, type Stop } from '../../base/timing/index.js';
import { whyNoReads, type TopologyTracker } from '../../cluster/topology/index.js';

/** Called with each message and the channel it was published to. */
export type MessageListener = (message: string, channel: string) => unknown;

/** Options of a subscription. */
export interface SubscribeOptions {
  /**
   * Called when messages may have been missed, because Redis keeps none while the connection is lost.
   * `gapMs` is how long the subscription was interrupted.
   */
  readonly onGap?: (gapMs: number) => unknown;
  /** Called when the connection is lost; `onGap` follows when the subscription is back. */
  readonly onLost?: () => unknown;
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
  readonly onGap: ((gapMs: number) => unknown) | null;
  readonly onLost: (() => unknown) | null;
}

/** Keeps all subscriptions alive on one connection to the present primary. */
export class SubscriptionKeeper {
  readonly #tracker: TopologyTracker;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #heartbeat: Heartbeat;
  readonly #wireFor: () => WireOptions | null;
  readonly #entries = new Set<Entry>();
  /** The same by what they listen to: `subscribe news`, `psubscribe n*`. */
  readonly #byChannel = new Map<string, Set<Entry>>();
  readonly #confirmed = new Set<string>();
  readonly #waiting = new Set<() => void>();
  readonly #stopListening: Stop;
  #wire: ReopeningWire | null = null;
  #at: string | null = null;
  #quietSince: number | null = null;
  #isClosed = false;

  constructor(
    tracker: TopologyTracker,
    settings: { heartbeatIntervalMs: number; heartbeatTimeoutMs: number },
    clock: Clock,
    bus: EventBus,
  ) {
    this.#tracker = tracker;
    this.#clock = clock;
    this.#bus = bus;
    this.#heartbeat = new Heartbeat(clock, {
      intervalMs: settings.heartbeatIntervalMs,
      timeoutMs: settings.heartbeatTimeoutMs,
      ask: async () => this.#wire?.ready?.call('ping'),
      onAnswer: () => undefined,
      onSilence: () => {
        this.#wire?.ready?.destroy('heartbeat not answered');
      },
    });
    this.#wireFor = () => tracker.wireOptionsToPrimary();
    this.#stopListening = tracker.onChange(() => {
      this.#follow();
    });
  }

  /** The number of channels and patterns with a listener. */
  get size(): number {
    return this.#byChannel.size;
  }

  /** Subscribes. Resolves when Redis has confirmed it. At the deadline it rejects and removes the listener. */
  async subscribe(
    kind: Kind,
    channels: readonly string[],
    listener: MessageListener,
    options: SubscribeOptions & { readonly timeoutMs: number },
  ): Promise<Subscription> {
    if (this.#isClosed) throw new ClosedError('Redis is shutting down');
    const { onGap = null, onLost = null } = options;
    const entry: Entry = { kind, channels, listener, onGap, onLost };
    this.#add(entry);
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

  /** Ends all subscriptions. */
  close(): void {
    this.#isClosed = true;
    this.#stopListening();
    this.#entries.clear();
    this.#byChannel.clear();
    for (const check of [...this.#waiting]) check();
    this.#stop();
  }

  // Opens, moves or closes the connection, depending on the primary and the subscriptions.
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
    this.#heartbeat.stop();
    // Before a subscription was confirmed no message could be missed.
    if (!hadAny) return;
    this.#quietSince ??= this.#clock.now();
    for (const entry of [...this.#entries]) this.#tell('loss', () => entry.onLost?.());
  }

  async #resubscribe(wire: Wire): Promise<void> {
    this.#heartbeat.start();
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
    for (const channel of channels) this.#confirmed.add(keyOf(kind, channel));
    for (const check of [...this.#waiting]) check();
  }

  #untilConfirmed(entry: Entry, timeoutMs: number): Promise<void> {
    const isDone = (): boolean =>
      entry.channels.every((channel) => this.#confirmed.has(keyOf(entry.kind, channel)));
    const until = this.#clock.now() + timeoutMs;
    return waitFor(
      ({ give, refuse }) => {
        const check = (): void => {
          if (this.#isClosed) refuse(new ClosedError('Redis is shutting down'));
          else if (isDone()) give();
        };
        check();
        this.#waiting.add(check);
        return () => {
          this.#waiting.delete(check);
        };
      },
      untilTime(this.#clock, until, () => unconfirmed(entry.kind, timeoutMs, this.#whyAway())),
    );
  }

  #whyAway(): string {
    if ((this.#wire?.ready ?? null) !== null) return 'it does not answer';
    return whyNoReads(this.#tracker, { primary: true, replicas: false });
  }

  #add(entry: Entry): void {
    this.#entries.add(entry);
    for (const channel of entry.channels) {
      const key = keyOf(entry.kind, channel);
      const others = this.#byChannel.get(key) ?? new Set<Entry>();
      this.#byChannel.set(key, others.add(entry));
    }
  }

  async #remove(entry: Entry): Promise<void> {
    if (!this.#entries.delete(entry)) return;
    const unused = entry.channels.filter((channel) => {
      const key = keyOf(entry.kind, channel);
      const others = this.#byChannel.get(key);
      others?.delete(entry);
      if (others === undefined || others.size > 0) return false;
      this.#byChannel.delete(key);
      this.#confirmed.delete(key);
      return true;
    });
    const wire = this.#wire?.ready;
    if (this.#entries.size === 0) this.#stop();
    else if (wire !== null && wire !== undefined && unused.length > 0) {
      const command = entry.kind === 'subscribe' ? 'unsubscribe' : 'punsubscribe';
      await wire.unsubscribe(command, unused).catch(() => undefined);
    }
  }

  #deliver(channel: string, message: string, pattern: string | null): void {
    const key = pattern === null ? keyOf('subscribe', channel) : keyOf('psubscribe', pattern);
    for (const { listener } of [...(this.#byChannel.get(key) ?? [])]) {
      this.#tell('message', () => listener(message, channel));
    }
  }

  // An error in one listener must not keep the call from the others, nor end the process when it comes later.
  #tell(event: string, run: () => unknown): void {
    const report = (error: unknown): void => {
      this.#bus.emit({ type: 'listener.failed', event, error });
    };
    try {
      const later = run();
      if (isThenable(later)) later.then(undefined, report);
    } catch (error) {
      report(error);
    }
  }

  #channelsOf(kind: Kind): string[] {
    const channels = [...this.#entries].flatMap((one) => (one.kind === kind ? one.channels : []));
    return [...new Set(channels)];
  }

  #stop(): void {
    this.#heartbeat.stop();
    this.#wire?.close('no subscriptions');
    this.#wire = null;
    this.#confirmed.clear();
    this.#quietSince = null;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}

function keyOf(kind: Kind, channel: string): string {
  return `${kind} ${channel}`;
}

function unconfirmed(command: Kind, timeoutMs: number, reason: string): CommandTimeoutError {
  const message = `${command} was not confirmed within ${String(timeoutMs)} ms: ${reason}`;
  return new CommandTimeoutError(message, { command, timeoutMs, reason });
}
