import { CircuitOpenError, DegradedUnsupportedError } from '../../src/redis/base/errors/index.js';
import { HitCounter } from '../../src/redis/base/stats/index.js';
import { onSignal, waitFor } from '../../src/redis/base/timing/index.js';
import {
  type Awaitable,
  compareStamps,
  type Claim,
  type DecodedSlot,
  type Entry,
  type EntryDecoder,
  type EntryDraft,
  type Keyspace,
  type KeyspacePolicy,
  type Reading,
  type ReadingSource,
  type Stamp,
  type WriteOptions,
  type WritePlace,
  type WriteReceipt,
} from '../../src/redis/keyspace/index.js';
import { EntryJudge } from '../../src/redis/keyspace/entry-judge.js';
import { BODIES } from '../../src/redis/keyspace/reading.js';
import type { ManualClock } from '../../src/redis/testing/index.js';

interface Stored {
  readonly entry: Entry | { readonly kind: 'tombstone'; readonly stamp: Stamp };
  readonly expiresAt: number;
}

/** A copy in memory, with what it was decoded to. */
interface Copy extends Stored, DecodedSlot {
  heardAt: number;
}

interface Lease {
  token: string;
  expiresAt: number;
  /** Of what its holder loads; other holds have none. */
  readonly stamp?: Stamp;
}

/** Stands for a Redis that several processes share. Its time is that of the clock. */
export class MemoryServer {
  readonly entries = new Map<string, Stored>();
  readonly leases = new Map<string, Lease>();
  readonly drops = new Map<string, Stamp>();
  readonly numbers = new Map<string, number>();
  readonly unreadable = new Map<string, Reading & { state: 'unreadable' }>();
  /** Called with each key that is written. */
  readonly listeners = new Set<(key: string) => void>();
  readonly clock: ManualClock;
  #count = 0;

  constructor(clock: ManualClock) {
    this.clock = clock;
  }

  stamp(origin: string): Stamp {
    return { wallMs: this.clock.wallTime(), count: this.#count++, origin };
  }

  get(key: string): Stored | null {
    const stored = this.entries.get(key);
    if (stored === undefined || this.clock.wallTime() >= stored.expiresAt) return null;
    return stored;
  }

  /** Writes unless something newer is there. */
  put(key: string, stored: Stored): boolean {
    const present = this.get(key);
    if (present !== null && compareStamps(present.entry.stamp, stored.entry.stamp) > 0)
      return false;
    const groups = 'groups' in stored.entry ? stored.entry.groups : [];
    const isDropped = groups.some((group) => {
      const drop = this.drops.get(group);
      return drop !== undefined && compareStamps(drop, stored.entry.stamp) > 0;
    });
    if (isDropped) return false;
    this.unreadable.delete(key);
    this.entries.set(key, stored);
    for (const listener of [...this.listeners]) listener(key);
    return true;
  }

  drop(group: string, stamp: Stamp): void {
    this.drops.set(group, stamp);
    for (const [key, { entry }] of this.entries) {
      if ('groups' in entry && entry.groups.includes(group)) this.entries.delete(key);
    }
  }

  lease(key: string): Lease | null {
    const lease = this.leases.get(key);
    return lease === undefined || this.clock.wallTime() >= lease.expiresAt ? null : lease;
  }
}

type Operation = 'read' | 'write' | 'delete' | 'claim' | 'renew' | 'release' | 'dropGroup';

/**
 * A small {@link Keyspace} over a Map, one for each "process" of a test. `goAway()` cuts it off: then it
 * knows only what it has read and written itself. `fail()` and `hold()` make one kind of call fail or wait.
 */
export class MemoryKeyspace<T = Buffer> implements Keyspace<T> {
  readonly name: string;
  readonly policy: KeyspacePolicy;
  readonly server: MemoryServer;
  readonly nearMs: number;
  readonly maxStaleMs: number;
  /** How often each kind of call was made. */
  readonly calls: Record<Operation, number> = {
    read: 0,
    write: 0,
    delete: 0,
    claim: 0,
    renew: 0,
    release: 0,
    dropGroup: 0,
  };
  /** What was written, in order. */
  readonly drafts: { key: string; draft: EntryDraft; stamp: Stamp | undefined }[] = [];
  /** What each call waits for before it does anything. */
  latency: () => Promise<void> = () => Promise.resolve();
  /** Keys that count as hot. */
  readonly spared = new Set<string>();
  /** It hears of no changes. */
  isDeaf = false;
  readonly hits: HitCounter;
  readonly #origin: string;
  #judge: EntryJudge<T>;
  readonly #copies = new Map<string, Copy>();
  readonly #failures = new Map<Operation, Error>();
  readonly #gates = new Map<Operation, { readonly open: Promise<void>; letGo(): void }>();
  #isAway = false;

