import {
  choice,
  MAX_DELAY_MS,
  MAX_LIFE_MS,
  option,
  OptionSet,
  orNull,
  required,
  wholeNumber,
  type RowsOf,
} from '../base/options/index.js';
import { hotKeyLevel, type HotKeyLevel } from '../config/index.js';
import type { HitCounter } from '../base/stats/index.js';
import type { KeyspacePolicy } from './keyspace.js';
import { MAX_OWN_PERCENT } from './store/memory-rooms.js';
import type { KeyspaceKeys } from './keyspace-keys.js';

/** One of the policies. */
export const policy = choice('cache', 'session', 'strict');

/** A part of memory for one keyspace: half of it may be given away in this way. */
export const memoryPercent = wholeNumber(0, MAX_OWN_PERCENT, 'percent');

/** How a keyspace behaves. */
export interface KeyspaceOptions {
  readonly policy: KeyspacePolicy;
  /** Copies in memory younger than this are used without asking Redis, in milliseconds; 0 means never. */
  readonly nearMs: number;
  /** How long after it expires an entry may be served, in milliseconds. Only with the policy `cache`. */
  readonly maxStaleMs: number;
  /** The part of memory that it has to itself, in percent; 0 means that it shares with others. @defaultValue 0 */
  readonly memoryPercent?: number;
  /** What is done about keys that are accessed very often; `null` means what the connection does. @defaultValue null */
  readonly hotKeys?: HotKeyLevel | null;
}

const ROWS = {
  policy: required(policy),
  nearMs: required(wholeNumber(0, MAX_DELAY_MS, 'milliseconds')),
  maxStaleMs: required(wholeNumber(0, MAX_LIFE_MS, 'milliseconds')),
  memoryPercent: option(memoryPercent, 0),
  hotKeys: option(orNull(hotKeyLevel, 'that of the connection'), null),
} satisfies RowsOf<KeyspaceOptions>;

/** The options of a keyspace. */
export const KEYSPACE = new OptionSet(ROWS, {
  path: 'keyspace',
  example: "{ policy: 'cache', nearMs: 0, maxStaleMs: 0 }",
});

/** Who a keyspace is. */
export interface KeyspaceIdentity {
  readonly keys: KeyspaceKeys;
  readonly options: KeyspaceOptions;
  /** Where its reads are counted. Made when somebody first counts: a keyspace whose reads nobody counts is not listed. */
  readonly hits: () => HitCounter;
}
