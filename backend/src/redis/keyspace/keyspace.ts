import type { Entry, EntryFault, EntryKind } from './store/entry.js';
import type { Stamp } from './store/stamp.js';

/**
 * What memory may mean for a keyspace while Redis is away:
 * - `cache`: reads come from memory, stale ones too; writes are kept and journaled, the oldest are
 *   dropped when the journal is full
 * - `session`: reads come from memory while they are valid; writes are journaled or refused, never dropped
 * - `strict`: everything fails at once, because an answer of one process alone would be wrong
 */
export type KeyspacePolicy = 'cache' | 'session' | 'strict';

/** Where an answer came from: Redis; a valid copy in memory; a copy past its time. */
export type ReadingSource = 'redis' | 'memory' | 'stale';

/** What is known of a key. */
export type Reading =
  /** There is an entry (a value, or a negative one). `isFresh` is false past its time. */
  | {
      readonly state: 'found';
      readonly entry: Entry;
      readonly isFresh: boolean;
      readonly source: ReadingSource;
    }
  /** It was deleted, and the trace of that is still there. */
  | { readonly state: 'deleted'; readonly stamp: Stamp; readonly source: 'redis' | 'memory' }
  /** There is none; `stamp` is that of one past its time, if there was one. */
  | { readonly state: 'missing'; readonly stamp?: Stamp }
  /** Something is there that cannot be read. */
  | { readonly state: 'unreadable'; readonly fault: EntryFault; readonly stamp: Stamp | null }
  /** Redis is away and memory does not know the key. */
  | { readonly state: 'unknown' };

/** What to write, apart from its stamp. */
export interface EntryDraft {
  readonly kind: Exclude<EntryKind, 'tombstone'>;
  readonly codec: number;
  readonly isCompressed: boolean;
  readonly body: Buffer;
  /** How long it is fresh; `null` means for ever. */
  readonly freshMs: number | null;
  /** How much longer it is kept, to be served stale. */
  readonly staleMs: number;
  /** Tags, owners: names within the keyspace. */
  readonly groups: readonly string[];
}

/** What became of a write. */
export type WriteReceipt =
  /** Redis has it. */
  | { readonly outcome: 'stored' }
  /** Redis is away: it is in memory and in the journal, and Redis gets it when it is back. */
  | { readonly outcome: 'journaled' }
  /** There is no Redis (memory mode): it is in memory. */
  | { readonly outcome: 'kept' }
  /** Something newer was there: nothing was changed. Only for writes with a stamp of their own. */
  | { readonly outcome: 'superseded' };

/** The right to load a key, among all processes. */
export type Claim =
  /**
   * Load it. `token` goes to {@link Keyspace.release} and {@link Keyspace.renew}; write what was
   * loaded with this `stamp`: whoever writes meanwhile sees it and is later.
   */
  | { readonly state: 'granted'; readonly token: string; readonly stamp: Stamp }
  /** Another process loads it. */
  | { readonly state: 'held' }
  /** Somebody has written it since; look again. */
  | { readonly state: 'changed'; readonly reading: Reading }
  /** Redis is away: every process is on its own. */
  | { readonly state: 'alone' };

/** Keys under one name with one policy: Redis while it is there, memory while it is not. */
export interface Keyspace {
  readonly name: string;
  readonly policy: KeyspacePolicy;
  /** True while reads do not go to Redis. */
  readonly isAway: boolean;
  /** A stamp of now. Take it before a load: what was written or deleted meanwhile is newer and wins. */
  stamp(): Stamp;
  /**
   * What a copy in memory says without asking Redis; `null` when it may not be used: near reads are
   * off, the copy is too old, or an invalidation may have been missed.
   */
  near(key: string): Reading | null;
  /** What is known of a key. `confirm` asks the primary when a replica knows nothing of it. */
  read(key: string, options?: { readonly confirm?: boolean }): Promise<Reading>;
  /** The same for many keys at once, in their order. */
  readMany(keys: readonly string[]): Promise<Reading[]>;
  /** Writes. With a stamp taken earlier it may turn out `superseded`; without, it is the latest. */
  write(key: string, draft: EntryDraft, stamp?: Stamp): Promise<WriteReceipt>;
  /** Deletes, leaving a tombstone. */
  delete(key: string): Promise<WriteReceipt>;
  /** Keys of a group, without the prefix. `isComplete` is false when Redis could not be asked. */
  members(
    group: string,
  ): Promise<{ readonly keys: readonly string[]; readonly isComplete: boolean }>;
  /** Deletes all of a group. */
  dropGroup(group: string): Promise<WriteReceipt>;
  /** Asks for the right to load a key. `seen` is the stamp of what the caller has read already. */
  claim(
    key: string,
    options: { readonly leaseMs: number; readonly seen: Stamp | null; readonly token: string },
  ): Promise<Claim>;
  /** Holds on to the right for another `leaseMs`; false when it was lost. */
  renew(key: string, token: string, leaseMs: number): Promise<boolean>;
  /** Gives the right back. */
  release(key: string, token: string): Promise<void>;
  /** Adds to a number that all processes share. It cannot be done in memory. Answers the new value. */
  increment(key: string, by: number, ttlMs: number | null): Promise<number>;
  /** Takes a key if nobody has it. It cannot be done in memory. */
  takeIfFree(key: string, holder: string, ttlMs: number): Promise<boolean>;
  /** Gives a key of {@link Keyspace.takeIfFree} back; false when somebody else has it by now. */
  giveBack(key: string, holder: string): Promise<boolean>;
}
