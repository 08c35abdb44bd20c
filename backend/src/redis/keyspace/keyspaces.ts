import { randomBytes } from 'node:crypto';
import type { ResolvedRedisOptions } from '../config/index.js';
import { HitCounter, type KeyspaceHits } from '../base/stats/index.js';
import { ClosedError, ConfigInvalidError } from '../base/errors/index.js';
import type { EventBus, ReplayReport } from '../base/events/index.js';
import type { Clock, Stop } from '../base/timing/index.js';
import type { HotKeys, KeyAccesses } from '../hot-keys/index.js';
import { Degradation } from './breaker/degradation.js';
import { ChangeNotices } from './change-notices.js';
import type { KeyspaceDeps } from './keyspace-deps.js';
import type { FallbackStatus } from './fallback-status.js';
import { NO_LOG, stampOfRecord, type JournalRecord } from './journal/disk/journal-log.js';
import { replaceCopy } from './journal/adopted-copies.js';
import { type KeptJournal, NOTHING_KEPT } from './journal/kept-journal.js';
import { LossReports } from './journal/loss-reports.js';
import { OwnWrites } from './journal/own-writes.js';
import { Replay } from './journal/replay.js';
import { ReplayLoop } from './journal/replay-loop.js';
import { MemoryStore } from './store/memory-store.js';
import type { RedisPort } from './store/redis-port.js';
import { RedisStore } from './store/redis-store.js';
import { HybridClock } from './store/stamp.js';
import { KEYSPACE, type KeyspaceOptions } from './keyspace-options.js';
import type { Keyspace } from './keyspace.js';
import { KeyspaceKeys } from './keyspace-keys.js';
import { NearCopies } from './near-copies.js';
import { OwnKnowledge } from './own-knowledge.js';
import { BODIES } from './reading.js';
import { RefusedNotices } from './breaker/refused-notices.js';
import { TieredKeyspace } from './tiered-keyspace.js';

const ORIGIN_BYTES = 8;
const REPLAY_BATCH = 200;
/** A slow replay is slow from its first moment on. */
const MIN_PORTIONS_PER_SECOND = 5;

/** What keyspaces are given. */
interface KeyspacesDeps {
  readonly clock: Clock;
  readonly bus: EventBus;
  /** Who stamps: 16 hexadecimal digits that no other process has. @defaultValue random ones */
  readonly origin?: string;
  /** @defaultValue none: nobody looks for hot keys */
  readonly hotKeys?: HotKeys;
}

/** An open keyspace and its options. */
interface OpenKeyspace {
  readonly keyspace: Keyspace;
  readonly settings: KeyspaceOptions;
  readonly near: NearCopies | null;
  readonly notices: ChangeNotices | null;
}

/** Opens keyspaces over one Redis, and keeps them working while Redis is away. */
export class Keyspaces {
  readonly #options: ResolvedRedisOptions;
  readonly #port: RedisPort | null;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #hotKeys: HotKeys | null;
  readonly #kept: KeptJournal;
  readonly #losses: LossReports;
  readonly #refusedNotices: RefusedNotices;
  readonly #refusedListening: RefusedNotices;
  readonly #deps: KeyspaceDeps;
  readonly #degradation: Degradation;
  readonly #replays: ReplayLoop | null;
  readonly #stopHearing: Stop | undefined;
  readonly #open = new Map<string, OpenKeyspace>();
  readonly #hits = new Map<string, HitCounter>();
  #isClosed = false;

