import type { HitCounter } from '../base/stats/index.js';
import { strictRefusal } from './breaker/away-errors.js';
import type { KeyspaceDeps } from './keyspace-deps.js';
import { Away } from './breaker/guard.js';
import type { KeyspaceIdentity } from './keyspace-options.js';
import type {
  Claim,
  EntryDraft,
  DeleteOptions,
  DropOptions,
  Keyspace,
  KeyspacePolicy,
  ReadOptions,
  WriteOptions,
  WritePlace,
  WriteReceipt,
} from './keyspace.js';
import type { KeyspaceKeys } from './keyspace-keys.js';
import { KeyspaceReads, type KeyspaceSenses } from './keyspace-reads.js';
import { KeyspaceWrites } from './keyspace-writes.js';
import type { Awaitable, EntryDecoder, Reading } from './reading.js';
import { SharedValues } from './shared-values.js';
import type { Stamp } from './store/stamp.js';

const ALONE = { state: 'alone' } as const;
const HELD = { state: 'held' } as const;

/** {@link Keyspace} with two tiers: Redis while it is there; memory and the journal while it is not. */
export class TieredKeyspace<T> implements Keyspace<T> {
  readonly name: string;
  readonly policy: KeyspacePolicy;
  readonly #identity: KeyspaceIdentity;
  readonly #keys: KeyspaceKeys;
  readonly #deps: KeyspaceDeps;
  readonly #senses: KeyspaceSenses;
  readonly #reads: KeyspaceReads<T>;
  readonly #writes: KeyspaceWrites;
  readonly #shared: SharedValues;

  constructor(
    identity: KeyspaceIdentity,
    deps: KeyspaceDeps,
    senses: KeyspaceSenses,
    decoder: EntryDecoder<T>,
  ) {
    const { keys, options } = identity;
    this.#identity = identity;
    this.name = keys.name;
    this.policy = options.policy;
    this.#keys = keys;
    this.#deps = deps;
    this.#senses = senses;
    this.#reads = new KeyspaceReads(identity, deps, senses, decoder);
    this.#writes = new KeyspaceWrites(identity, deps, senses);
    this.#shared = new SharedValues(identity, deps);
  }

