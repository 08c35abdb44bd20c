import {
  Heartbeat,
  parseRole,
  ReopeningWire,
  type SubscriptionKind,
  type Wire,
  type WireOptions,
} from '../../cluster/connection/index.js';
import {
  classifyFailure,
  ClosedError,
  ConnectionLostError,
  safeMessage,
} from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';
import { whyNoReads, type TopologyTracker } from '../../cluster/topology/index.js';
import { rejectedError } from '../shared/outcome-errors.js';
import { Confirmations } from './confirmations.js';
import type { Invalidations, KeeperOptions } from './invalidations.js';
import { Listeners } from './listeners.js';
import {
  type BufferListener,
  type KeptSubscribeOptions,
  type Subscription,
  SUBSCRIPTION_KINDS,
  type SubscriptionEntry as Entry,
  subscriptionKey as keyOf,
  subscriptionKeys as keysOf,
} from './subscription.js';

const ASK_AGAIN_MS = 500;

/** Keeps subscriptions alive on one connection to the present primary. */
export class SubscriptionKeeper {
  readonly #tracker: TopologyTracker;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #heartbeat: Heartbeat;
  readonly #wireFor: () => WireOptions | null;
  readonly #listeners: Listeners;
  readonly #confirmations: Confirmations;
  readonly #invalidations: Invalidations | null;
  readonly #stopListening: Stop;
  #wire: ReopeningWire | null = null;
  #at: string | null = null;
  #quietSince: number | null = null;
  /** What was heard before and is refused now. */
  readonly #refused = new Set<string>();
  #stopAsking: Stop | null = null;
  #isClosed = false;