  /** @param port - `null` in memory mode */
  constructor(
    options: ResolvedRedisOptions,
    port: RedisPort | null,
    { clock, bus, origin = newOrigin(), hotKeys }: KeyspacesDeps,
    kept: KeptJournal = NOTHING_KEPT,
  ) {
    this.#options = options;
    this.#port = port;
    this.#clock = clock;
    this.#bus = bus;
    this.#hotKeys = hotKeys ?? null;
    this.#kept = kept;
    this.#losses = new LossReports(clock, bus);
    const { keyPrefix, db } = options.node;
    const channels = KeyspaceKeys.channelRule(keyPrefix, db);
    const refused = (type: 'notices.refused' | 'listening.refused', right: string) =>
      new RefusedNotices(clock, bus, { type, rights: `${right} ${channels}` });
    this.#refusedNotices = refused('notices.refused', '+publish');
    this.#refusedListening = refused('listening.refused', '+subscribe');
    this.#degradation = new Degradation(
      options.fallback,
      port,
      { clock, bus },
      {
        hasBacklog: () => this.#deps.own.entries > 0,
        onWritesBack: () => this.#replays?.hurry(),
      },
    );
    this.#deps = this.#newDeps(kept, origin);
    this.#replays = this.#newReplays();
    this.#stopHearing = port?.onDataAtRisk((soundUntil) => {
      this.#reapply(soundUntil);
    });
  }

  /** Replays what an earlier process could not write to Redis. Called once, when Redis may be used. */
  start(): void {
    const { records, damagedBytes } = this.#kept;
    if (records.length > 0 || damagedBytes > 0) {
      this.#bus.emit({ type: 'journal.recovered', count: records.length, damagedBytes });
    }
    // Until the log is closed.
    this.#kept.onAdopted?.((adopted, unreadable) => {
      this.#adopt(adopted, unreadable);
      return Promise.resolve();
    });
    this.#replays?.wake();
  }

  /**
   * Opens a keyspace. Opening it again with the same options returns the same one.
   *
   * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) for a name that cannot be used, or that
   * stands for other settings already.
   */
  open(name: string, settings: KeyspaceOptions): Keyspace {
    if (this.#isClosed) throw new ClosedError('Redis is shutting down');
    KEYSPACE.resolve(settings);
    const known = this.#open.get(name);
    if (known === undefined) return this.#openKeyspace(name, settings);
    const differs = (Object.keys(settings) as (keyof KeyspaceOptions)[]).find(
      (key) => known.settings[key] !== settings[key],
    );
    if (differs === undefined) return known.keyspace;
    const message = `the keyspace is open already, with ${String(known.settings[differs])}`;
    const remedy = 'Give both the same settings, or the second another name';
    const value = settings[differs];
    throw new ConfigInvalidError([{ field: `${name}.${differs}`, value, message, remedy }]);
  }

  /** The status, from memory: Redis is not asked. */
  get status(): FallbackStatus {
    const { memory, own, reads, writes } = this.#deps;
    const { journal: bounds } = this.#options;
    const { mode } = this.#degradation;
    return {
      mode: this.#port === null ? 'degraded' : mode.current,
      since: mode.since,
      history: mode.history,
      breakers: { reads: reads.breaker.state.kind, writes: writes.breaker.state.kind },
      guards: { reads: reads.stats, writes: writes.stats },
      memory: memory.usage,
      journal: {
        ...own.stats,
        maxEntries: bounds.maxEntries,
        maxBytes: bounds.maxBytes,
        file: this.#kept.fileStatus?.() ?? null,
      },
      notices: this.#refusedNotices.status,
      listening: this.#refusedListening.status,
    };
  }

  /** The reads of all keyspaces whose reads are counted: caches and sessions, in the order in which they were opened. */
  get hits(): KeyspaceHits[] {
    return [...this.#hits].map(([name, { totals, rates }]) => ({ name, ...totals, rates }));
  }

  /**
   * Stops everything that runs by itself, and finishes writing the journal file.
   *
   * @param graceMs - how long a replay that is under way may take to end
   */
  async close(graceMs = this.#options.shutdownTimeoutMs): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#deps.redis?.sendAsked();
    this.#stopHearing?.();
    this.#degradation.close();
    this.#closeSenses();
    await this.#replays?.close(graceMs);
    const { entries } = this.#deps.own;
    if (entries > 0 && this.#kept.log === NO_LOG) this.#losses.add(entries, 'closed');
    this.#losses.close();
    this.#refusedNotices.close();
    this.#refusedListening.close();
    await this.#deps.own.close();
  }

  #closeSenses(): void {
    for (const { near, notices } of this.#open.values()) {
      near?.close();
      notices?.close();
    }
  }

  #openKeyspace(name: string, settings: KeyspaceOptions): Keyspace {
    const { keyPrefix, db } = this.#options.node;
    const keys = new KeyspaceKeys(name, keyPrefix, db);
    this.#deps.memory.open(name, settings);
    const onRefused = (): void => {
      this.#refusedListening.add();
    };
    const accesses = this.#accessesOf(name, settings);
    const near = this.#nearCopies(keys, settings, accesses, onRefused);
    const notices =
      this.#port === null
        ? null
        : new ChangeNotices(this.#port, keys.channel, this.#clock, onRefused);
    const knowledge = new OwnKnowledge(this.#deps.own, this.#deps.memory, near);
    const senses = { near, notices, knowledge, accesses };
    const hits = (): HitCounter => this.#hitsOf(name);
    const keyspace = new TieredKeyspace(
      { keys, options: settings, hits },
      this.#deps,
      senses,
      BODIES,
    );
    this.#open.set(name, { keyspace, settings, near, notices });
    return keyspace;
  }

  #accessesOf(name: string, { hotKeys, policy }: KeyspaceOptions): KeyAccesses | null {
    // What is not of the policy `cache` is never answered from memory because it is asked for often.
    const maySpare = policy === 'cache' && this.#port !== null;
    return this.#hotKeys?.open(name, { level: hotKeys ?? null, maySpare }) ?? null;
  }

  #nearCopies(
    keys: KeyspaceKeys,
    { nearMs }: KeyspaceOptions,
    accesses: KeyAccesses | null,
    onRefused: () => void,
  ): NearCopies | null {
    const spares = accesses?.spares === true;
    if (this.#port === null || (nearMs === 0 && !spares)) return null;
    const near = new NearCopies(this.#port, keys, this.#deps, onRefused);
    if (nearMs > 0) near.wake();
    else if (accesses !== null) {
      accesses.onHeat = (isHot) => {
        if (isHot) near.wake();
        else near.rest();
      };
    }
    return near;
  }

  #hitsOf(name: string): HitCounter {
    const known = this.#hits.get(name);
    if (known !== undefined) return known;
    const counter = new HitCounter(this.#clock);
    this.#hits.set(name, counter);
    return counter;
  }

  #newDeps({ log, records }: KeptJournal, origin: string): KeyspaceDeps {
    const { fallback, journal: bounds } = this.#options;
    const stamps = new HybridClock(this.#clock, origin);
    const own = new OwnWrites({ ...bounds, windowMs: bounds.reapplyMs }, this.#clock, log, records);
    own.onLost((count, reason) => {
      this.#losses.add(count, reason);
    });
    own.onEmpty = () => {
      this.#degradation.refresh();
    };
    // A write of this process is later than those of the earlier one, whatever the calendar says now.
    if (own.latestStamp !== null) stamps.observe(own.latestStamp);
    return {
      clock: this.#clock,
      stamps,
      memory: new MemoryStore(fallback, this.#clock),
      own,
      reads: this.#degradation.reads,
      writes: this.#degradation.writes,
      redis: this.#port === null ? null : this.#newStore(this.#port, stamps),
      tombstoneMs: bounds.maxAgeMs,
      onBacklog: () => {
        this.#degradation.refresh();
        this.#replays?.wake();
      },
    };
  }

  #newStore(port: RedisPort, stamps: HybridClock): RedisStore {
    const { fallback, node } = this.#options;
    return new RedisStore(port, stamps, {
      ...fallback,
      clock: this.#clock,
      keyPrefix: node.keyPrefix,
      onUnheard: () => {
        this.#refusedNotices.add();
      },
    });
  }

  #newReplays(): ReplayLoop | null {
    const { own, memory, redis, writes } = this.#deps;
    if (redis === null) return null;
    const { replayPerSecond: perSecond } = this.#options.journal;
    const portion = Math.ceil(perSecond / MIN_PORTIONS_PER_SECOND);
    const settings = { perSecond, batch: Math.min(REPLAY_BATCH, portion) };
    const replay = new Replay({ own, store: redis, memory }, settings, this.#clock);
    return new ReplayLoop({ own, replay, guard: writes }, this.#clock, {
      onReplayed: (report) => {
        this.#onReplayed(report);
      },
      onChange: () => {
        this.#degradation.refresh();
      },
    });
  }

  #onReplayed(report: ReplayReport): void {
    const { applied, superseded, expired, rejected } = report;
    if (applied + superseded + expired + rejected === 0) return;
    this.#bus.emit({ type: 'journal.replayed', report });
  }

  // The log has them already.
  #adopt(records: readonly JournalRecord[], damagedBytes: number): void {
    const { own, stamps, onBacklog } = this.#deps;
    this.#bus.emit({ type: 'journal.recovered', count: records.length, damagedBytes });
    for (const record of records) {
      own.recover(record);
      stamps.observe(stampOfRecord(record));
      replaceCopy(this.#deps.memory, record, this.#clock.wallTime());
    }
    onBacklog();
  }

  // The new primary may lack the last writes that the old one acknowledged. What it has newer stays.
  #reapply(soundUntil: number): void {
    this.#deps.own.flip(soundUntil);
    this.#degradation.refresh();
    this.#replays?.wake();
  }
}

function newOrigin(): string {
  return randomBytes(ORIGIN_BYTES).toString('hex');
}
