import type { HitCounter } from '../base/stats/index.js';
import type { Awaitable, EntryDecoder, Reading } from './reading.js';
import type { EntryKind } from './store/entry.js';
import type { Stamp } from './store/stamp.js';

/**
 * What a keyspace does with memory while Redis is away:
 * - `cache`: reads come from memory, stale ones too; writes are kept and journaled, the oldest are
 *   dropped when the journal is full
 * - `session`: reads come from memory while they are valid; writes are journaled or refused, never dropped
 * - `strict`: everything fails at once, because an answer of one process alone would be wrong
 */
export type KeyspacePolicy = 'cache' | 'session' | 'strict';

/** What to write, apart from its stamp. */
export interface EntryDraft {
  readonly kind: Exclude<EntryKind, 'tombstone'>;
  readonly codec: number;
  readonly isCompressed: boolean;
  readonly body: Buffer;
  /** How long it is fresh; `null` means for ever. */
  readonly freshMs: number | null;
  /** How much longer it is kept: to be served stale, or to be replaced by a change that comes late. */
  readonly staleMs: number;
  /** Tags or users: names of key groups within the keyspace. */
  readonly groups: readonly string[];
}

/** Where a key is looked for. */
export interface ReadOptions {
  readonly confirm?: boolean;
  readonly onPrimary?: boolean;
}

/**
 * The place of a call in the order in which this process has called: given to it when it is called, however much later
 * it asks Redis. Who has called it leaves it.
 */
export interface WritePlace {
  /** Later than all that was called before it, earlier than all that is called after it. */
  readonly stamp: Stamp;
  /** The key has been written or deleted by a later call. */
  readonly isOvertaken: boolean;
  /** A later call has emptied one of the groups that the write has. */
  readonly isDropped: boolean;
  /** The call has ended. */
  leave(): void;
}

/** How an entry is written. */
export interface WriteOptions {
  /** An earlier stamp: what was written or deleted since wins. Without it, the write is the latest. */
  readonly stamp?: Stamp;
  /** Only replaces the value that has exactly this stamp, on the primary; otherwise it is `superseded`. */
  readonly replaces?: Stamp;
  /** The stamp with which the value was born: a change keeps that of what it changes. */
  readonly birth?: Stamp;
  /**
   * Redis did not answer a read of the key a moment ago: memory has the value before Redis takes it or is given
   * up, so that the next read finds it. Only with the policy `cache`.
   */
  readonly isAtHand?: boolean;
  /** Of a write that is the latest by its call, and was called before. @defaultValue called now */
  readonly place?: WritePlace;
}

/** How an entry is deleted. */
export interface DeleteOptions {
  /** The key is never used again: no write brings it back, whatever its stamp. @defaultValue false */
  readonly isFinal?: boolean;
  /** How long the tombstone is kept. */
  readonly keepMs?: number;
  /** Only ends the value that has exactly this stamp, on the primary; otherwise it is `superseded`. */
  readonly replaces?: Stamp;
  /** Of a delete that was called before. @defaultValue called now */
  readonly place?: WritePlace;
}

/** How a key group is emptied. */
export interface DropOptions extends Pick<DeleteOptions, 'isFinal' | 'keepMs'> {
  /** Keys that stay. */
  readonly except?: readonly string[];
}

/** The outcome of a write. */
export type WriteReceipt =
  /** Redis has it. */
  | { readonly outcome: 'stored' }
  /** Redis is away: it is in memory and in the journal, and Redis gets it when it is back. */
  | { readonly outcome: 'journaled' }
  /** There is no Redis (memory mode): it is in memory. */
  | { readonly outcome: 'kept' }
  /**
   * Something else won: nothing was changed. A live write is told so when the key was ended for good, when this
   * process has called a later one that was faster, or when others have written the key at the same moment four
   * times in a row: then it counts as overwritten at once. `by` is the stamp of what won, where one is known.
   */
  | { readonly outcome: 'superseded'; readonly by?: Stamp };

/** The right to load a key, among all processes. */
export type Claim<T = Buffer> =
  /**
   * Load it. Pass `token` to {@link Keyspace.release} and {@link Keyspace.renew}. Write the loaded
   * value with this `stamp`: a write that another caller makes meanwhile is later and wins.
   */
  | { readonly state: 'granted'; readonly token: string; readonly stamp: Stamp }
  /** Another process loads it. */
  | { readonly state: 'held' }
  /** Another process has written it since; read it again. */
  | { readonly state: 'changed'; readonly reading: Reading<T> }
  /** Redis is away: every process loads for itself. */
  | { readonly state: 'alone' };

