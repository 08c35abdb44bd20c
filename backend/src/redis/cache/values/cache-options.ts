import { ConfigInvalidError } from '../../base/errors/index.js';
import {
  converted,
  flag,
  isGiven,
  MAX_DELAY_MS,
  MAX_LIFE_MS,
  option,
  OptionSet,
  orNull,
  rule,
  wholeNumber,
  type Resolved,
  type RowsOf,
} from '../../base/options/index.js';
import { hotKeyLevel, type HotKeyLevel } from '../../config/index.js';
import { memoryPercent, policy, type KeyspacePolicy } from '../../keyspace/index.js';
import { tagsProblem } from './cache-keys.js';
import { isSerializer, jsonSerializer, type CacheSerializer } from './serializers.js';

/** The largest string Redis holds. */
const MAX_BYTES = 512 * 1024 * 1024;
const MIN_LEASE_MS = 100;
const delay = wholeNumber(0, MAX_DELAY_MS, 'milliseconds');
const life = wholeNumber(0, MAX_LIFE_MS, 'milliseconds');
const size = wholeNumber(1, MAX_BYTES, 'bytes');

/** Options of a namespace that one call can override. */
export interface CacheLoadOptions {
  /** How long a value is fresh, in milliseconds; `null` means that it never expires. @defaultValue 60_000 */
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
   * How long a call waits for a load when there is a stale value. Then it gets the stale value, and the load
   * goes on in the background. `null` means until the load ends. @defaultValue null
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

const LOAD_ROWS = {
  ttlMs: option(orNull(wholeNumber(1, MAX_LIFE_MS, 'milliseconds'), 'it never expires'), 60_000),
  ttlJitter: option(
    rule<number>(
      'a number from 0 to 1',
      (value) => typeof value === 'number' && value >= 0 && value <= 1,
    ),
    0.1,
  ),
  negativeTtlMs: option(life, 0),
  refreshAhead: option(
    orNull(
      rule<number>(
        'a number between 0 and 1',
        (value) => typeof value === 'number' && value > 0 && value < 1,
      ),
      'never',
    ),
    null,
  ),
  softTimeoutMs: option(orNull(delay, 'no limit'), null),
  hardTimeoutMs: option(wholeNumber(1, MAX_DELAY_MS, 'milliseconds'), 10_000),
  retryAfterMs: option(delay, 1_000),
  shareLoads: option(flag, true),
} satisfies RowsOf<CacheLoadOptions>;

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
  /**
   * Whether all hits of a copy in memory get one object, frozen, in place of an object of their own each, which
   * is made of the bytes at each hit. @defaultValue false
   */
  readonly shareObjects?: boolean;
  /**
   * The part of `fallback.maxEntries` and `fallback.maxBytes` that the namespace has to itself, in percent;
   * 0 means that it shares with others. @defaultValue 0
   */
  readonly memoryPercent?: number;
  /**
   * What is done about keys that are asked for very often: `off`, `watch`, or `on`, which lets copies in memory
   * answer for them; `null` means what `hotKeys.level` of the connection says. @defaultValue null
   */
  readonly hotKeys?: HotKeyLevel | null;
  /** Turns values into bytes and back. @defaultValue jsonSerializer */
  readonly serializer?: CacheSerializer;
  /** Values with more bytes are compressed; `null` means none are. @defaultValue 16_384 */
  readonly compressOverBytes?: number | null;
  /** Values with more bytes are refused, before they are compressed. @defaultValue 1_048_576 */
  readonly maxValueBytes?: number;
}

const CACHE_ROWS = {
  policy: option(policy, 'cache'),
  ...LOAD_ROWS,
  maxStaleMs: option(life, 0),
  leaseMs: option(wholeNumber(MIN_LEASE_MS, MAX_DELAY_MS, 'milliseconds'), 1_000),
  nearMs: option(delay, 0),
  shareObjects: option(flag, false),
  memoryPercent: option(memoryPercent, 0),
  hotKeys: option(orNull(hotKeyLevel, 'that of the connection'), null),
  serializer: option(
    rule<CacheSerializer>(
      'an object with an id from 1 to 255 of its own, a name, serialize and deserialize',
      isSerializer,
      { remedy: 'Correct it, or leave it out for the default, jsonSerializer' },
    ),
    jsonSerializer,
  ),
  compressOverBytes: option(orNull(size, 'never'), 16_384),
  maxValueBytes: option(size, 1_048_576),
} satisfies RowsOf<CacheOptions>;

const ordered = [{ low: 'softTimeoutMs', high: 'hardTimeoutMs' }] as const;

/** The options of a namespace. */
export const CACHE = new OptionSet(CACHE_ROWS, {
  path: 'cache',
  example: '{ ttlMs: 60_000 }',
  ordered,
});

