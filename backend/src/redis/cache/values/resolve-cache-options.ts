import type { ResolvedCacheOptions, CacheOptions, ResolvedLoadOptions } from './cache-options.js';
import { checkTags, refusal } from './cache-keys.js';
import { BUILT_IN, jsonSerializer, type CacheSerializer } from './serializers.js';

/** Which value an option accepts. */
interface Rule {
  /** Completes the sentence "must be …". */
  readonly expects: string;
  accepts(value: unknown): boolean;
}

/** The longest delay a Node.js timer can hold. */
const MAX_DELAY_MS = 2_147_483_647;
/** Ten years: what lives longer is better kept for ever. */
const MAX_LIFE_MS = 10 * 365 * 86_400_000;
/** The largest string Redis holds. */
const MAX_BYTES = 512 * 1024 * 1024;
const MIN_LEASE_MS = 100;
const MAX_SERIALIZER_ID = 255;

const DEFAULTS: ResolvedCacheOptions = Object.freeze({
  policy: 'cache',
  ttlMs: 60_000,
  ttlJitter: 0.1,
  maxStaleMs: 0,
  negativeTtlMs: 0,
  refreshAhead: null,
  softTimeoutMs: null,
  hardTimeoutMs: 10_000,
  retryAfterMs: 1_000,
  leaseMs: 1_000,
  shareLoads: true,
  nearMs: 0,
  serializer: jsonSerializer,
  compressOverBytes: 16_384,
  maxValueBytes: 1024 * 1024,
});

type OptionName = keyof ResolvedCacheOptions;

const LOAD_RULES: Readonly<Partial<Record<string, Rule>>> = {
  ttlMs: orNull(wholeNumber(1, MAX_LIFE_MS, 'milliseconds'), 'for ever'),
  ttlJitter: {
    expects: 'a number from 0 to 1',
    accepts: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  },
  negativeTtlMs: wholeNumber(0, MAX_LIFE_MS, 'milliseconds'),
  refreshAhead: orNull(
    {
      expects: 'a number between 0 and 1',
      accepts: (value) => typeof value === 'number' && value > 0 && value < 1,
    },
    'never',
  ),
  softTimeoutMs: orNull(wholeNumber(0, MAX_DELAY_MS, 'milliseconds'), 'no limit'),
  hardTimeoutMs: wholeNumber(1, MAX_DELAY_MS, 'milliseconds'),
  retryAfterMs: wholeNumber(0, MAX_DELAY_MS, 'milliseconds'),
  shareLoads: { expects: 'true or false', accepts: (value) => typeof value === 'boolean' },
};

const RULES: Readonly<Partial<Record<string, Rule>>> = {
  ...LOAD_RULES,
  policy: {
    expects: "one of 'cache', 'session', 'strict'",
    accepts: (value) => value === 'cache' || value === 'session' || value === 'strict',
  },
  maxStaleMs: wholeNumber(0, MAX_LIFE_MS, 'milliseconds'),
  leaseMs: wholeNumber(MIN_LEASE_MS, MAX_DELAY_MS, 'milliseconds'),
  nearMs: wholeNumber(0, MAX_DELAY_MS, 'milliseconds'),
  serializer: {
    expects: 'an object with an id from 1 to 255 of its own, a name, serialize and deserialize',
    accepts: isSerializer,
  },
  compressOverBytes: orNull(wholeNumber(1, MAX_BYTES, 'bytes'), 'never'),
  maxValueBytes: wholeNumber(1, MAX_BYTES, 'bytes'),
};

/**
 * The options of a namespace: what is given, else what `base` says, else the defaults.
 *
 * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) naming the option, its value and a remedy.
 */
export function resolveCacheOptions(
  given: CacheOptions,
  base: ResolvedCacheOptions = DEFAULTS,
): ResolvedCacheOptions {
  const own = checked(given, RULES);
  const merged: ResolvedCacheOptions = { ...base, ...own };
  checkOrder(merged);
  if (merged.policy === 'cache') return Object.freeze(merged);
  if (own.maxStaleMs !== undefined && own.maxStaleMs > 0) {
    const message = `only the policy 'cache' serves stale values, and this is '${merged.policy}'`;
    throw refusal('maxStaleMs', own.maxStaleMs, message, "Leave it out, or use the policy 'cache'");
  }
  return Object.freeze({ ...merged, maxStaleMs: 0 });
}

