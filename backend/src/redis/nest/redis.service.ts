import type {
  DriverClient,
  SubscriptionKind,
  TrackedOptions,
} from '../cluster/connection/index.js';
import { EVENT_TYPES } from '../base/events/index.js';
import type {
  FailoverRecord,
  RedisHaEvent,
  RedisHaEventOf,
  RedisHaEventType,
} from '../base/events/index.js';
import { InvalidArgumentError } from '../base/errors/index.js';
import {
  checkFunction,
  deadline,
  nearestName,
  option,
  OptionSet,
  showSafely,
} from '../base/options/index.js';
import {
  CommandRecorder,
  type CommandStats,
  type KeyspaceHits,
  type RecentLatencies,
} from '../base/stats/index.js';
import {
  canRead,
  canWrite,
  readStatus,
  RedisScans,
  type RedisEngine,
  type RedisStatus,
} from '../engine/index.js';
import {
  asText,
  type BufferListener,
  channelList,
  checkListener,
  type ConnectionTarget,
  type RawClientOptions,
  withExclusive,
  type MessageListener,
  type ExclusiveConnection,
  type SubscribeOptions,
  SUBSCRIBE_OPTIONS,
  type Subscription,
} from '../commands/index.js';
import type { CredentialsReport, RedisMode } from '../config/index.js';
import {
  askServerForHotKeys,
  type CounterOptions,
  type GatheredCounter,
  GatheredCounters,
  type HotKeysReport,
  type ServerHotKeys,
  type ServerHotKeysOptions,
  shownKey,
} from '../hot-keys/index.js';
import type { NearKeys } from '../near-keys/index.js';
import type { SwitchoverOptions, SwitchoverReport } from '../cluster/switchover/index.js';
import type { Stop } from '../base/timing/index.js';
import { refuseAsClient } from './refuse-as-client.js';

const TIMEOUT_OPTION = new OptionSet({ timeoutMs: option(deadline, null) }, { path: '' });

/**
 * Redis for the application: every command with the types of ioredis, through failovers. Reads go to
 * replicas, writes to the primary. A command waits up to its deadline while there is no node for it. If
 * it cannot be known whether a write was executed, it fails with `COMMAND_UNCERTAIN` (`docs/errors.md`).
 */
export class RedisService extends RedisScans {
  readonly #engine: RedisEngine;
  readonly #noCommands: CommandRecorder;
  #counters: GatheredCounters | null = null;

  /** Made by {@link RedisModule}; applications inject it. */
  constructor(engine: RedisEngine) {
    super(engine);
    this.#engine = engine;
    this.#noCommands = new CommandRecorder(engine.clock);
  }

  /** Name of this connection; `default` unless several are registered. */
  get name(): string {
    return this.#engine.options.name;
  }

  /** How it reaches Redis: by Sentinels, as one node, or not at all. */
  get mode(): RedisMode {
    return this.#engine.options.mode;
  }