/**
 * Keys under one name with one policy: in Redis while it is there, in memory while it is not. It is read as values
 * of the type `T`; as it is opened, as the bytes that were written.
 */
export interface Keyspace<T = Buffer> {
  readonly name: string;
  readonly policy: KeyspacePolicy;
  /** The same keyspace, read as the values that this decoder makes of its entries. */
  decodedBy<U>(decoder: EntryDecoder<U>): Keyspace<U>;
  /** Counts reads by whether they were answered; who reads tells it, because only who reads knows what an answer is. */
  readonly hits: HitCounter;
  /** False in memory mode: then memory is all there is. */
  readonly hasRedis: boolean;
  /** True while reads do not go to Redis. */
  readonly isAway: boolean;
  /** Whether `near` may ever return something: near copies are on, or hot keys get some. */
  readonly mayBeNear: boolean;
  /** Whether the key is hot, and its reads are to be spared. */
  isSpared(key: string): boolean;
  /** A stamp of now, later than all that this process has made or seen. */
  stamp(): Stamp;
  /**
   * A stamp that is surely not later than now: for the birth of a value, and for one that is about to be read from its
   * source without a lease. Whatever ends it from now on is later. Where it was ended a moment ago, the write is
   * `superseded` by the stamp of that.
   */
  birth(): Stamp;
  /**
   * Returns what a copy in memory says, without asking Redis; `null` when it may not be used: near reads
   * are off, the copy is too old, or an invalidation may have been missed. A promise only when the copy must be
   * inflated or the like.
   *
   * @param now - what the clock of the keyspace has just said, if it was asked
   */
  near(key: string, now?: number): Awaitable<Reading<T>> | null;
  /**
   * Returns what is known of a key. `confirm` asks the primary when a replica does not have it;
   * `onPrimary` asks it at once, for what a change is based on.
   */
  read(key: string, options?: ReadOptions): Promise<Reading<T>>;
  /** The same for many keys at once, in their order. */
  readMany(keys: readonly string[]): Promise<Reading<T>[]>;
  /** Keys of which memory has a value, those that are used most first. */
  recentKeys(count: number): string[];
  /**
   * Returns the place of a write, or a delete, that is called now and sent later: when its value is encoded, or it is
   * its turn.
   */
  place(key: string, groups?: readonly string[]): WritePlace;
  /** Writes an entry. */
  write(key: string, draft: EntryDraft, options?: WriteOptions): Promise<WriteReceipt>;
  /** Deletes, and writes a tombstone. */
  delete(key: string, options?: DeleteOptions): Promise<WriteReceipt>;
  /** The keys of a key group, without the prefix. `isComplete` is false when Redis could not be asked. */
  members(
    group: string,
  ): Promise<{ readonly keys: readonly string[]; readonly isComplete: boolean }>;
  /** Deletes all keys of a key group that were born before. */
  dropGroup(group: string, options?: DropOptions): Promise<WriteReceipt>;
  /** Asks for the lease of a key. `seen` is the stamp of what the caller has read already. */
  claim(
    key: string,
    options: { readonly leaseMs: number; readonly seen: Stamp | null; readonly token: string },
  ): Promise<Claim<T>>;
  /** Resolves when the key was written elsewhere, as far as that is heard of; after `ms` in any case. */
  untilChanged(key: string, ms: number, signal: AbortSignal): Promise<void>;
  /** Extends a lease for another `leaseMs`; returns false when it was lost. */
  renew(key: string, token: string, leaseMs: number): Promise<boolean>;
  /** Gives a lease back. */
  release(key: string, token: string): Promise<void>;
  /** Adds to a number that all processes share. It cannot be done in memory. Returns the new value. */
  increment(key: string, by: number, ttlMs: number | null): Promise<number>;
  /** Takes a key if nobody holds it. Memory cannot do this. */
  takeIfFree(key: string, holder: string, ttlMs: number): Promise<boolean>;
  /** Gives back a key of {@link Keyspace.takeIfFree}; returns false when another holder has it now. */
  giveBack(key: string, holder: string): Promise<boolean>;
}
