import type { ResolvedRedisOptions } from '../config/index.js';
import { RedisDisabledError } from '../base/errors/index.js';
import { EventBus } from '../base/events/index.js';
import { Keyspaces, openKeptJournal, type KeptJournal, type RedisPort } from '../keyspace/index.js';
import { type RawClients, RefusedClients } from '../commands/index.js';
import { HotKeys, PlainCommands } from '../hot-keys/index.js';
import {
  atDeadline,
  endsWithin,
  SystemClock,
  systemRandom,
  type Clock,
} from '../base/timing/index.js';
import { NearKeys, type NearSource } from '../near-keys/index.js';
import { EnginePort } from './engine-port.js';
import { EngineNearSource } from './near-source.js';
import { PrimaryGroup } from './primary-group.js';

/** What stands in the place of Redis in the unit tests of an application. */
export interface StandIn {
  readonly group: PrimaryGroup;
  /** The way of keyspaces to it. */
  readonly port: RedisPort;
  /** Where `redis.near` reads. */
  readonly near: NearSource;
}

const NO_REDIS =
  'There is no Redis in memory mode. Set REDIS_MODE to standalone or sentinel to have one.';

/** One connection to Redis with all it consists of: builds, starts and closes it. */
export class RedisEngine {
  readonly options: ResolvedRedisOptions;
  readonly bus = new EventBus();
  /** Timers and deadlines, and the calendar of this machine. */
  readonly clock: Clock;
  /** The same with the calendar of Redis, for what other processes see: entries, sessions, stamps. */
  readonly calendar: Clock;
  /** Finds the keys that are accessed most often. */
  readonly hotKeys: HotKeys;
  /** What plain commands pass through; `null` while nothing is wanted of their keys. */
  readonly plain: PlainCommands | null;
  /** Copies of plain keys in this process. */
  readonly near: NearKeys;
  /** The keyspaces of this connection. Exist in memory mode, too. */
  readonly keyspaces: Keyspaces;
  /** What needs Redis, or `null` in memory mode. */
  readonly connectedOrNull: PrimaryGroup | null;
  readonly #refusedClients = new RefusedClients(
    (ending) => new RedisDisabledError(`${NO_REDIS} ${ending}`),
  );
  readonly #closed = new AbortController();
  readonly #beforeClose: (() => Promise<void> | void)[] = [];
  #closing: Promise<void> | null = null;

  /** @param newStandIn - makes what stands in the place of Redis, if something does */
  constructor(
    options: ResolvedRedisOptions,
    clock: Clock = new SystemClock(),
    kept?: KeptJournal,
    newStandIn?: (bus: EventBus) => StandIn,
  ) {
    this.options = options;
    this.clock = clock;
    const { bus } = this;
    const standIn = newStandIn?.(bus) ?? null;
    this.connectedOrNull = standIn?.group ?? newGroup(options, clock, bus);
    this.calendar = this.connectedOrNull?.calendar ?? clock;
    const port = standIn?.port ?? newPort(options, this.connectedOrNull, bus);
    this.hotKeys = new HotKeys(options.hotKeys, { clock, bus, random: systemRandom });
    this.plain = newPlain(this.hotKeys, clock);
    this.near = new NearKeys(
      newNearSource(options, this.connectedOrNull, standIn),
      options.near,
      clock,
    );
    const { calendar, hotKeys } = this;
    this.keyspaces = new Keyspaces(options, port, { clock: calendar, bus, hotKeys }, kept);
  }

  /**
   * Builds the engine with the journal that an earlier process left on disk, if there is one.
   *
   * @throws JournalFileError (`JOURNAL_FILE_FAILED`) when the folder of `journal.dir` cannot be used.
   */
  static async open(options: ResolvedRedisOptions): Promise<RedisEngine> {
    const clock = new SystemClock();
    let engine: RedisEngine | null = null;
    const kept = await openKeptJournal(options, clock, {
      onFailure: (reason) => {
        engine?.bus.emit({ type: 'journal.file-failed', reason });
      },
      onRecovery: (failedMs) => {
        engine?.bus.emit({ type: 'journal.file-recovered', failedMs });
      },
      onSkipped: (file, reason) => {
        engine?.bus.emit({ type: 'journal.file-skipped', file, reason });
      },
    });
    engine = new RedisEngine(options, clock, kept);
    return engine;
  }

  /** Calls `run` before everything is closed, while Redis can still be used. */
  beforeClose(run: () => Promise<void> | void): void {
    this.#beforeClose.push(run);
  }

  /** Starts to connect and returns at once, whether or not Redis is there. */
  start(): void {
    this.connectedOrNull?.start();
    this.near.start();
    this.keyspaces.start();
  }

  /** What needs Redis. Throws {@link RedisEngine.refusal} in memory mode. */
  get connected(): PrimaryGroup {
    if (this.connectedOrNull === null) throw this.refusal;
    return this.connectedOrNull;
  }

  /** Clients for other libraries. In memory mode every command of theirs is refused. */
  get rawClients(): Pick<RawClients, 'create' | 'options'> {
    return this.connectedOrNull?.rawClients ?? this.#refusedClients;
  }

  /** The error for everything that needs Redis, in memory mode. */
  get refusal(): RedisDisabledError {
    return new RedisDisabledError(NO_REDIS);
  }

  /** Fires when the engine begins to close. */
  get closing(): AbortSignal {
    return this.#closed.signal;
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
    this.connectedOrNull?.beginClose();
    this.hotKeys.close();
    this.near.close();
    for (const run of this.#beforeClose) await this.#endWithin(leftMs(), run);
    await this.keyspaces.close(leftMs());
    await this.connectedOrNull?.close(leftMs);
    this.#refusedClients.close();
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
}

function newPlain(hotKeys: HotKeys, clock: Clock): PlainCommands | null {
  const accesses = hotKeys.open(null, { maySpare: true });
  return accesses === null ? null : new PlainCommands(accesses, clock);
}

function newNearSource(
  options: ResolvedRedisOptions,
  group: PrimaryGroup | null,
  standIn: StandIn | null,
): NearSource | null {
  if (standIn !== null) return standIn.near;
  return group === null ? null : new EngineNearSource(options, group);
}

function newGroup(options: ResolvedRedisOptions, clock: Clock, bus: EventBus): PrimaryGroup | null {
  return options.mode === 'memory' ? null : new PrimaryGroup(options, clock, bus);
}

function newPort(
  options: ResolvedRedisOptions,
  group: PrimaryGroup | null,
  bus: EventBus,
): RedisPort | null {
  return group === null ? null : new EnginePort(options, group, bus);
}
