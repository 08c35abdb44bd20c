import type { KeyspacePolicy } from '../../keyspace/index.js';
import type { CacheSerializer } from './serializers.js';

/** What can be set for one call as well as for a namespace. */
export interface CacheLoadOptions {
  /** How long a value is fresh, in milliseconds; `null` means for ever. @defaultValue 60_000 */
  readonly ttlMs?: number | null;
  /**
   * How much of `ttlMs` may be taken off at random, as a share from 0 to 1, so that values that were
   * loaded together do not expire together. @defaultValue 0.1
   */
  readonly ttlJitter?: number;
  /**
   * How long the result `undefined` of a loader (no such value) is remembered, in
   * milliseconds; 0 means not at all. @defaultValue 0
   */
  readonly negativeTtlMs?: number;
  /**
   * After which share of its life a hit starts to reload a value in the background, between 0 and
   * 1; `null` means never. @defaultValue null
   */
  readonly refreshAhead?: number | null;
  /**
   * How long a call waits for a load when there is a stale value: then it gets the stale value, and the load
   * goes on in the background. `null` means as long as it takes. @defaultValue null
   */
  readonly softTimeoutMs?: number | null;
  /**
   * How long a load may take, including the wait for other processes: then its signal fires, and its
   * callers get a stale value or `LOADER_TIMEOUT`. @defaultValue 10_000
   */
  readonly hardTimeoutMs?: number;
  /**
   * How long after a failed load a stale value is served without loading again, in milliseconds.
   * @defaultValue 1_000
   */
  readonly retryAfterMs?: number;
  /** Whether only one process at a time loads a key. @defaultValue true */
  readonly shareLoads?: boolean;
}

/** How a namespace of the cache behaves. */
export interface CacheOptions extends CacheLoadOptions {
  /** What memory may be used for while Redis is away; see `docs/cache.md`. @defaultValue 'cache' */
  readonly policy?: KeyspacePolicy;
  /**
   * How long an expired value may still be served when a load fails or Redis is away, in
   * milliseconds. Only with the policy `cache`. 0, because only the application knows which of its
   * values may be older than their TTL. @defaultValue 0
   */
  readonly maxStaleMs?: number;
  /**
   * How long a process that has stopped or died keeps others from loading a key, in milliseconds.
   * A running process renews its lease. @defaultValue 1_000
   */
  readonly leaseMs?: number;
  /**
   * How long a copy in memory is used without asking Redis, in milliseconds; 0 means never.
   * Changes by other processes are announced, so this limit matters only when an announcement
   * is lost. @defaultValue 0
   */
  readonly nearMs?: number;
  /** Turns values into bytes and back. @defaultValue jsonSerializer */
  readonly serializer?: CacheSerializer;
  /** Values with more bytes are compressed; `null` means none are. @defaultValue 16_384 */
  readonly compressOverBytes?: number | null;
  /** Values with more bytes are refused, before they are compressed. @defaultValue 1_048_576 */
  readonly maxValueBytes?: number;
}

/** Tags: names under which an entry can be deleted together with others. A list, or a function of the value. */
export type CacheTags<T = unknown> = readonly string[] | ((value: T) => readonly string[]);

/** What can be set for one call that may load. */
export interface GetOrSetOptions<T = unknown> extends CacheLoadOptions {
  /** Tags: names under which the entry can be deleted together with others. */
  readonly tags?: CacheTags<T>;
}

/** What can be set for one call that writes. */
export type SetOptions<T = unknown> = Pick<GetOrSetOptions<T>, 'ttlMs' | 'ttlJitter' | 'tags'>;

/** The options of a call, complete and checked. */
export interface ResolvedLoadOptions extends Readonly<Required<CacheLoadOptions>> {
  readonly tags: CacheTags<never>;
}

/** The options of a namespace, complete and checked. */
export type ResolvedCacheOptions = Readonly<Required<CacheOptions>>;