  constructor(
    server: MemoryServer,
    settings: {
      readonly name?: string;
      readonly policy?: KeyspacePolicy;
      readonly nearMs?: number;
      readonly maxStaleMs?: number;
      readonly origin?: string;
    } = {},
  ) {
    this.server = server;
    this.name = settings.name ?? 'test';
    this.policy = settings.policy ?? 'cache';
    this.nearMs = settings.nearMs ?? 0;
    this.maxStaleMs = settings.maxStaleMs ?? 0;
    this.hits = new HitCounter(server.clock);
    this.#origin = settings.origin ?? '0000000000000001';
    this.#judge = this.#judgeWith(BODIES) as unknown as EntryJudge<T>;
  }

  /** The keyspace itself: of a test, only one reads it. */
  decodedBy<U>(decoder: EntryDecoder<U>): Keyspace<U> {
    this.#judge = this.#judgeWith(decoder) as unknown as EntryJudge<T>;
    return this as unknown as MemoryKeyspace<U>;
  }

  readonly hasRedis = true;

  get isAway(): boolean {
    return this.#isAway;
  }

  goAway(): void {
    this.#isAway = true;
  }

  comeBack(): void {
    this.#isAway = false;
  }

  /** Makes calls of a kind fail until {@link MemoryKeyspace.heal}. */
  fail(operation: Operation, error: Error): void {
    this.#failures.set(operation, error);
  }

  heal(operation: Operation): void {
    this.#failures.delete(operation);
  }

  /** Makes calls of a kind wait. Returns the function that lets them go on. */
  hold(operation: Operation): () => void {
    let letGo = (): void => {};
    const open = new Promise<void>((resolve) => {
      letGo = () => {
        this.#gates.delete(operation);
        resolve();
      };
    });
    this.#gates.set(operation, { open, letGo });
    return letGo;
  }

  /** Stores bytes that are no entry, or one of a newer format. */
  spoil(key: string, reading: Reading & { state: 'unreadable' }): void {
    this.server.unreadable.set(key, reading);
  }

  /** Forgets the copies of this process. */
  forgetCopies(): void {
    this.#copies.clear();
  }

  birth(): Stamp {
    return this.stamp();
  }