/** Options of a call: what is given, else those of the namespace. */
export function resolveLoadOptions(
  given: object | undefined,
  base: ResolvedLoadOptions,
): ResolvedLoadOptions {
  if (given === undefined) return base;
  requireObject(given);
  const { tags, ...rest } = given as { readonly tags?: unknown };
  const terms = { ...base, ...checked(rest, LOAD_RULES) };
  checkOrder(terms);
  if (tags === undefined) return terms;
  return {
    ...terms,
    tags: typeof tags === 'function' ? (tags as ResolvedLoadOptions['tags']) : checkTags(tags),
  };
}

/**
 * Checks options of calls before there is a namespace to resolve them with.
 *
 * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) naming the option, its value and a remedy.
 */
export function checkLoadOptions(given: object): void {
  const { tags, ...rest } = given as { readonly tags?: unknown };
  checked(rest, LOAD_RULES);
  if (tags !== undefined && typeof tags !== 'function') checkTags(tags);
}

/** What a namespace's options say of each call. */
export function baseLoadOptions(options: ResolvedCacheOptions): ResolvedLoadOptions {
  return Object.freeze({ ...options, tags: Object.freeze([]) });
}

/** The first option in which two namespaces differ; `null` when they behave in the same way. */
export function differenceOf(
  one: ResolvedCacheOptions,
  other: ResolvedCacheOptions,
): string | null {
  const names = Object.keys(one) as OptionName[];
  const different = names.find((name) =>
    name === 'serializer'
      ? one.serializer.id !== other.serializer.id || one.serializer.name !== other.serializer.name
      : one[name] !== other[name],
  );
  return different ?? null;
}

function checked(
  given: unknown,
  rules: Readonly<Partial<Record<string, Rule>>>,
): Partial<ResolvedCacheOptions> {
  requireObject(given);
  const set: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      const known = `Known here: ${Object.keys(rules).join(', ')}`;
      throw refusal(name, '(not shown)', 'is not an option', known);
    }
    if (!rule.accepts(value)) {
      throw refusal(name, showValue(value), `must be ${rule.expects}`, remedyFor(name));
    }
    set[name] = value;
  }
  // Every member was checked by its rule, which is what its type says.
  return set;
}

function requireObject(given: unknown): asserts given is object {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return;
  throw refusal('options', `(${typeof given})`, 'options must be an object', 'Give { ttlMs: … }');
}

function checkOrder(terms: Pick<ResolvedLoadOptions, 'softTimeoutMs' | 'hardTimeoutMs'>): void {
  const { softTimeoutMs, hardTimeoutMs } = terms;
  if (softTimeoutMs === null || softTimeoutMs < hardTimeoutMs) return;
  const message = `must be smaller than hardTimeoutMs, which is ${String(hardTimeoutMs)}`;
  throw refusal('softTimeoutMs', softTimeoutMs, message, 'Lower it, or raise hardTimeoutMs');
}

function remedyFor(name: string): string {
  const value = DEFAULTS[name as OptionName];
  const shown = name === 'serializer' ? 'jsonSerializer' : JSON.stringify(value);
  return `Correct it, or leave it out for the default, ${shown}`;
}

// JSON has no NaN and no infinity: they would be shown as null, which may be allowed.
function showValue(value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

function wholeNumber(min: number, max: number, unit: string): Rule {
  return {
    expects: `a whole number of ${unit} from ${String(min)} to ${String(max)}`,
    accepts: (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
  };
}

function orNull(rule: Rule, meaning: string): Rule {
  return {
    expects: `${rule.expects}, or null (${meaning})`,
    accepts: (value) => value === null || rule.accepts(value),
  };
}

function isSerializer(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { id, name, serialize, deserialize } = value as Partial<CacheSerializer>;
  if (typeof serialize !== 'function' || typeof deserialize !== 'function') return false;
  if (typeof name !== 'string' || !Number.isInteger(id)) return false;
  if (Number(id) < 1 || Number(id) > MAX_SERIALIZER_ID) return false;
  // Entries with the id of a built-in one are always read by that one.
  return BUILT_IN.every((builtIn) => builtIn.id !== id || builtIn === value);
}
