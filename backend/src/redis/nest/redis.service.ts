import type { OnApplicationShutdown } from '@nestjs/common';
import type { DriverClient, DriverOptions, TrackedOptions } from '../cluster/connection/index.js';
import type {
  FailoverRecord,
  RedisHaEvent,
  RedisHaEventOf,
  RedisHaEventType,
} from '../base/events/index.js';
import { InvalidArgumentError } from '../base/errors/index.js';
import { deadline, option, OptionSet, showSafely } from '../base/options/index.js';
import { CommandRecorder, type CommandStats } from '../base/stats/index.js';
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
import type { SwitchoverOptions, SwitchoverReport } from '../cluster/switchover/index.js';
import type { Stop } from '../base/timing/index.js';

const EXCLUSIVE_OPTIONS = new OptionSet({ timeoutMs: option(deadline, null) }, { path: '' });

/**
 * Redis for the application: every command with the types of ioredis, and none of a failover.
 * Reads go to replicas, writes to the primary; both wait while it is being replaced, up to their
 * deadline. What cannot be known is said: see `COMMAND_UNCERTAIN` in `docs/errors.md`.
 */
export class RedisService extends RedisCommandSet implements OnApplicationShutdown {
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

  /** Everything there is to know about the connection right now. Costs nothing and waits for nothing. */
  get status(): RedisStatus {
    return readStatus(this.#engine);
  }

  /** What was measured of commands since the process began: outcomes, durations, repetitions. */
  get stats(): CommandStats {
    return (this.#engine.connectedOrNull?.router.recorder ?? this.#noCommands).stats;
  }

  /** The failovers that this process has seen, oldest first, up to a hundred. Counts are in `status`. */
  get failovers(): readonly FailoverRecord[] {
    return this.#engine.connectedOrNull?.tracker.history.records ?? [];
  }

  /**
   * Resolves when writes can be sent, or rejects with `NO_PRIMARY` after `timeoutMs`. The application
   * need not wait for it: commands do that by themselves.
   */
  async whenReady(timeoutMs = this.#engine.options.routing.writeTimeoutMs): Promise<void> {
    await this.#engine.connected.loans.whenWritable(timeoutMs);
  }

  /** Hears facts of one kind, such as `failover.completed`. Answers a function that ends it. */
  on<T extends RedisHaEventType>(type: T, listener: (event: RedisHaEventOf<T>) => void): Stop {
    return this.#engine.bus.on(type, listener);
  }

  /** Hears every fact. */
  onAny(listener: (event: RedisHaEvent) => void): Stop {
    return this.#engine.bus.onAny(listener);
  }

  /** Listens to channels, through failovers. Redis keeps no messages for those who are away: see `onGap`. */
  subscribe(
    channels: string | readonly string[],
    listener: MessageListener,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    return this.#listen('subscribe', channels, listener, options);
  }

  /** Listens to patterns such as `news.*`, through failovers. */
  psubscribe(
    patterns: string | readonly string[],
    listener: MessageListener,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    return this.#listen('psubscribe', patterns, listener, options);
  }

  /** Lends a connection to the primary for `WATCH`, `WAIT` and the like, and takes it back afterwards. */
  async exclusive<T>(
    work: (connection: ExclusiveConnection) => Promise<T>,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<T> {
    EXCLUSIVE_OPTIONS.check(options);
    const { routing } = this.#engine.options;
    const timeoutMs = options.timeoutMs ?? routing.writeTimeoutMs;
    return withExclusive(work, this.#engine.connected.loans, this.#engine.clock, timeoutMs);
  }

  /** Goes through all keys, in portions. Sees everything at least once, after a failover some twice. */
  async *scanIterator(options: ScanOptions = {}): AsyncGenerator<string[], void, undefined> {
    SCAN_OPTIONS.check(options);
    const { runner, tracker } = this.#engine.connected;
    yield* scan({ command: 'scan' }, options, runner, tracker);
  }

  /** The same over one hash, set or sorted set. Hashes and sorted sets yield pairs in flat order. */
  async *scanMembers(
    command: 'hscan' | 'sscan' | 'zscan',
    key: string,
    options: Omit<ScanOptions, 'type'> = {},
  ): AsyncGenerator<string[], void, undefined> {
    SCAN_OPTIONS.check(options);
    const { runner, tracker } = this.#engine.connected;
    yield* scan({ command, key }, options, runner, tracker);
  }

  /** A plain ioredis client that follows the primary, for a library that wants one. Closed at shutdown. */
  createClient(options?: DriverOptions): DriverClient {
    return this.#engine.connected.rawClients.create(options);
  }

  /** The same as options, for a library that makes its clients itself. */
  connectionOptions(): TrackedOptions {
    return this.#engine.connected.rawClients.options();
  }

  /** Moves the primary to a replica without losing an acknowledged write. */
  switchover(options: SwitchoverOptions = {}): Promise<SwitchoverReport> {
    return this.#engine.switchover(options);
  }

  /** Called by Nest. Lets commands finish within `shutdownTimeoutMs`, then closes everything. */
  onApplicationShutdown(): Promise<void> {
    return this.#engine.close();
  }

  async #listen(
    kind: 'subscribe' | 'psubscribe',
    channels: string | readonly string[],
    listener: MessageListener,
    options: SubscribeOptions,
  ): Promise<Subscription> {
    SUBSCRIBE_OPTIONS.check(options);
    if (typeof listener !== 'function') {
      throw new InvalidArgumentError({
        field: 'listener',
        value: showSafely(listener),
        message: 'must be a function, and several channels are given as a list',
        remedy: "For example: redis.subscribe(['news', 'prices'], (message, channel) => …)",
      });
    }
    const list = typeof channels === 'string' ? [channels] : [...channels];
    if (list.length === 0 || list.includes('')) {
      throw new InvalidArgumentError({
        field: 'channels',
        value: list,
        message: 'there must be at least one channel, and none may be empty',
        remedy: "For example: redis.subscribe('news', (message) => …)",
      });
    }
    const { subscriptions } = this.#engine.connected;
    const timeoutMs = options.timeoutMs ?? this.#engine.options.routing.writeTimeoutMs;
    return subscriptions.subscribe(kind, list, listener, { ...options, timeoutMs });
  }
}
