import type { ResolvedRedisOptions } from '../config/index.js';
import { RedisDisabledError, SwitchoverFailedError } from '../base/errors/index.js';
import { EventBus } from '../base/events/index.js';
import { Keyspaces, openKeptJournal, type KeptJournal } from '../keyspace/index.js';
import {
  BlockingCalls,
  CommandRouter,
  CommandRunner,
  PrimaryLoans,
  RawClients,
  SubscriptionKeeper,
} from '../commands/index.js';
import {
  switchover,
  type SwitchoverOptions,
  type SwitchoverReport,
} from '../cluster/switchover/index.js';
import { atDeadline, endsWithin, SystemClock, type Clock } from '../base/timing/index.js';
import {
  SentinelSource,
  StandaloneSource,
  TopologyTracker,
  type TopologySource,
} from '../cluster/topology/index.js';
import { ClusterAdviser } from './cluster-adviser.js';
import { EnginePort } from './engine-port.js';

/** What exists when there is a Redis, so in every mode but memory mode. */
export interface Connected {
  readonly tracker: TopologyTracker;
  readonly router: CommandRouter;
  readonly runner: CommandRunner;
  readonly loans: PrimaryLoans;
  readonly subscriptions: SubscriptionKeeper;
  readonly rawClients: RawClients;
}

/** One connection to Redis with all it consists of: builds, starts and closes it. */
export class RedisEngine {
  readonly options: ResolvedRedisOptions;
  readonly bus = new EventBus();
  readonly clock: Clock;
  /** The keyspaces of this connection. Exist in memory mode, too. */
  readonly keyspaces: Keyspaces;
  readonly #connected: Connected | null;
  readonly #adviser: ClusterAdviser | null;
  readonly #closed = new AbortController();
  readonly #beforeClose: (() => Promise<void> | void)[] = [];
  #switching: Promise<unknown> | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: ResolvedRedisOptions, clock: Clock = new SystemClock(), kept?: KeptJournal) {
    this.options = options;
    this.clock = clock;
    this.#connected = options.mode === 'memory' ? null : this.#build(options);
    const port =
      this.#connected === null ? null : new EnginePort(options, this.#connected, this.bus);
    this.keyspaces = new Keyspaces(options, port, { clock, bus: this.bus }, kept);
    this.#adviser =
      this.#connected === null
        ? null
        : new ClusterAdviser(options, this.#connected.tracker, this.bus);
  }

  /**
   * Builds the engine with the journal that an earlier process left on disk, if there is one.
   *
   * @throws JournalFileError (`JOURNAL_FILE_FAILED`) when the file of `journal.file` cannot be used.
   */
  static async open(
    options: ResolvedRedisOptions,
    clock: Clock = new SystemClock(),
  ): Promise<RedisEngine> {
    const listeners: ((reason: string) => void)[] = [];
    const kept = await openKeptJournal(options, clock, (reason) => {
      for (const tell of listeners) tell(reason);
    });
    const engine = new RedisEngine(options, clock, kept);
    listeners.push((reason) => {
      engine.bus.emit({ type: 'journal.file-failed', reason });
    });
    return engine;
  }

  /** Calls `run` before everything is closed, while Redis can still be used. */
  beforeClose(run: () => Promise<void> | void): void {
    this.#beforeClose.push(run);
  }

  /** Starts to connect and returns at once, whether or not Redis is there. */
  start(): void {
    this.#connected?.tracker.start();
    this.keyspaces.start();
  }

  /** What needs Redis. Throws {@link RedisEngine.refusal} in memory mode. */
  get connected(): Connected {
    if (this.#connected === null) throw this.refusal;
    return this.#connected;
  }

  /** The error for everything that needs Redis, in memory mode. */
  get refusal(): RedisDisabledError {
    return new RedisDisabledError(
      'There is no Redis in memory mode. Set REDIS_MODE to standalone or sentinel to have one.',
    );
  }

  /** What needs Redis, or `null` in memory mode. */
  get connectedOrNull(): Connected | null {
    return this.#connected;
  }

  /** Fires when the engine begins to close. */
  get closing(): AbortSignal {
    return this.#closed.signal;
  }

  /** Moves the primary on purpose. Only one switchover may run at a time. */
  async switchover(options: SwitchoverOptions): Promise<SwitchoverReport> {
    const { tracker } = this.connected;
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

  /**
   * Lets what is under way finish, all together within the configured time, then closes everything.
   * Calling it twice is harmless.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const until = this.clock.now() + this.options.shutdownTimeoutMs;
    const leftMs = (): number => Math.max(0, until - this.clock.now());
    this.#closed.abort();
    for (const run of this.#beforeClose) await this.#endWithin(leftMs(), run);
    await this.keyspaces.close(leftMs());
    const connected = this.#connected;
    if (connected === null) return;
    this.#adviser?.close();
    // A switchover that is under way undoes what it can, and needs the connections for that.
    await this.#switching?.catch(() => undefined);
    connected.subscriptions.close();
    connected.loans.close();
    await connected.router.close(leftMs());
    connected.rawClients.close();
    connected.tracker.close();
  }

  // If one fails or does not end, the connections must be closed all the same.
  async #endWithin(ms: number, run: () => Promise<void> | void): Promise<void> {
    const ended = Promise.resolve()
      .then(run)
      .catch((error: unknown) => {
        this.bus.emit({ type: 'listener.failed', event: 'close', error });
      });
    await endsWithin(ended, atDeadline(this.clock, ms));
  }

  #build(options: Exclude<ResolvedRedisOptions, { mode: 'memory' }>): Connected {
    const { bus, clock } = this;
    const source: TopologySource =
      options.mode === 'sentinel'
        ? new SentinelSource(options, clock, bus)
        : new StandaloneSource(options.address);
    const tracker = new TopologyTracker(options, source, clock, bus);
    const router = new CommandRouter(options, tracker, clock, bus);
    const loans = new PrimaryLoans(tracker, clock);
    const { writeTimeoutMs } = options.routing;
    const blocking = new BlockingCalls(loans, clock, bus, writeTimeoutMs);
    return {
      tracker,
      router,
      loans,
      runner: new CommandRunner(router, blocking, clock, writeTimeoutMs),
      subscriptions: new SubscriptionKeeper(tracker, options.node, clock, bus),
      rawClients: new RawClients(options, tracker, clock, bus),
    };
  }
}
