import type { Stamp } from './stamp.js';

/** A value that may or may not have to be waited for. */
export type Awaitable<T> = T | Promise<T>;

/** One write, ready to be applied anywhere, once or several times. */
export interface StampedWrite {
  /** The whole key, with the prefix of its keyspace. */
  readonly key: string;
  readonly stamp: Stamp;
  /** The encoded entry; a tombstone for a delete. Carries the same stamp. */
  readonly entry: Buffer;
  /** How long the store keeps it, in milliseconds; `null` means for ever. */
  readonly ttlMs: number | null;
  /** Whole names of the groups the key is listed under. */
  readonly groups: readonly string[];
  /** The channel on which other processes are told: the stamp (32 hexadecimal digits) and the key. */
  readonly channel?: string;
}

/** A group emptied: every member with an older stamp goes, and no older write may bring one back. */
export interface StampedDrop {
  /** The whole name of the group. */
  readonly group: string;
  readonly stamp: Stamp;
  /** How long older writes are turned away. */
  readonly ttlMs: number;
}

/** The outcome of a write. Applying the same write twice is `applied` both times. */
export type ApplyOutcome =
  | { readonly kind: 'applied' }
  /** Something newer is there, so nothing was changed. */
  | { readonly kind: 'superseded'; readonly by: Stamp };

/** What both stores do in the same way. One contract suite proves it for both. */
export interface KeyValueStore {
  /** The encoded entries of these keys, in their order; `null` where there is none. Tombstones are entries. */
  read(keys: readonly string[]): Awaitable<(Buffer | null)[]>;
  /** Writes unless the key, or one of the groups, has something newer. */
  apply(write: StampedWrite): Awaitable<ApplyOutcome>;
  /** Keys listed under a group, those that have expired left out. Some may have tombstones. */
  members(group: string): Awaitable<string[]>;
  /** Replaces the older members of a group by tombstones. Returns how many there were. */
  drop(drop: StampedDrop): Awaitable<number>;
}
