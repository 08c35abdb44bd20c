import { type DecodedEntry, decodeEntry, type Entry, stampOf } from './store/entry.js';
import type { StampedWrite } from './store/key-value-store.js';
import type { RedisStore } from './store/redis-store.js';
import { compareStamps, type Stamp } from './store/stamp.js';
import { noRedisAtAll, strictRefusal } from './away-errors.js';
import type { KeyspaceDeps } from './keyspace-deps.js';
import { Away } from './breaker/guard.js';
import type { KeyspaceIdentity, KeyspaceOptions } from './keyspace-options.js';
import type { Reading } from './keyspace.js';
import type { KeyspaceKeys } from './keyspace-keys.js';
import type { NearCopies } from './near-copies.js';
import { readingFromMemory, readingFromRedis, type JudgeOptions } from './judge-entry.js';

const UNKNOWN: Reading = { state: 'unknown' };
const MISSING: Reading = { state: 'missing' };

/** The reading half of a keyspace. Keys are whole keys here. */
export class KeyspaceReads {
  readonly #keys: KeyspaceKeys;
  readonly #options: KeyspaceOptions;
  readonly #deps: KeyspaceDeps;
  readonly #near: NearCopies | null;
  // A copy that is read often is decoded once, not at each read.
  readonly #decoded = new WeakMap<Buffer, DecodedEntry>();

  constructor({ keys, options }: KeyspaceIdentity, deps: KeyspaceDeps, near: NearCopies | null) {
    this.#keys = keys;
    this.#options = options;
    this.#deps = deps;
    this.#near = near;
  }

