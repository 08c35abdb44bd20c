import type { Decoded, Entry, EntryFault } from './store/entry.js';
import type { DecodedSlot } from './store/memory-records.js';
import type { Stamp } from './store/stamp.js';

/** Where a reading came from: Redis; a fresh copy in memory; an expired copy in memory. */
export type ReadingSource = 'redis' | 'memory' | 'stale';

/** What is known of a key: by the stores, the keyspace and whoever reads of it. */
export type Reading<T = Buffer> =
  | Found<T>
  /** The key was deleted, and its tombstone is still there. */
  | { readonly state: 'deleted'; readonly stamp: Stamp; readonly source: 'redis' | 'memory' }
  /** There is none; `stamp` is that of the expired entry, if there was one. */
  | { readonly state: 'missing'; readonly stamp?: Stamp }
  /** Something is there that cannot be read. */
  | {
      readonly state: 'unreadable';
      readonly fault: EntryFault;
      /** Of the fault `no-key`: the id of the key that is missing. */
      readonly keyId?: string;
      readonly stamp: Stamp | null;
    }
  /** Redis is away and memory does not know the key. */
  | { readonly state: 'unknown' };

/** There is an entry, and this is its value. */
export interface Found<T> {
  readonly state: 'found';
  readonly value: T;
  readonly entry: Entry;
  /** False when it has expired. */
  readonly isFresh: boolean;
  readonly source: ReadingSource;
}

/** A value, or a promise of it. */
export type Awaitable<T> = T | Promise<T>;

/** Returns readings when all of them are there. */
export async function gathered<T>(
  readings: readonly Awaitable<Reading<T>>[],
): Promise<Reading<T>[]> {
  const all: Reading<T>[] = [];
  // What is there at once is not waited for.
  for (const one of readings) all.push(one instanceof Promise ? await one : one);
  return all;
}

/** Makes values of entries: each keyspace is read with one. */
export interface EntryDecoder<T> {
  /**
   * Returns the value of an entry that is no tombstone, or why it cannot be read; never throws. A promise only when
   * something must be done elsewhere, such as inflating it: a hit is answered at once.
   *
   * @param key - as the caller of the keyspace gave it
   * @param slot - of what memory holds: where the decoded value may be left for the next reader
   */
  decode(key: string, entry: Entry, slot: DecodedSlot | undefined): Awaitable<Decoded<T>>;
  /**
   * Returns the value once more, from what `decode` has left beside the entry; `NOT_LEFT` when it has left nothing of the
   * kind. What has no such method decodes each time.
   */
  again?(slot: DecodedSlot): T | typeof NOT_LEFT;
}

/** There is nothing beside an entry that its value could be made of. */
export const NOT_LEFT = Symbol('not left');

/** Takes the body of an entry as it is. */
export const BODIES: EntryDecoder<Buffer> = {
  decode: (_key, { body }) => ({ ok: true, value: body }),
};

const OF_OTHERS: ReadonlySet<EntryFault> = new Set(['newer-format', 'unknown-codec', 'no-key']);

/**
 * Whether others can read what has this fault: another version of the application, during a rolling deploy, or one
 * with another key. It is theirs, and stays.
 */
export function isOfOthers(fault: EntryFault): boolean {
  return OF_OTHERS.has(fault);
}
