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
import { callListener } from './call-listener.js';
import { Confirmations } from './confirmations.js';
import type { Invalidations } from './invalidations.js';
import {
  type BufferListener,
  type HeartbeatOptions,
  type KeptSubscribeOptions,
  type Subscription,
  SUBSCRIPTION_KINDS,
  type SubscriptionEntry as Entry,
  subscriptionKey as keyOf,
} from './subscription.js';

const ASK_AGAIN_MS = 500;

/** Keeps subscriptions alive on one connection to the present primary. */
export class SubscriptionKeeper {
  readonly #tracker: TopologyTracker;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #heartbeat: Heartbeat;
  readonly #wireFor: () => WireOptions | null;
  readonly #entries = new Set<Entry>();
  /** The same by what they listen to. */
  readonly #byChannel = new Map<string, Set<Entry>>();
  readonly #confirmations: Confirmations;
  readonly #invalidations: Invalidations | null;
  /** Those that Redis has not confirmed for the first time. */
  readonly #pending = new Set<Entry>();
  readonly #stopListening: Stop;
  #wire: ReopeningWire | null = null;
  #at: string | null = null;
  #quietSince: number | null = null;
  /** Those that were told of the loss, and when: only they have missed something. */
  readonly #interrupted = new Map<Entry, number>();
  /** What was heard before and is refused now. */
  readonly #refused = new Set<string>();
  #stopAsking: Stop | null = null;
  #isClosed = false;

  constructor(
    tracker: TopologyTracker,
    settings: HeartbeatOptions & { invalidations?: Invalidations },
    clock: Clock,
    bus: EventBus,
  ) {
    this.#tracker = tracker;
    this.#invalidations = settings.invalidations ?? null;
    this.#clock = clock;
    this.#bus = bus;
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
    return this.#byChannel.size;
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
    const { onGap = null, onLost = null, onRefused = null } = options;
    const entry: Entry = { kind, channels, listener, onGap, onLost, onRefused };
    this.#add(entry);
    this.#pending.add(entry);
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
      });
    } catch (error) {
      await this.#remove(entry);
      throw error;
    } finally {
      this.#pending.delete(entry);
    }
    return { unsubscribe: () => this.#remove(entry) };
  }

  /** Ends all subscriptions. */
  close(): void {
    this.#isClosed = true;
    this.#stopListening();
    this.#entries.clear();
    this.#byChannel.clear();
    this.#confirmations.close();
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
        this.#deliver(key, message, channel);
      },
      onShardMessage: (channel, message) => {
        this.#deliver(keyOf('ssubscribe', channel.toString()), message, channel);
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
    const now = this.#clock.now();
    this.#quietSince ??= now;
    for (const entry of [...this.#entries]) {
      if (this.#pending.has(entry) || this.#interrupted.has(entry)) continue;
      this.#interrupted.set(entry, now);
      callListener(this.#bus, 'loss', () => entry.onLost?.());
    }
  }

  async #resubscribe(wire: Wire): Promise<void> {
    this.#heartbeat.start();
    // First of all: whoever is told that it hears again must not miss what changes all keys.
    await this.#invalidations?.hear(wire);
    for (const kind of SUBSCRIPTION_KINDS) {
      const channels = this.#channelsOf(kind);
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
    for (const [entry, since] of [...this.#interrupted]) {
      if (!keysOf(entry).every((key) => this.#confirmations.isHeard(key))) continue;
      this.#interrupted.delete(entry);
      callListener(this.#bus, 'gap', () => entry.onGap?.(this.#clock.now() - since));
    }
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
    const again = keys.filter((key) => !this.#isNew(key) && !this.#confirmations.isHeard(key));
    if (again.length === 0) return;
    this.#tellRefused(again, rejectedError(kind, error));
    for (const key of again) this.#refused.add(key);
    this.#stopAsking ??= this.#clock.after(ASK_AGAIN_MS, () => void this.#askAgain());
  }

  async #askAgain(): Promise<void> {
    const refused = [...this.#refused];
    this.#askNoMore();
    const wire = this.#wire?.ready;
    if (wire === null || wire === undefined) return;
    for (const kind of SUBSCRIPTION_KINDS) {
      const channels = this.#channelsOf(kind).filter((one) => refused.includes(keyOf(kind, one)));
      if (channels.length > 0) await this.#confirm(wire, kind, channels);
    }
    this.#tellHeardAgain();
  }

  #askNoMore(): void {
    this.#stopAsking?.();
    this.#stopAsking = null;
    this.#refused.clear();
  }

  #tellRefused(keys: readonly string[], error: Error): void {
    for (const entry of keys.flatMap((key) => [...(this.#byChannel.get(key) ?? [])])) {
      callListener(this.#bus, 'refusal', () => entry.onRefused?.(error));
    }
  }

  /** Whether nobody was ever told that this is heard. */
  #isNew(key: string): boolean {
    return [...(this.#byChannel.get(key) ?? [])].every((entry) => this.#pending.has(entry));
  }

  #whyAway(): string {
    const state = this.#wire?.state ?? { kind: 'closed' };
    if (state.kind === 'ready') return 'it does not answer';
    // The node is there for all others: it is this connection that cannot be opened.
    const hasOwnReason = this.#tracker.primary !== null && 'reason' in state;
    if (hasOwnReason && state.reason !== null) return `no connection for it: ${state.reason}`;
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
    this.#interrupted.delete(entry);
    const unused = entry.channels.filter((channel) => {
      const key = keyOf(entry.kind, channel);
      const others = this.#byChannel.get(key);
      others?.delete(entry);
      if (others === undefined || others.size > 0) return false;
      this.#byChannel.delete(key);
      this.#confirmations.forget(key);
      return true;
    });
    const wire = this.#wire?.ready;
    if (this.#entries.size === 0) this.#stop();
    else if (wire !== null && wire !== undefined && unused.length > 0) {
      await wire.unsubscribe(entry.kind, unused).catch(() => undefined);
    }
  }

  #deliver(key: string, message: Buffer, channel: Buffer): void {
    for (const { listener } of [...(this.#byChannel.get(key) ?? [])]) {
      callListener(this.#bus, 'message', () => listener(message, channel));
    }
  }

  #channelsOf(kind: SubscriptionKind): string[] {
    const channels = [...this.#entries].flatMap((one) => (one.kind === kind ? one.channels : []));
    return [...new Set(channels)];
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

function keysOf({ kind, channels }: Pick<Entry, 'kind' | 'channels'>): readonly string[] {
  return channels.map((channel) => keyOf(kind, channel));
}
