import type { Stamp } from './stamp.js';

/** A value, or a promise of it. */
type Awaitable<T> = T | Promise<T>;

/** One write, which can be applied to any store, once or several times. */
export interface StampedWrite {
  /** The whole key, with the prefix of its keyspace. */
  readonly key: string;
  readonly stamp: Stamp;
  /** The encoded entry; a tombstone for a delete. Carries the same stamp. */
  readonly entry: Buffer;
  /** How long the store keeps it, in milliseconds; `null` means for ever. */
  readonly ttlMs: number | null;
  /** Whole names of the key groups that list the key. */
  readonly groups: readonly string[];
  /** The stamp with which the value was born. @defaultValue `stamp` */
  readonly birth?: Stamp;
  /** It ends a key that is never used again: the entry is a final tombstone. @defaultValue false */
  readonly isFinal?: boolean;
  /**
   * Only replaces a value that is there: the one with exactly this stamp, or any. Without it the
   * latest write wins, and may create the key.
   */
  readonly replaces?: Stamp | 'any';
  /** The channel on which other processes are told: the stamp (32 hexadecimal digits) and the key. */
  readonly channel?: string;
}

/** The emptying of a key group: every member born before it goes, and no change of such a member brings it back. */
export interface StampedDrop {
  /** The whole name of the key group. */
  readonly group: string;
  readonly stamp: Stamp;
  /** How long members born before it are refused. */
  readonly ttlMs: number;
  /** Whole keys of members that stay. */
  readonly except?: readonly string[];
  /** The tombstones of its members are final. @defaultValue false */
  readonly isFinal?: boolean;
}

/** The outcome of a write. Applying the same write twice is `applied` both times. */
export type ApplyOutcome =
  /** `stamp`: that of what is there now, where Redis has given it another one. */
  | { readonly kind: 'applied'; readonly stamp?: Stamp }
  /** Something else wins, or another entry is there than the one to replace: nothing was changed. */
  | { readonly kind: 'superseded'; readonly by: Stamp; readonly isFinal?: boolean }
  /** There is no value to replace: nothing was changed. */
  | { readonly kind: 'absent' };

/** What both stores do in the same way. One contract suite proves it for both. */
export interface KeyValueStore {
  /** The encoded entries of these keys, in their order; `null` where there is none. Tombstones are entries. */
  read(keys: readonly string[]): Awaitable<(Buffer | null)[]>;
  /** Writes, unless the key or one of its key groups has something newer. */
  apply(write: StampedWrite): Awaitable<ApplyOutcome>;
  /** The keys of a key group, without those that have expired. Some may have tombstones. */
  members(group: string): Awaitable<string[]>;
  /** Replaces the older members of a group by tombstones. Returns how many there were. */
  drop(drop: StampedDrop): Awaitable<number>;
}