  constructor(tracker: TopologyTracker, settings: KeeperOptions, clock: Clock, bus: EventBus) {
    this.#tracker = tracker;
    this.#invalidations = settings.invalidations ?? null;
    this.#clock = clock;
    this.#bus = bus;
    this.#listeners = new Listeners(clock, bus);
    this.#confirmations = new Confirmations(clock);
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
      this.#confirmations.giveUp(tracker.accessRefusedAt);
    });
  }

  /** The number of channels and patterns with a listener. */
  get size(): number {
    return this.#listeners.channels;
  }

  /**
   * Subscribes. Resolves when Redis has confirmed it. At the deadline, or when Redis refuses it, it rejects
   * and removes the listener.
   */
  async subscribe(
    kind: SubscriptionKind,
    channels: readonly string[],
    listener: BufferListener,
    options: KeptSubscribeOptions,
  ): Promise<Subscription> {
    if (this.#isClosed) throw new ClosedError('Redis is shutting down');
    const { onHearing = null, onGap = null, onLost = null, onRefused = null } = options;
    const entry: Entry = { kind, channels, listener, onHearing, onGap, onLost, onRefused };
    this.#listeners.add(entry);
    this.#follow();
    const wire = this.#wire?.ready;
    if (wire !== null && wire !== undefined) void this.#confirm(wire, kind, channels);
    try {
      const { timeoutMs } = options;
      await this.#confirmations.wait({
        kind,
        keys: keysOf(entry),
        timeoutMs,
        why: () => this.#whyAway(),
        onConfirmed: () => {
          this.#listeners.tellHearing(entry);
        },
      });
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
    this.#listeners.clear();
    this.#confirmations.close();
    this.#stop();
  }

  // Opens, moves or closes the connection, depending on the primary and the subscriptions.
  #follow(): void {
    if (!this.#listeners.areAny) {
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
      introduce: (wire) => this.#look(wire),
      onReady: (wire) => {
        void this.#resubscribe(wire);
      },
      onClosed: () => {
        this.#onLost();
        this.#confirmations.giveUp(this.#wire?.accessRefusedAt ?? null);
      },
      onMessageBuffer: (channel, message, pattern) => {
        if (this.#invalidations?.deliver(channel, message) === true) return;
        const key =
          pattern === null
            ? keyOf('subscribe', channel.toString())
            : keyOf('psubscribe', pattern.toString());
        this.#listeners.deliver(key, message, channel);
      },
      onShardMessage: (channel, message) => {
        this.#listeners.deliver(keyOf('ssubscribe', channel.toString()), message, channel);
      },
    });
    this.#wire.open();
  }

  // A Sentinel confirms every subscription, and passes on nothing that is published on a node.
  async #look(wire: Wire): Promise<void> {
    const role = parseRole(await wire.call('role').catch(() => null));
    if (role.kind === 'other' && role.answer === 'sentinel') {
      throw new ConnectionLostError(`it ${this.#tracker.whyNotPrimary(role)}`);
    }
    await this.#invalidations?.turnOn(wire);
  }

  #onLost(): void {
    const hadAny = this.#confirmations.areAny;
    this.#confirmations.lose();
    this.#heartbeat.stop();
    this.#askNoMore();
    // Before a subscription was confirmed no message could be missed.
    if (!hadAny) return;
    this.#quietSince ??= this.#clock.now();
    this.#listeners.tellLost();
  }

  async #resubscribe(wire: Wire): Promise<void> {
    this.#heartbeat.start();
    // First of all: whoever is told that it hears again must not miss what changes all keys.
    await this.#invalidations?.hear(wire);
    for (const kind of SUBSCRIPTION_KINDS) {
      const channels = this.#listeners.channelsOf(kind);
      if (channels.length > 0) await this.#confirm(wire, kind, channels);
    }
    if (this.#quietSince === null || !wire.isReady) return;
    const gapMs = this.#clock.now() - this.#quietSince;
    this.#quietSince = null;
    const to = this.#tracker.primaryAddress;
    if (to !== null) this.#bus.emit({ type: 'subscription.moved', to, gapMs });
    this.#tellHeardAgain();
  }

  // Whoever is not heard yet must not be told that it hears again.
  #tellHeardAgain(): void {
    this.#listeners.tellHeardAgain((key) => this.#confirmations.isHeard(key));
  }

  async #confirm(wire: Wire, kind: SubscriptionKind, channels: readonly string[]): Promise<void> {
    this.#confirmations.ask(keysOf({ kind, channels }));
    try {
      await wire.subscribe(kind, channels);
    } catch (error) {
      await this.#onFailure(wire, { kind, channels, error });
      return;
    }
    if (!wire.isReady) return;
    this.#confirmations.confirm(keysOf({ kind, channels }));
  }

  // What Redis refuses ends the subscriptions that are new. Those that were heard before are asked for again, and the
  // others of the connection go on.
  async #onFailure(
    wire: Wire,
    { kind, channels, error }: Pick<Entry, 'kind' | 'channels'> & { readonly error: unknown },
  ): Promise<void> {
    if (classifyFailure(error) !== 'rejected') {
      wire.destroy(safeMessage(error));
      return;
    }
    if (channels.length > 1) {
      // Redis does not say which it refuses.
      for (const channel of channels) await this.#confirm(wire, kind, [channel]);
      return;
    }
    const keys = keysOf({ kind, channels });
    this.#confirmations.refuse(keys, error);
    const again = keys.filter(
      (key) => !this.#listeners.isNew(key) && !this.#confirmations.isHeard(key),
    );
    if (again.length === 0) return;
    this.#listeners.tellRefused(again, rejectedError(kind, error));
    for (const key of again) this.#refused.add(key);
    this.#stopAsking ??= this.#clock.after(ASK_AGAIN_MS, () => void this.#askAgain());
  }

  async #askAgain(): Promise<void> {
    const refused = [...this.#refused];
    this.#askNoMore();
    const wire = this.#wire?.ready;
    if (wire === null || wire === undefined) return;
    for (const kind of SUBSCRIPTION_KINDS) {
      const channels = this.#listeners
        .channelsOf(kind)
        .filter((one) => refused.includes(keyOf(kind, one)));
      if (channels.length > 0) await this.#confirm(wire, kind, channels);
    }
    this.#tellHeardAgain();
  }

  #askNoMore(): void {
    this.#stopAsking?.();
    this.#stopAsking = null;
    this.#refused.clear();
  }

  #whyAway(): string {
    const state = this.#wire?.state ?? { kind: 'closed' };
    if (state.kind === 'ready') return 'it does not answer';
    // The node is there for all others: it is this connection that cannot be opened.
    const hasOwnReason = this.#tracker.primary !== null && 'reason' in state;
    if (hasOwnReason && state.reason !== null) return `no connection for it: ${state.reason}`;
    return whyNoReads(this.#tracker, { primary: true, replicas: false });
  }

  async #remove(entry: Entry): Promise<void> {
    const unused = this.#listeners.remove(entry);
    if (unused === null) return;
    for (const channel of unused) this.#confirmations.forget(keyOf(entry.kind, channel));
    const wire = this.#wire?.ready;
    if (!this.#listeners.areAny) this.#stop();
    else if (wire !== null && wire !== undefined && unused.length > 0) {
      await wire.unsubscribe(entry.kind, unused).catch(() => undefined);
    }
  }

  #stop(): void {
    this.#heartbeat.stop();
    this.#askNoMore();
    this.#wire?.close('no subscriptions');
    this.#wire = null;
    this.#confirmations.lose();
    this.#quietSince = null;
  }
}
