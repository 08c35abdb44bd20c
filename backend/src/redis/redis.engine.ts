import type { ResolvedRedisOptions } from './config/index.js';
import { RedisDisabledError, SwitchoverFailedError } from './errors/index.js';
import { EventBus } from './events/index.js';
import {
  BlockingCalls,
  CommandRouter,
  CommandRunner,
  PrimaryLeases,
  RawClients,
  SubscriptionKeeper,
} from './routing/index.js';
import { switchover, type SwitchoverOptions, type SwitchoverReport } from './switchover/index.js';
import { SystemClock, type Clock } from './timing/index.js';
import {
  SentinelSource,
  StandaloneSource,
  TopologyTracker,
  type TopologySource,
} from './topology/index.js';
import { ClusterAdviser } from './redis.cluster-adviser.js';

/** The rooms that exist when there is a Redis to talk to. */
export interface ConnectedRooms {
  readonly tracker: TopologyTracker;
  readonly router: CommandRouter;
  readonly runner: CommandRunner;
  readonly leases: PrimaryLeases;
  readonly subscriptions: SubscriptionKeeper;
  readonly rawClients: RawClients;
}

/** Builds the rooms in the order in which data flows, starts them in that order, stops them in the other. */
export class RedisEngine {
  readonly options: ResolvedRedisOptions;
  readonly bus = new EventBus();
  readonly clock: Clock;
  readonly #rooms: ConnectedRooms | null;
  readonly #adviser: ClusterAdviser | null;
  readonly #closed = new AbortController();
  #switching: Promise<unknown> | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: ResolvedRedisOptions, clock: Clock = new SystemClock()) {
    this.options = options;
    this.clock = clock;
    this.#rooms = options.mode === 'memory' ? null : this.#build(options);
    this.#adviser =
      this.#rooms === null ? null : new ClusterAdviser(options, this.#rooms.tracker, this.bus);
  }

  /** Starts to connect and returns at once, whether or not Redis is there. */
  start(): void {
    this.#rooms?.tracker.start();
  }

  /** The rooms, or a clear refusal in memory mode. */
  get rooms(): ConnectedRooms {
    if (this.#rooms === null) throw this.refusal;
    return this.#rooms;
  }

  /** What everything answers in memory mode. */
  get refusal(): RedisDisabledError {
    return new RedisDisabledError(
      'There is no Redis in memory mode. Set REDIS_MODE to standalone or sentinel to have one.',
    );
  }

  /** The rooms, or `null` in memory mode. */
  get roomsIfAny(): ConnectedRooms | null {
    return this.#rooms;
  }

  /** Fires when the engine begins to close. */
  get closing(): AbortSignal {
    return this.#closed.signal;
  }

  /** Moves the primary on purpose. One at a time. */
  async switchover(options: SwitchoverOptions): Promise<SwitchoverReport> {
    const { tracker } = this.rooms;
    if (this.options.mode !== 'sentinel') {
      throw new SwitchoverFailedError('A switchover needs Sentinels; nothing was changed');
    }
    if (this.#switching !== null) {
      throw new SwitchoverFailedError('A switchover is under way already; nothing was changed');
    }
    const { clock, bus, closing } = this;
    const { masterName } = this.options.sentinel;
    const switching = switchover({ tracker, clock, bus, masterName, closing }, options);
    this.#switching = switching;
    try {
      return await switching;
    } finally {
      this.#switching = null;
    }
  }

  /** Lets commands under way finish within the configured time, then cuts everything. Harmless twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    const rooms = this.#rooms;
    if (rooms === null) return;
    this.#adviser?.close();
    // It undoes what it can, for which it needs its connections.
    await this.#switching?.catch(() => undefined);
    rooms.subscriptions.close();
    rooms.leases.close();
    await rooms.router.close(this.options.shutdownTimeoutMs);
    rooms.rawClients.close();
    rooms.tracker.close();
  }

  #build(options: Exclude<ResolvedRedisOptions, { mode: 'memory' }>): ConnectedRooms {
    const { bus, clock } = this;
    const source: TopologySource =
      options.mode === 'sentinel'
        ? new SentinelSource(options, clock, bus)
        : new StandaloneSource(options.address);
    const tracker = new TopologyTracker(options, source, clock, bus);
    const router = new CommandRouter(options, tracker, clock, bus);
    const leases = new PrimaryLeases(tracker, clock);
    const blocking = new BlockingCalls(leases, clock, bus, options.routing.writeTimeoutMs);
    return {
      tracker,
      router,
      leases,
      runner: new CommandRunner(router, blocking),
      subscriptions: new SubscriptionKeeper(tracker, options.node, clock, bus),
      rawClients: new RawClients(options, tracker, clock, bus),
    };
  }
}