  /** Whether Redis answers reads now; never in memory mode. It costs nothing, so each request may look. */
  get canRead(): boolean {
    return canRead(this.#engine);
  }

  /** Whether Redis takes writes now; never in memory mode. It costs nothing, so each request may look. */
  get canWrite(): boolean {
    return canWrite(this.#engine);
  }

  /**
   * Everything about the connection as it is now. Read from memory, so it never waits; it looks at each node, keyspace and
   * Sentinel, so each request should rather ask for {@link canRead}, {@link canWrite} or {@link mode}.
   */
  get status(): RedisStatus {
    return readStatus(this.#engine);
  }

  /** The stats of commands since the process started: outcomes, durations, repetitions. */
  get stats(): CommandStats {
    return (this.#engine.connectedOrNull?.router.recorder ?? this.#noCommands).stats;
  }

  /** How long the commands of the last minute took: percentiles, computed when they are asked for. */
  get recentLatency(): RecentLatencies {
    return (this.#engine.connectedOrNull?.router.recorder ?? this.#noCommands).recentLatency;
  }

  /** The reads of each cache and of sessions, by whether they were answered: since the start, and of the last minutes. */
  get hitRates(): readonly KeyspaceHits[] {
    return this.#engine.keyspaces.hits;
  }

  /**
   * Plain keys from copies in this process, whoever writes them: `redis.near.get(key)`. Redis tells of each change. For
   * keys that begin as `near.prefixes` says.
   */
  get near(): NearKeys {
    return this.#engine.near;
  }

  /** The last failovers that this process has seen, up to a hundred, oldest first. `status` has the counts. */
  get failovers(): readonly FailoverRecord[] {
    return this.#engine.connectedOrNull?.tracker.history.records ?? [];
  }

  /**
   * The keys that this process accesses most often, and which of them are hot. The keys are whole here, whatever
   * `hotKeys.showKeys` says: show others `shown`.
   */
  hotKeys(): HotKeysReport {
    return this.#engine.hotKeys.report;
  }

  /**
   * Has the primary itself find the keys that cost it most, whoever accesses them, and waits for the result.
   * Returns `null` where the server cannot: it needs `HOTKEYS`, which Redis has since 8.6.
   */
  async hotKeysOfServer(options: ServerHotKeysOptions = {}): Promise<ServerHotKeys | null> {
    const { connected, clock, closing } = this.#engine;
    const run = (name: string, ...words: string[]): Promise<unknown> =>
      connected.runner.run(name, words, 'utf8', null);
    return askServerForHotKeys(run, options, (ms) => clock.sleep(ms, closing));
  }

  /**
   * Returns a number in Redis to which this process adds now and then: for a key that would be written too often. What
   * callers add within `flushMs` is one `INCRBY`. Where the process is killed, what it has not sent is lost.
   */
  counter(key: string, options: CounterOptions = {}): GatheredCounter {
    if (this.#engine.connectedOrNull === null) throw this.#engine.refusal;
    this.#counters ??= this.#newCounters();
    return this.#counters.open(key, options);
  }

  /**
   * Resolves when writes can be sent, or rejects with `NO_PRIMARY` after `timeoutMs`. The application
   * need not call it: commands wait by themselves.
   */
  async whenReady(timeoutMs = this.#engine.options.routing.writeTimeoutMs): Promise<void> {
    TIMEOUT_OPTION.check({ timeoutMs });
    await this.#engine.connected.loans.whenWritable(timeoutMs);
  }

  /** Calls the listener for each event of one type, such as `failover.completed`. Returns a function that removes it. */
  on<T extends RedisHaEventType>(type: T, listener: (event: RedisHaEventOf<T>) => void): Stop {
    checkEventType(type);
    checkFunction('listener', listener, "redis.on('primary.ready', (event) => …)");
    return this.#engine.bus.on(type, listener);
  }

  /** Calls the listener for each event of any type. Returns a function that removes it. */
  onAny(listener: (event: RedisHaEvent) => void): Stop {
    checkFunction('listener', listener, 'redis.onAny((event) => …)');
    return this.#engine.bus.onAny(listener);
  }

  /** Subscribes to channels, through failovers. Messages can be missed while the connection is lost: see `onGap`. */
  async subscribe(
    channels: string | readonly string[],
    listener: MessageListener,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    return this.#listen('subscribe', channels, asText(listener), options);
  }

  /** Like {@link RedisService.subscribe}, with messages and channels as Buffers. */
  async subscribeBuffer(
    channels: string | readonly string[],
    listener: BufferListener,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    return this.#listen('subscribe', channels, listener, options);
  }

  /** Subscribes to patterns such as `news.*`, through failovers. */
  async psubscribe(
    patterns: string | readonly string[],
    listener: MessageListener,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    return this.#listen('psubscribe', patterns, asText(listener), options);
  }

  /** Like {@link RedisService.psubscribe}, with messages and channels as Buffers. */
  async psubscribeBuffer(
    patterns: string | readonly string[],
    listener: BufferListener,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    return this.#listen('psubscribe', patterns, listener, options);
  }

  /** Subscribes to sharded channels, which `SPUBLISH` publishes to, through failovers. Needs Redis 7. */
  async ssubscribe(
    channels: string | readonly string[],
    listener: MessageListener,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    return this.#listen('ssubscribe', channels, asText(listener), options);
  }

  /** Like {@link RedisService.ssubscribe}, with messages and channels as Buffers. */
  async ssubscribeBuffer(
    channels: string | readonly string[],
    listener: BufferListener,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    return this.#listen('ssubscribe', channels, listener, options);
  }

  /** Lends an exclusive connection to the primary for `WATCH` and `WAIT`, and takes it back after `work`. */
  async exclusive<T>(
    work: (connection: ExclusiveConnection) => Promise<T>,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<T> {
    checkFunction('work', work, 'redis.exclusive(async (connection) => …)');
    TIMEOUT_OPTION.check(options);
    const { routing } = this.#engine.options;
    const timeoutMs = options.timeoutMs ?? routing.writeTimeoutMs;
    return withExclusive(work, this.#engine.connected.loans, this.#engine.clock, timeoutMs);
  }

  /**
   * Creates a plain ioredis client that follows the primary, for a library that needs one; with another
   * `readPolicy` it follows the nodes that may answer reads, and only reads. Closed at shutdown.
   */
  createClient(options?: RawClientOptions): DriverClient {
    return this.#engine.rawClients.create(options);
  }

  /** Returns options for ioredis clients that a library creates by itself. They go where {@link RedisService.createClient} goes. */
  connectionOptions(target?: ConnectionTarget): TrackedOptions {
    return this.#engine.rawClients.options(target);
  }

  /**
   * Asks `node.credentials` (and `sentinel.credentials`, and password files) for what holds now, and has the
   * living connections log in with it. Nothing is cut. New connections ask by themselves: call this when the
   * old credentials end for connections too, as tokens of cloud services do.
   */
  async renewCredentials(): Promise<CredentialsReport> {
    return this.#engine.connected.renewCredentials();
  }

  /** Moves the primary to a replica without losing an acknowledged write. */
  async switchover(options: SwitchoverOptions = {}): Promise<SwitchoverReport> {
    return this.#engine.connected.switchover(options);
  }

  #newCounters(): GatheredCounters {
    const { bus, clock, options } = this.#engine;
    const counters = new GatheredCounters({
      ...{ bus, clock },
      addInRedis: (key, by) => this.incrby(key, by),
      show: (key) => shownKey(key, options.hotKeys.showKeys),
    });
    this.#engine.beforeClose(() => counters.close());
    return counters;
  }

  async #listen(
    kind: SubscriptionKind,
    channels: string | readonly string[],
    listener: BufferListener,
    options: SubscribeOptions,
  ): Promise<Subscription> {
    SUBSCRIBE_OPTIONS.check(options);
    checkListener(listener);
    const list = channelList(channels);
    const { subscriptions, runner } = this.#engine.connected;
    const timeoutMs = options.timeoutMs ?? this.#engine.options.routing.writeTimeoutMs;
    const subscribe = (): Promise<Subscription> =>
      subscriptions.subscribe(kind, list, listener, { ...options, timeoutMs });
    const { operations } = runner;
    if (!operations.areWatched) return subscribe();
    return operations.ofCommand({ name: kind, args: list }, null, subscribe);
  }
}

refuseAsClient(RedisService.prototype);

/** What clients of ioredis and Sentinels call it, and users write first. */
const EVENTS_OF_IOREDIS: Readonly<Record<string, RedisHaEventType>> = {
  connect: 'connection.opened',
  ready: 'primary.ready',
  error: 'connection.lost',
  close: 'connection.lost',
  end: 'connection.lost',
  reconnecting: 'connection.lost',
  failover: 'failover.completed',
  '+switch-master': 'primary.switched',
};

function eventMeantBy(type: string): string | undefined {
  return Object.hasOwn(EVENTS_OF_IOREDIS, type)
    ? EVENTS_OF_IOREDIS[type]
    : nearestName(type, EVENT_TYPES);
}

function checkEventType(type: unknown): void {
  if (typeof type === 'string' && EVENT_TYPES.includes(type)) return;
  const nearest = typeof type === 'string' ? eventMeantBy(type) : undefined;
  const remedy =
    nearest === undefined
      ? `There are ${EVENT_TYPES.join(', ')}. For messages of channels there is redis.subscribe()`
      : `Did you mean ${nearest}?`;
  throw new InvalidArgumentError({
    field: 'type',
    value: showSafely(type),
    message: 'there is no event of this type',
    remedy,
  });
}
