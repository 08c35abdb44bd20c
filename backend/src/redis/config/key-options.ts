import {
  bytes,
  choice,
  keyBeginnings,
  milliseconds,
  option,
  positive,
  type RowsOf,
} from '../base/options/index.js';

/**
 * What is done about keys that are accessed very often: they are not looked for (`off`), found and told of
 * (`watch`), or spared as well, by answers from the memory of the process (`on`).
 */
export type HotKeyLevel = 'off' | 'watch' | 'on';

/** One of the levels. */
export const hotKeyLevel = choice('off', 'watch', 'on');

/** How a key is written where it leaves the process. */
export type ShownKey = 'hash' | 'short' | 'whole';

/** How keys that are accessed very often are found, and what is done about them. */
export interface HotKeyOptions {
  /** Whether hot keys are looked for (`watch`), and spared (`on`). A namespace of the cache may say otherwise. @defaultValue 'watch' */
  readonly level?: HotKeyLevel;
  /** A key is hot from so many accesses a minute on, by this process, reads and writes apart. @defaultValue 1000 */
  readonly perMinute?: number;
  /** With `on`: how long a copy of a hot key of the cache answers without Redis being asked, in ms. @defaultValue 1000 */
  readonly nearMs?: number;
  /** How keys are written in events, logs and health: as a hash, as their first letters, or whole. @defaultValue 'hash' */
  readonly showKeys?: ShownKey;
}

/** How each of them is read. */
export const HOT_KEY_ROWS = {
  level: option(hotKeyLevel, 'watch', 'REDIS_HOT_KEYS_LEVEL'),
  perMinute: option(positive, 1_000, 'REDIS_HOT_KEYS_PER_MINUTE'),
  nearMs: option(milliseconds, 1_000, 'REDIS_HOT_KEYS_NEAR_MS'),
  showKeys: option(choice('hash', 'short', 'whole'), 'hash', 'REDIS_HOT_KEYS_SHOW_KEYS'),
} satisfies RowsOf<HotKeyOptions>;

/** Which plain keys `redis.near` copies, and how many. */
export interface NearOptions {
  /**
   * How the keys begin that may be copied, without `node.keyPrefix`; none of these begins with another. `['']` means all:
   * then Redis tells each process of each write. @defaultValue none: nothing is copied
   */
  readonly prefixes?: readonly string[];
  /** A copy is not used any more when it is older than this, in ms. @defaultValue 60000 */
  readonly nearMs?: number;
  /** Copies that are kept; those that are not asked for leave first. @defaultValue 10000 */
  readonly maxEntries?: number;
  /** Bytes that they take. @defaultValue 16777216 (16 MiB) */
  readonly maxBytes?: number;
}

/** How each of them is read. */
export const NEAR_ROWS = {
  prefixes: option(keyBeginnings, [], 'REDIS_NEAR_PREFIXES'),
  nearMs: option(milliseconds, 60_000, 'REDIS_NEAR_MS'),
  maxEntries: option(positive, 10_000, 'REDIS_NEAR_MAX_ENTRIES'),
  maxBytes: option(bytes, 16_777_216, 'REDIS_NEAR_MAX_BYTES'),
} satisfies RowsOf<NearOptions>;
