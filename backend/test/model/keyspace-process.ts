import { CircuitBreaker } from '../../src/redis/keyspace/breaker/circuit-breaker.js';
import { Guard } from '../../src/redis/keyspace/breaker/guard.js';
import { NO_LOG } from '../../src/redis/keyspace/journal/disk/journal-log.js';
import { OwnWrites } from '../../src/redis/keyspace/journal/own-writes.js';
import { Replay } from '../../src/redis/keyspace/journal/replay.js';
import type { Keyspace } from '../../src/redis/keyspace/keyspace.js';
import type { SharedStore } from '../../src/redis/keyspace/keyspace-deps.js';
import { KeyspaceKeys } from '../../src/redis/keyspace/keyspace-keys.js';
import { OwnKnowledge } from '../../src/redis/keyspace/own-knowledge.js';
import { MemoryStore } from '../../src/redis/keyspace/store/memory-store.js';
import { HybridClock } from '../../src/redis/keyspace/store/stamp.js';
import { TieredKeyspace } from '../../src/redis/keyspace/tiered-keyspace.js';
import type { ManualClock } from '../../src/redis/testing/index.js';
import { linkTo, type ModelRedis } from './model-redis.js';

/** Short ages and tight bounds: what takes an hour or a million writes elsewhere happens within a history. */
export const MODEL = {
  maxAgeMs: 10_000,
  windowMs: 1_000,
  /** More than the targets that must never give way. */
  maxEntries: 24,
  maxBytes: 1_000_000,
  memoryEntries: 24,
} as const;

const BREAKER = { failures: 1, windowMs: 1_000, openMs: 1, checksToClose: 1 };

/** One process: its calendar, its memory, its journal, and the keyspaces of both policies. */
export class KeyspaceProcess {
  readonly sessions: Keyspace;
  readonly cache: Keyspace;
  readonly own: OwnWrites;
  readonly #link = { isCut: false };
  readonly #guards: readonly Guard[];
  readonly #replay: Replay;
  #left = Infinity;
  #pause = new AbortController();

  constructor(redis: ModelRedis, shared: ManualClock, no: number, offsetMs: number) {
    const clock = calendarOf(shared, offsetMs);
    const stamps = new HybridClock(clock, String(no).padStart(16, '0'));
    const { memoryEntries, maxBytes, ...bounds } = MODEL;
    const memory = new MemoryStore({ maxEntries: memoryEntries, maxBytes }, clock);
    this.own = new OwnWrites({ ...bounds, maxBytes }, clock, NO_LOG);
    const newBreaker = (): CircuitBreaker => new CircuitBreaker(BREAKER, clock, () => undefined);
    const [reads, writes] = [new Guard(newBreaker()), Guard.ofWrites(newBreaker())];
    this.#guards = [reads, writes];
    const store = linkTo(redis, this.#link);
    const deps = {
      clock,
      stamps,
      memory,
      own: this.own,
      reads,
      writes,
      redis: store,
      tombstoneMs: MODEL.maxAgeMs,
      onBacklog: () => undefined,
    };
    const open = (name: string, policy: 'session' | 'cache'): Keyspace => {
      const options = { policy, nearMs: 0, maxStaleMs: 0 } as const;
      memory.open(name, options);
      const knowledge = new OwnKnowledge(this.own, memory, null);
      const identity = { keys: new KeyspaceKeys(name), options };
      return new TieredKeyspace(identity, deps, { near: null, notices: null, knowledge });
    };
    this.sessions = open('sessions', 'session');
    this.cache = open('cache', 'cache');
    const settings = { perSecond: 1e9, batch: 2 };
    this.#replay = new Replay(
      { own: this.own, store: this.#counting(store), memory },
      settings,
      clock,
    );
  }

  get isCut(): boolean {
    return this.#link.isCut;
  }

  cut(): void {
    this.#link.isCut = true;
    for (const { breaker } of this.#guards) breaker.trip('cut');
  }

  heal(): void {
    this.#link.isCut = false;
    for (const { breaker } of this.#guards) {
      breaker.hurry();
      const check = breaker.permitCheck();
      if (check !== null) breaker.succeed(check);
    }
  }

  /** Replays about so many records. */
  async replay(records: number): Promise<void> {
    if (this.#link.isCut) return;
    this.#left = records;
    this.#pause = new AbortController();
    await this.#replay.run(this.#pause.signal);
  }

  #counting(store: SharedStore): Pick<SharedStore, 'apply' | 'drop'> {
    const count = (): void => {
      if (--this.#left <= 0) this.#pause.abort();
    };
    return {
      apply: (write) => store.apply(write).finally(count),
      drop: (drop) => store.drop(drop).finally(count),
    };
  }
}

function calendarOf(shared: ManualClock, offsetMs: number): ManualClock {
  const clock = Object.create(shared) as ManualClock;
  Object.defineProperty(clock, 'wallTime', { value: () => shared.wallTime() + offsetMs });
  for (const name of ['now', 'after', 'hold', 'sleep'] as const) {
    Object.defineProperty(clock, name, { value: shared[name].bind(shared) });
  }
  return clock;
}
