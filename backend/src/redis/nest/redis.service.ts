import type { DriverClient, DriverOptions, TrackedOptions } from '../cluster/connection/index.js';
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
import { CommandRecorder, type CommandStats, type RecentLatencies } from '../base/stats/index.js';
import {
  readStatus,
  RedisCommandSet,
  type RedisEngine,
  type RedisStatus,
} from '../engine/index.js';
import {
  scan,
  SCAN_OPTIONS,
  withExclusive,
  type MessageListener,
  type ExclusiveConnection,
  type ScanOptions,
  type SubscribeOptions,
  SUBSCRIBE_OPTIONS,
  type Subscription,
} from '../commands/index.js';
import type { CredentialsReport } from '../config/index.js';
import type { SwitchoverOptions, SwitchoverReport } from '../cluster/switchover/index.js';
import type { Stop } from '../base/timing/index.js';
import { refuseMethodsOfClients } from './methods-of-clients.js';

const TIMEOUT_OPTION = new OptionSet({ timeoutMs: option(deadline, null) }, { path: '' });

/**
 * Redis for the application: every command with the types of ioredis, through failovers. Reads go to
 * replicas, writes to the primary. A command waits up to its deadline while there is no node for it. If
 * it cannot be known whether a write was executed, it fails with `COMMAND_UNCERTAIN` (`docs/errors.md`).
 */
export class RedisService extends RedisCommandSet {
  readonly #engine: RedisEngine;
  readonly #noCommands: CommandRecorder;

  /** Made by {@link RedisModule}; applications inject it. */
  constructor(engine: RedisEngine) {
    super(engine, null);
    this.#engine = engine;
    this.#noCommands = new CommandRecorder(engine.clock);
  }

  /** Name of this connection; `default` unless several are registered. */
  get name(): string {
    return this.#engine.options.name;
  }

  /** The status of the connection as it is now. Read from memory, so it costs little and never waits. */
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

  /** The last failovers that this process has seen, up to a hundred, oldest first. `status` has the counts. */
  get failovers(): readonly FailoverRecord[] {
    return this.#engine.connectedOrNull?.tracker.history.records ?? [];
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
  subscribe(
    channels: string | readonly string[],
    listener: MessageListener,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    return this.#listen('subscribe', channels, listener, options);
  }

  /** Subscribes to patterns such as `news.*`, through failovers. */
  psubscribe(
    patterns: string | readonly string[],
    listener: MessageListener,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    return this.#listen('psubscribe', patterns, listener, options);
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

  /** Scans all keys, step by step. Yields every key at least once; after a failover some twice. */
  async *scanIterator(options: ScanOptions = {}): AsyncGenerator<string[], void, undefined> {
    SCAN_OPTIONS.check(options);
    const { runner, tracker } = this.#engine.connected;
    yield* scan({ command: 'scan' }, options, runner, tracker);
  }

  /** Scans the members of a hash, set or sorted set. For hashes and sorted sets it yields name, value, name, value. */
  async *scanMembers(
    command: 'hscan' | 'sscan' | 'zscan',
    key: string,
    options: Omit<ScanOptions, 'type'> = {},
  ): AsyncGenerator<string[], void, undefined> {
    SCAN_OPTIONS.check(options);
    const { runner, tracker } = this.#engine.connected;
    yield* scan({ command, key }, options, runner, tracker);
  }

  /** Creates a plain ioredis client that follows the primary, for a library that needs one. Closed at shutdown. */
  createClient(options?: DriverOptions): DriverClient {
    return this.#engine.connected.rawClients.create(options);
  }

  /** Returns options for ioredis clients that follow the primary, for a library that creates its own. */
  connectionOptions(): TrackedOptions {
    return this.#engine.connected.rawClients.options();
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

  async #listen(
    kind: 'subscribe' | 'psubscribe',
    channels: string | readonly string[],
    listener: MessageListener,
    options: SubscribeOptions,
  ): Promise<Subscription> {
    SUBSCRIBE_OPTIONS.check(options);
    checkFunction(
      'listener',
      listener,
      "redis.subscribe(['news', 'prices'], (message, channel) => …)",
      'must be a function, and several channels are given as a list',
    );
    const list = typeof channels === 'string' ? [channels] : channels;
    if (!isListOfNames(list)) {
      throw new InvalidArgumentError({
        field: 'channels',
        value: Array.isArray(channels) ? channels.map(showSafely) : showSafely(channels),
        message: 'must be a name or a list of names, at least one, and none may be empty',
        remedy: "For example: redis.subscribe('news', (message) => …)",
      });
    }
    const { subscriptions } = this.#engine.connected;
    const timeoutMs = options.timeoutMs ?? this.#engine.options.routing.writeTimeoutMs;
    return subscriptions.subscribe(kind, list, listener, { ...options, timeoutMs });
  }
}

refuseMethodsOfClients(RedisService.prototype);

function checkEventType(type: unknown): void {
  if (typeof type === 'string' && EVENT_TYPES.includes(type)) return;
  const nearest = typeof type === 'string' ? nearestName(type, EVENT_TYPES) : undefined;
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

function isListOfNames(list: unknown): list is readonly string[] {
  return (
    Array.isArray(list) &&
    list.length > 0 &&
    list.every((name) => typeof name === 'string' && name !== '')
  );
}