/** Options of the cache of a connection: those of all its namespaces, and those of some. */
export interface ConnectionCacheOptions extends CacheOptions {
  /**
   * Namespaces with options of their own, by their names. Made before anybody uses one, so that it does not
   * matter who is first. @defaultValue none
   */
  readonly namespaces?: Readonly<Record<string, CacheOptions>>;
}

const namespaces = converted(
  rule<Readonly<Record<string, CacheOptions>>>('an object with options for each name', isGiven, {
    shows: 'kind',
    remedy: 'For example { prices: { ttlMs: 60_000 } }',
  }),
  (given, path, findings) => {
    for (const [name, options] of Object.entries(given)) {
      new OptionSet(CACHE_ROWS, { path: `${path}.${name}`, ordered }).read(options, findings);
    }
    return given;
  },
);

/** The options of the cache of a connection. */
export const CONNECTION_CACHE = new OptionSet(
  {
    ...CACHE_ROWS,
    namespaces: option(namespaces, {}),
  } satisfies RowsOf<ConnectionCacheOptions>,
  {
    path: 'cache',
    example: '{ ttlMs: 60_000, namespaces: { prices: { ttlMs: 5_000 } } }',
    ordered,
  },
);

/** The options of a namespace, complete and checked. */
export type ResolvedCacheOptions = Resolved<typeof CACHE_ROWS>;

/** Names under which an entry can be deleted together with others: a list, or made from the value. */
export type CacheTags<T = unknown> = readonly string[] | ((value: T) => readonly string[]);

/** Options of a call that may load. */
export interface GetOrSetOptions<T = unknown> extends CacheLoadOptions {
  /** Tags: names under which the entry can be deleted together with others. */
  readonly tags?: CacheTags<T>;
}

/** Options of a call that writes. */
export type SetOptions<T = unknown> = Pick<GetOrSetOptions<T>, 'ttlMs' | 'ttlJitter' | 'tags'>;

const tags = converted(
  rule<CacheTags>('a list of tags, or a function', () => true),
  (given, path, findings): CacheTags<never> | undefined => {
    if (typeof given === 'function') return given;
    const problem = tagsProblem(given);
    if (problem === null) return [...new Set(given)];
    findings.refuse(path, problem.value, problem.message, problem.remedy);
    return undefined;
  },
);

/** The rows of the options of a call. */
export const CALL_ROWS = {
  ...LOAD_ROWS,
  tags: option(tags, []),
} satisfies RowsOf<GetOrSetOptions>;
const CALL = new OptionSet(CALL_ROWS, { path: '', example: '{ ttlMs: 60_000 }', ordered });

/** The options of a call, complete and checked. */
export type ResolvedLoadOptions = Resolved<typeof CALL_ROWS>;

/**
 * Returns the options of a namespace: those that are given, with those of `base` for the others.
 *
 * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) that lists every problem at once.
 */
export function resolveCacheOptions(
  given: CacheOptions,
  base: ResolvedCacheOptions = CACHE.defaults,
): ResolvedCacheOptions {
  const merged = CACHE.resolve(given, base);
  if (merged.policy === 'cache') return merged;
  const { maxStaleMs = 0 } = given;
  if (maxStaleMs === 0) return Object.freeze({ ...merged, maxStaleMs: 0 });
  const message = `only the policy 'cache' serves stale values, and this is '${merged.policy}'`;
  const remedy = "Leave it out, or use the policy 'cache'";
  throw new ConfigInvalidError([{ field: 'cache.maxStaleMs', value: maxStaleMs, message, remedy }]);
}

/**
 * Returns the options of a call: those that are given, with those of the namespace for the others.
 *
 * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) naming the option, its value and a remedy.
 */
export function resolveLoadOptions(
  given: object | undefined,
  base: ResolvedLoadOptions,
): ResolvedLoadOptions {
  return given === undefined ? base : CALL.over(given, base);
}

/** Returns the options of a call that gives none. */
export function baseLoadOptions(options: ResolvedCacheOptions): ResolvedLoadOptions {
  return Object.freeze({ ...options, tags: Object.freeze([]) });
}

/** Returns the first option in which two namespaces differ; `null` when there is none. */
export function differenceOf(
  one: ResolvedCacheOptions,
  other: ResolvedCacheOptions,
): string | null {
  const names = Object.keys(one) as (keyof ResolvedCacheOptions)[];
  const different = names.find((name) =>
    name === 'serializer'
      ? one.serializer.id !== other.serializer.id || one.serializer.name !== other.serializer.name
      : one[name] !== other[name],
  );
  return different ?? null;
}