  /** Returns what a near copy says; `null` when Redis must be asked. */
  near(entry: string): Reading | null {
    const near = this.#near;
    if (near === null) return null;
    const { memory, clock, reads } = this.#deps;
    if (this.#options.policy === 'strict' && !reads.isOpen) return null;
    const copy = memory.peek(entry);
    if (copy === null || !copy.isTrusted || copy.heardAt < near.trustedSince) return null;
    if (clock.now() - copy.heardAt > this.#options.nearMs) return null;
    return readingFromMemory(this.#decode(copy.entry), true, this.#judgeOptions());
  }

  /** Returns what is known of one key. */
  async readOne(entry: string, isConfirmed: boolean): Promise<Reading> {
    const { redis, reads, clock } = this.#deps;
    if (redis === null) return this.#fromMemory(entry);
    const { mayLag } = redis;
    const askedAt = clock.now();
    const found = await reads.run(() => redis.readOne(entry));
    if (found instanceof Away) return this.#whileAway(entry, found);
    const isSure = !(mayLag || redis.mayLag) || !this.#isUnsure(entry, found, isConfirmed);
    if (isSure) return this.accept(entry, found, askedAt);
    const [reading = UNKNOWN] = await this.#askPrimary(redis, [entry]);
    return reading;
  }

  /** Returns what is known of these keys. */
  async readAll(entries: readonly string[]): Promise<Reading[]> {
    const { redis, reads, clock } = this.#deps;
    if (redis === null) return entries.map((entry) => this.#fromMemory(entry));
    const { mayLag } = redis;
    const askedAt = clock.now();
    const found = await reads.run(() => redis.read(entries));
    if (found instanceof Away) return entries.map((entry) => this.#whileAway(entry, found));
    const bytesOf = (i: number): Buffer | null => found[i] ?? null;
    const unsure =
      mayLag || redis.mayLag
        ? entries.filter((entry, i) => this.#isUnsure(entry, bytesOf(i), false))
        : [];
    const sure = unsure.length === 0 ? [] : await this.#askPrimary(redis, unsure);
    const confirmed = new Map(unsure.map((entry, i) => [entry, sure[i] ?? UNKNOWN]));
    return entries.map(
      (entry, i) => confirmed.get(entry) ?? this.accept(entry, bytesOf(i), askedAt),
    );
  }

  /**
   * Accepts what Redis returned: keeps a copy, and compares it with what this process wrote itself.
   *
   * @param askedAt - when Redis was asked, by `clock.now()`
   */
  accept(entry: string, bytes: Buffer | null, askedAt: number): Reading {
    if (bytes === null) return this.#acceptNothing(entry, askedAt);
    const { memory } = this.#deps;
    const copy = memory.peek(entry);
    const isSame = copy?.entry.equals(bytes) === true;
    // What was decoded once is not decoded again.
    const held = isSame ? copy.entry : bytes;
    const { decoded } = this.#decode(held);
    const stamp = decoded.ok ? decoded.entry.stamp : stampOf(held);
    const own = this.#newerOwnWrite(entry, stamp, isSame);
    if (own !== null) return this.#judge(own);
    const reading = this.#judge(held);
    if (this.#isDroppedMeanwhile(reading)) return MISSING;
    if (isSame) memory.confirm(entry);
    else this.#keepCopy(entry, bytes, decoded, askedAt);
    if (stamp !== null) this.#near?.review(entry, stamp, askedAt);
    return reading;
  }

  #acceptNothing(entry: string, askedAt: number): Reading {
    const { memory, journal } = this.#deps;
    const pending = journal.pendingOf(entry);
    if (pending !== null) return this.#judge(pending.entry);
    const copy = memory.peek(entry);
    // What was written after Redis was asked is not missing.
    if (copy !== null && copy.heardAt <= askedAt) memory.forget(entry);
    return MISSING;
  }

  // A replica may not yet have what this process knows, or a login that another process made a moment
  // ago.
  #isUnsure(entry: string, bytes: Buffer | null, isWanted: boolean): boolean {
    const { memory, journal, recent } = this.#deps;
    if (journal.pendingOf(entry) !== null) return false;
    if (bytes === null) return isWanted || recent.latest(entry) !== null;
    const copy = memory.peek(entry);
    const isSame = copy?.entry.equals(bytes) === true;
    const held = this.#decode(isSame ? copy.entry : bytes);
    if (isWanted && readingFromRedis(held, this.#judgeOptions()).state === 'missing') return true;
    return !isSame && held.decoded.ok && this.#isBehind(entry, bytes, held.decoded.entry);
  }

  // Not when the newer one is a write of this process: that is the answer then.
  #isBehind(key: string, bytes: Buffer, { stamp, groups }: Entry): boolean {
    const { memory, recent } = this.#deps;
    const newer = memory.supersededBy(this.#copyOf(key, bytes, { stamp, groups, ttlMs: null }));
    if (newer === null) return false;
    const own = recent.latest(key);
    return own === null || compareStamps(own.stamp, newer.by) !== 0;
  }

  async #askPrimary(redis: RedisStore, entries: readonly string[]): Promise<Reading[]> {
    const { writes, clock } = this.#deps;
    const askedAt = clock.now();
    const found = await writes.run(() => redis.readPrimary(entries));
    if (found instanceof Away) return entries.map((entry) => this.#whileAway(entry, found));
    return entries.map((entry, i) => this.accept(entry, found[i] ?? null, askedAt));
  }

  #whileAway(entry: string, away: Away): Reading {
    if (this.#options.policy === 'strict') throw strictRefusal(this.#keys.name, away);
    return this.#fromMemory(entry);
  }

  #fromMemory(entry: string): Reading {
    if (this.#options.policy === 'strict' && this.#deps.redis === null) {
      throw noRedisAtAll(this.#keys.name);
    }
    const pending = this.#deps.journal.pendingOf(entry);
    if (pending !== null)
      return readingFromMemory(this.#decode(pending.entry), true, this.#judgeOptions());
    const copy = this.#deps.memory.peek(entry);
    if (copy === null) return readingFromMemory(null, false, this.#judgeOptions());
    return readingFromMemory(this.#decode(copy.entry), copy.isTrusted, this.#judgeOptions());
  }

  // Written here and not replayed yet, or acknowledged a moment ago and not on this replica yet.
  #newerOwnWrite(entry: string, stored: Stamp | null, isCopied: boolean): Buffer | null {
    const { journal, recent } = this.#deps;
    // A later write of this process would have replaced the copy.
    if (isCopied && journal.entries === 0) return null;
    const own = journal.pendingOf(entry) ?? recent.latest(entry);
    if (own === null) return null;
    return stored === null || compareStamps(own.stamp, stored) > 0 ? own.entry : null;
  }

  #keepCopy(key: string, bytes: Buffer, decoded: DecodedEntry, askedAt: number): void {
    const { memory, clock, stamps } = this.#deps;
    if (!decoded.ok) {
      // The unreadable bytes have replaced what memory knows.
      memory.distrust(key);
      return;
    }
    const { stamp, freshUntil, groups } = decoded.entry;
    // What this process writes from now on is later than what it has read.
    stamps.observe(stamp);
    // Of an expired entry nothing is kept, and nothing of what it has replaced.
    const leftMs = freshUntil + this.#options.maxStaleMs - clock.wallTime();
    const ttlMs = freshUntil === 0 ? null : leftMs;
    const write = this.#copyOf(key, bytes, { stamp, groups, ttlMs });
    if (memory.apply(write).kind === 'applied') return;
    const copy = memory.peek(key);
    if (copy === null || copy.heardAt > askedAt) return;
    // Redis was asked after memory had learned of something newer, and has lost it since.
    memory.forget(key);
    memory.apply(write);
  }

  #copyOf(
    key: string,
    bytes: Buffer,
    { stamp, groups, ttlMs }: Pick<StampedWrite, 'stamp' | 'groups' | 'ttlMs'>,
  ): StampedWrite {
    const whole = groups.map((group) => this.#keys.group(group));
    return { key, stamp, entry: bytes, ttlMs, groups: whole };
  }

  #judge(bytes: Buffer): Reading {
    return readingFromRedis(this.#decode(bytes), this.#judgeOptions());
  }

  // A key group that was emptied while Redis was away still has its members there.
  #isDroppedMeanwhile(reading: Reading): boolean {
    const { journal } = this.#deps;
    if (reading.state !== 'found' || reading.entry.groups.length === 0) return false;
    if (journal.entries === 0) return false;
    return reading.entry.groups.some((group) => {
      const drop = journal.pendingDrop(this.#keys.group(group));
      return drop !== null && compareStamps(drop.stamp, reading.entry.stamp) > 0;
    });
  }

  #decode(bytes: Buffer): { decoded: DecodedEntry; bytes: Buffer } {
    let decoded = this.#decoded.get(bytes);
    if (decoded === undefined) this.#decoded.set(bytes, (decoded = decodeEntry(bytes)));
    return { decoded, bytes };
  }

  #judgeOptions(): JudgeOptions {
    const { policy, maxStaleMs } = this.#options;
    const { clock, redis } = this.#deps;
    return { policy, maxStaleMs, now: clock.wallTime(), isMemoryAll: redis === null };
  }
}