  stamp(): Stamp {
    return this.server.stamp(this.#origin);
  }

  get mayBeNear(): boolean {
    return this.nearMs > 0 || this.spared.size > 0;
  }

  isSpared(key: string): boolean {
    return this.spared.has(key);
  }

  near(key: string): Awaitable<Reading<T>> | null {
    const copy = this.#copies.get(key);
    if (this.nearMs === 0 || copy === undefined) return null;
    if (this.server.clock.now() - copy.heardAt > this.nearMs) return null;
    return this.#readingOf(key, copy, 'memory', copy);
  }

  async read(key: string): Promise<Reading<T>> {
    await this.#enter('read');
    return this.#look(key);
  }

  async readMany(keys: readonly string[]): Promise<Reading<T>[]> {
    await this.#enter('read');
    return Promise.all(keys.map(async (key) => this.#look(key)));
  }

  recentKeys(count: number): string[] {
    return [...this.#copies.keys()].reverse().slice(0, count);
  }

  place(): WritePlace {
    return { stamp: this.stamp(), isOvertaken: false, isDropped: false, leave: () => undefined };
  }

  async write(key: string, draft: EntryDraft, options: WriteOptions = {}): Promise<WriteReceipt> {
    this.drafts.push({ key, draft, stamp: options.stamp });
    await this.#enter('write');
    const now = this.server.clock.wallTime();
    const { freshMs, staleMs, ...rest } = draft;
    const stamp = options.stamp ?? this.stamp();
    const stored = {
      entry: {
        ...rest,
        stamp,
        birth: options.birth ?? stamp,
        madeAt: now,
        isFinal: false,
        freshUntil: freshMs === null ? 0 : now + freshMs,
      },
      expiresAt: freshMs === null ? Infinity : now + freshMs + staleMs,
    };
    return this.#store(key, stored);
  }

  async delete(key: string): Promise<WriteReceipt> {
    await this.#enter('delete');
    const entry = { kind: 'tombstone', stamp: this.stamp() } as const;
    return this.#store(key, { entry, expiresAt: Infinity });
  }

  async members(group: string): Promise<{ keys: readonly string[]; isComplete: boolean }> {
    const keys = [...this.server.entries].flatMap(([key, { entry }]) =>
      'groups' in entry && entry.groups.includes(group) ? [key] : [],
    );
    return { keys, isComplete: !this.#isAway };
  }

  async dropGroup(group: string): Promise<WriteReceipt> {
    await this.#enter('dropGroup');
    this.server.drop(group, this.stamp());
    return { outcome: this.#isAway ? 'journaled' : 'stored' };
  }

  async claim(
    key: string,
    terms: { readonly leaseMs: number; readonly seen: Stamp | null; readonly token: string },
  ): Promise<Claim<T>> {
    await this.#enter('claim');
    if (this.#isAway) return { state: 'alone' };
    const stored = this.server.get(key);
    const seen = terms.seen;
    if (stored !== null && (seen === null || compareStamps(stored.entry.stamp, seen) > 0)) {
      return { state: 'changed', reading: await this.#look(key) };
    }
    if (this.server.lease(key) !== null) return { state: 'held' };
    const stamp = this.stamp();
    // A granted claim has a token of its own, made from the requested one.
    const token = `${String(stamp.count)} ${terms.token}`;
    const expiresAt = this.server.clock.wallTime() + terms.leaseMs;
    this.server.leases.set(key, { token, expiresAt, stamp });
    return { state: 'granted', token, stamp };
  }

  untilChanged(key: string, ms: number, signal: AbortSignal): Promise<void> {
    const { clock, listeners } = this.server;
    return waitFor<undefined>(({ give }) => {
      const wake = (): void => {
        give(undefined);
      };
      const hear = (written: string): void => {
        if (written === key && !this.isDeaf) wake();
      };
      listeners.add(hear);
      const stopTimer = clock.hold(ms, wake);
      return () => {
        stopTimer();
        listeners.delete(hear);
      };
    }, onSignal(signal));
  }

  async renew(key: string, token: string, leaseMs: number): Promise<boolean> {
    await this.#enter('renew');
    const lease = this.server.lease(key);
    if (lease?.token !== token) return false;
    lease.expiresAt = this.server.clock.wallTime() + leaseMs;
    return true;
  }

  async release(key: string, token: string): Promise<void> {
    await this.#enter('release');
    if (this.server.lease(key)?.token === token) this.server.leases.delete(key);
  }

  async increment(key: string, by: number): Promise<number> {
    this.#requireRedis();
    const sum = (this.server.numbers.get(key) ?? 0) + by;
    this.server.numbers.set(key, sum);
    return sum;
  }

  async takeIfFree(key: string, holder: string, ttlMs: number): Promise<boolean> {
    this.#requireRedis();
    const lock = this.server.lease(`lock ${key}`);
    if (lock !== null && lock.token !== holder) return false;
    const expiresAt = this.server.clock.wallTime() + ttlMs;
    this.server.leases.set(`lock ${key}`, { token: holder, expiresAt });
    return true;
  }

  async giveBack(key: string, holder: string): Promise<boolean> {
    this.#requireRedis();
    const lock = this.server.lease(`lock ${key}`);
    if (lock !== null && lock.token !== holder) return false;
    this.server.leases.delete(`lock ${key}`);
    return true;
  }

  async #enter(operation: Operation): Promise<void> {
    this.calls[operation]++;
    await this.latency();
    await this.#gates.get(operation)?.open;
    const failure = this.#failures.get(operation);
    if (failure !== undefined) throw failure;
    if (this.#isAway && this.policy === 'strict') throw new CircuitOpenError('Redis is away');
  }

  #store(key: string, stored: Stored): WriteReceipt {
    const isTaken = this.#isAway || this.server.put(key, stored);
    if (!isTaken) return { outcome: 'superseded' };
    // What a load has made gives its lease back.
    const lease = this.#isAway ? null : this.server.lease(key);
    if (lease?.stamp === stored.entry.stamp) this.server.leases.delete(key);
    this.#keepCopy(key, stored);
    return { outcome: this.#isAway ? 'journaled' : 'stored' };
  }

  #look(key: string): Awaitable<Reading<T>> {
    if (this.#isAway) {
      const copy = this.#copies.get(key);
      return copy === undefined ? { state: 'unknown' } : this.#readingOf(key, copy, 'memory', copy);
    }
    const spoilt = this.server.unreadable.get(key);
    if (spoilt !== undefined) return spoilt;
    const stored = this.server.get(key);
    if (stored === null) return { state: 'missing' };
    const copy = this.#copies.get(key);
    if (copy?.entry === stored.entry) copy.heardAt = this.server.clock.now();
    else this.#keepCopy(key, stored);
    return this.#readingOf(key, stored, 'redis', copy?.entry === stored.entry ? copy : undefined);
  }

  #keepCopy(key: string, stored: Stored): void {
    const copy = {
      ...stored,
      heardAt: this.server.clock.now(),
      decoded: undefined as unknown,
      keepDecoded: (value: unknown): boolean => {
        copy.decoded = value;
        return this.#copies.get(key) === copy;
      },
      mayKeepSpare: () => true,
    };
    this.#copies.set(key, copy);
  }

  #readingOf(
    key: string,
    { entry }: Stored,
    from: ReadingSource,
    slot?: DecodedSlot,
  ): Awaitable<Reading<T>> {
    if ('body' in entry) return this.#judge.readingOf(key, { ok: true, entry }, from, slot);
    const source = from === 'redis' ? 'redis' : 'memory';
    return { state: 'deleted', stamp: entry.stamp, source };
  }

  #judgeWith<U>(decoder: EntryDecoder<U>): EntryJudge<U> {
    const { policy, maxStaleMs } = this;
    const keys = { keyOf: (key: string) => key };
    const options = { policy, maxStaleMs, isMemoryAll: false };
    return new EntryJudge(options, keys, this.server.clock, decoder);
  }

  #requireRedis(): void {
    if (this.#isAway) throw new DegradedUnsupportedError('Redis is away');
  }
}