  decodedBy<U>(decoder: EntryDecoder<U>): Keyspace<U> {
    return new TieredKeyspace(this.#identity, this.#deps, this.#senses, decoder);
  }

  get hits(): HitCounter {
    return this.#identity.hits();
  }

  get isAway(): boolean {
    return this.#deps.redis === null || !this.#deps.reads.isOpen;
  }

  stamp(): Stamp {
    return this.#deps.stamps.next();
  }

  birth(): Stamp {
    const { redis, stamps } = this.#deps;
    // Where there is no Redis nobody else has a calendar.
    return redis === null ? stamps.next() : stamps.before();
  }

  get hasRedis(): boolean {
    return this.#deps.redis !== null;
  }

  get mayBeNear(): boolean {
    const { near, accesses } = this.#senses;
    return near !== null && (this.#identity.options.nearMs > 0 || accesses?.spares === true);
  }

  isSpared(key: string): boolean {
    return this.#senses.accesses?.isSpared(key) === true;
  }

  near(key: string, now = this.#deps.clock.now()): Awaitable<Reading<T>> | null {
    const { accesses } = this.#senses;
    const { nearMs } = this.#identity.options;
    const sparedMs = accesses === null ? 0 : accesses.nearMsOf(key);
    if (nearMs === 0 && sparedMs === 0) return null;
    const reading = this.#reads.near(key, Math.max(nearMs, sparedMs), now);
    if (accesses !== null && reading !== null) {
      accesses.read(key);
      if (sparedMs > 0) accesses.spared++;
    }
    return reading;
  }

  read(key: string, options: ReadOptions = {}): Promise<Reading<T>> {
    this.#senses.accesses?.read(key);
    return this.#reads.readOne(this.#keys.entry(key), options);
  }

  readMany(keys: readonly string[]): Promise<Reading<T>[]> {
    if (keys.length === 0) return Promise.resolve([]);
    const { accesses } = this.#senses;
    if (accesses !== null) for (const key of keys) accesses.read(key);
    const entries = keys.map((key) => this.#keys.entry(key));
    return this.#reads.readAll(entries);
  }

  recentKeys(count: number): string[] {
    const { memory } = this.#deps;
    return memory.usedMost(this.#keys.entry(''), count).map((entry) => this.#keys.keyOf(entry));
  }

  place(key: string, groups: readonly string[] = []): WritePlace {
    return this.#writes.place(key, groups);
  }

  write(key: string, draft: EntryDraft, options?: WriteOptions): Promise<WriteReceipt> {
    this.#senses.accesses?.write(key);
    return this.#writes.write(key, draft, options);
  }

  delete(key: string, options?: DeleteOptions): Promise<WriteReceipt> {
    this.#senses.accesses?.write(key);
    return this.#writes.delete(key, options);
  }

  async members(
    group: string,
  ): Promise<{ readonly keys: readonly string[]; readonly isComplete: boolean }> {
    const { redis, memory, writes } = this.#deps;
    const whole = this.#keys.group(group);
    const found = redis === null ? [] : await writes.run(() => redis.members(whole));
    if (found instanceof Away && this.policy === 'strict') throw strictRefusal(this.name, found);
    const isComplete = !(found instanceof Away);
    // While Redis answers, its list is complete except for what waits to be replayed.
    const isOwnListNeeded = redis === null || !isComplete;
    const entries = new Set([
      ...(found instanceof Away ? [] : found),
      ...(isOwnListNeeded ? memory.members(whole) : []),
      ...this.#senses.knowledge.membersOf(whole),
    ]);
    return { keys: [...entries].map((entry) => this.#keys.keyOf(entry)), isComplete };
  }

  dropGroup(group: string, options?: DropOptions): Promise<WriteReceipt> {
    return this.#writes.drop(group, options);
  }

  async claim(
    key: string,
    options: { readonly leaseMs: number; readonly seen: Stamp | null; readonly token: string },
  ): Promise<Claim<T>> {
    const { redis, writes, clock } = this.#deps;
    if (redis === null) return ALONE;
    const asked = { at: clock.now(), isPrimary: true };
    const entry = this.#keys.entry(key);
    const answer = await writes.run(() => redis.claim({ ...options, key: entry }));
    if (answer instanceof Away && this.policy === 'strict') throw strictRefusal(this.name, answer);
    if (answer instanceof Away) return ALONE;
    if (answer.kind === 'granted') {
      return { state: 'granted', token: answer.holder, stamp: answer.stamp };
    }
    if (answer.kind === 'held') return HELD;
    return { state: 'changed', reading: await this.#reads.accept(entry, answer.entry, asked) };
  }

  untilChanged(key: string, ms: number, signal: AbortSignal): Promise<void> {
    const { notices } = this.#senses;
    if (notices === null) return this.#deps.clock.sleep(ms, signal);
    return notices.untilChanged(this.#keys.entry(key), ms, signal);
  }

  async renew(key: string, token: string, leaseMs: number): Promise<boolean> {
    const { redis, writes } = this.#deps;
    if (redis === null) return false;
    return (await writes.run(() => redis.renew(this.#keys.entry(key), token, leaseMs))) === true;
  }

  async release(key: string, token: string): Promise<void> {
    const { redis, writes } = this.#deps;
    if (redis !== null) await writes.run(() => redis.release(this.#keys.entry(key), token));
  }

  increment(key: string, by: number, ttlMs: number | null): Promise<number> {
    return this.#shared.increment(key, by, ttlMs);
  }

  takeIfFree(key: string, holder: string, ttlMs: number): Promise<boolean> {
    return this.#shared.takeIfFree(key, holder, ttlMs);
  }

  giveBack(key: string, holder: string): Promise<boolean> {
    return this.#shared.giveBack(key, holder);
  }
}
