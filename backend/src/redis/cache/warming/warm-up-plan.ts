import { InvalidArgumentError } from '../../base/errors/index.js';
import {
  aFunction,
  flag,
  MAX_DELAY_MS,
  option,
  OptionSet,
  orNull,
  required,
  text,
  wholeNumber,
  type Resolved,
  type RowsOf,
} from '../../base/options/index.js';
import type { Loader } from '../loading/value-loader.js';
import {
  CALL_ROWS,
  resolveLoadOptions,
  type GetOrSetOptions,
  type ResolvedLoadOptions,
} from '../values/cache-options.js';

/** Where a warm-up goes on. */
export interface WarmUpPosition {
  /** The last key that is done; `null` at the beginning. Keys up to it may be left out, or given once more. */
  readonly after: string | null;
  /** Fires when the warm-up stops. */
  readonly signal: AbortSignal;
}

/** Returns the keys that are to be warm, the most important first, in the same order each time. */
export type WarmUpKeys = (
  position: WarmUpPosition,
) => Iterable<string> | AsyncIterable<string> | Promise<Iterable<string>>;

/** What is to be warm in a namespace, and how it becomes so. Options of a load, such as `ttlMs`, go with it. */
export interface WarmUpPlan<T = unknown> extends GetOrSetOptions<T> {
  /** Its name, in Redis, logs and health: the same in all processes. */
  readonly name: string;
  /** The keys that are to be warm. @defaultValue none */
  readonly keys?: WarmUpKeys;
  /** How many of the keys that were used a moment ago are to be warm, before the others. @defaultValue 0 */
  readonly recent?: number;
  /** Makes the value of a key, as in `getOrSet`. */
  readonly load: Loader<T>;
  /** How many keys there are, where that is known: for the progress. @defaultValue null */
  readonly total?: number | null;
  /** How many loads the warm-up begins in any second, all processes together. @defaultValue 100 */
  readonly perSecond?: number;
  /** How many loads are under way at a time. @defaultValue 4 */
  readonly concurrency?: number;
  /** How often a failed load is tried again. @defaultValue 2 */
  readonly retries?: number;
  /** Whether it begins when the plan is made. @defaultValue true */
  readonly onBoot?: boolean;
  /** Whether it begins when Redis has lost its data, or was away for longer than `restMs`. @defaultValue true */
  readonly onLoss?: boolean;
  /** How long after the end of one warm-up a process that starts does not begin another, in ms. @defaultValue 60_000 */
  readonly restMs?: number;
  /** How often a process looks whether Redis has lost its data, in ms. @defaultValue 10_000 */
  readonly lookEveryMs?: number;
  /** How long a process that has died keeps others from going on, in ms. @defaultValue 3_000 */
  readonly takeoverMs?: number;
}

const MAX_RECENT = 5_000;
const MAX_PER_SECOND = 100_000;
const delay = wholeNumber(0, MAX_DELAY_MS, 'milliseconds');

const OWN_ROWS = {
  name: required(
    text('1 to 64 letters, digits, - and _', /^[\w-]{1,64}$/, "For example: name: 'catalogue'"),
  ),
  keys: option(aFunction<WarmUpKeys>(), null),
  recent: option(wholeNumber(0, MAX_RECENT), 0),
  load: required(aFunction<Loader>()),
  total: option(orNull(wholeNumber(0, Number.MAX_SAFE_INTEGER), 'it is not known'), null),
  perSecond: option(wholeNumber(1, MAX_PER_SECOND), 100),
  concurrency: option(wholeNumber(1, 1_000), 4),
  retries: option(wholeNumber(0, 10), 2),
  onBoot: option(flag, true),
  onLoss: option(flag, true),
  restMs: option(delay, 60_000),
  lookEveryMs: option(wholeNumber(100, MAX_DELAY_MS, 'milliseconds'), 10_000),
  takeoverMs: option(wholeNumber(300, MAX_DELAY_MS, 'milliseconds'), 3_000),
} satisfies RowsOf<Omit<WarmUpPlan, keyof GetOrSetOptions>>;
/** The options of a warm-up that are no options of a load. */
export const OWN = new OptionSet(OWN_ROWS, { path: 'warmUp' });

/** The options of a warm-up. */
export const WARM_UP = new OptionSet({ ...CALL_ROWS, ...OWN_ROWS } satisfies RowsOf<WarmUpPlan>, {
  path: 'warmUp',
  example: "{ name: 'catalogue', keys: () => allKeys(), load: ({ key }) => find(key) }",
});

/** A plan, complete and checked. */
export type ResolvedPlan = Resolved<typeof OWN_ROWS> & {
  /** How its values are loaded. */
  readonly options: ResolvedLoadOptions;
};

/**
 * Returns a plan, complete; with the options of a call that gives none, for those that it does not give.
 *
 * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) naming the option, its value and a remedy.
 */
export function resolvePlan(plan: object, base: ResolvedLoadOptions): ResolvedPlan {
  WARM_UP.check(plan);
  const members = Object.entries(plan);
  const own = Object.fromEntries(members.filter(([name]) => name in OWN_ROWS));
  const load = Object.fromEntries(members.filter(([name]) => name in CALL_ROWS));
  const resolved = OWN.over(own, OWN.defaults);
  const options = resolveLoadOptions(load, base);
  if (resolved.keys !== null || resolved.recent > 0) return { ...resolved, options };
  throw new InvalidArgumentError({
    field: 'warmUp.keys',
    value: undefined,
    message: 'is missing, and recent is 0: nothing is to be warm',
    remedy:
      'Give keys, a function that returns the keys, or recent, how many that were used a moment ago',
  });
}
