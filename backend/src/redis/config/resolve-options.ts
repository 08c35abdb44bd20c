import { socketAddress, type NodeAddress } from '../base/address/index.js';
import type { Problem } from '../base/errors/index.js';
import { connectionName, Findings, isGiven, type Given } from '../base/options/index.js';
import { sealOptions } from './redact-options.js';
import {
  TOP,
  type RedisHaOptions,
  type RedisMode,
  type ResolvedRedisOptions,
  type ResolvedSentinelOptions,
  type Top,
} from './redis-options.js';
import { mergeUrl, parseRedisUrl } from './redis-url.js';
import { checkAccess } from './resolve-access.js';
import { resolveSentinel, type SentinelsFound } from './resolve-sentinel.js';

/** Options that can be used, and what is worth a warning about them. */
export interface Resolution {
  /** Complete, frozen, and printed without secrets. */
  readonly options: ResolvedRedisOptions;
  /** To be logged once at start. Holds no secrets. */
  readonly warnings: readonly Problem[];
  /** Set where fewer than three Sentinels are listed: how many those stand for is found out at the start. */
  readonly shortList: ShortList | null;
}

/** A list of Sentinels that may be too short. */
export interface ShortList {
  readonly options: ResolvedSentinelOptions;
  /** Whether to wait in Sentinel mode while their number is not known: there is no other Redis, and no rule against it. */
  readonly mayWait: boolean;
  /** Sentinel mode after all. With `areNamesShared` each name stands for all Sentinels at its addresses. */
  enough(areNamesShared: boolean): Resolution;
  /** @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) when that is refused. */
  tooFew(found: SentinelsFound): Resolution;
}

const KEYS_OF_MODE: Readonly<Record<RedisMode, readonly string[]>> = {
  standalone: ['host', 'port', 'path', 'url'],
  sentinel: ['sentinel', 'standaloneAddress'],
  memory: [],
};
/** The name of a connection that was given none. */
export const DEFAULT_CONNECTION = 'default';

/**
 * Turns what the application wrote into what the engine consumes: every default applied, frozen.
 *
 * Sentinel mode without Sentinels becomes standalone mode at `standaloneAddress`, with a warning that says
 * why. It is refused when there is no such address, or `sentinel.strict` is set. Where one or two are listed,
 * `shortList` decides so when it is known how many they stand for.
 *
 * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) listing every problem at once, without secrets.
 */
export function resolveOptions(
  input: RedisHaOptions,
  name: string = DEFAULT_CONNECTION,
): Resolution {
  return resolveWith(new Findings(), input, name);
}

/** The same, with what was found already, under the names that `findings` knows. */
export function resolveWith(findings: Findings, input: unknown, name: string): Resolution {
  if (!connectionName.accepts(name)) {
    const message = `must be ${connectionName.expects}`;
    findings.refuse('connectionName', name, message, `Leave it out for '${DEFAULT_CONNECTION}'`);
  }
  const { options, standalone, isStrict, reportTooFew } = resolve(findings, input, name);
  findings.throwProblems();
  const done = (decided: ResolvedRedisOptions): Resolution =>
    Object.freeze({
      options: sealOptions(decided),
      warnings: findings.warnings,
      shortList: null,
    });
  if (reportTooFew === null || options.mode !== 'sentinel') return done(options);
  const shortList: ShortList = {
    options,
    mayWait: standalone === null && !isStrict,
    enough: (areNamesShared) => {
      const resolveNames = areNamesShared || options.sentinel.resolveNames;
      return done({ ...options, sentinel: { ...options.sentinel, resolveNames } });
    },
    tooFew: (found) => {
      reportTooFew(found);
      findings.throwProblems();
      return done(standalone ?? options);
    },
  };
  return Object.freeze({ ...done(options), shortList });
}

interface Resolved {
  readonly options: ResolvedRedisOptions;
  /** What is used where Sentinels are too few; `null` where that is refused. */
  readonly standalone: ResolvedRedisOptions | null;
  readonly isStrict: boolean;
  readonly reportTooFew: ((found: SentinelsFound) => void) | null;
}

function resolve(findings: Findings, input: unknown, name: string): Resolved {
  const hasMembers = isGiven(input) && !(input instanceof Promise);
  const top = TOP.read(hasMembers ? usedOf(input, findings) : input, findings);
  const { mode, host, port, path, url, standaloneAddress, sentinel, ...rest } = top;
  const own = addressOf({ host, port, path });
  const common = { name, ...rest };
  checkAccess('node', common.node, findings);
  if (mode === 'memory') return only({ mode, ...common });
  if (mode !== 'sentinel') {
    return only({ mode: 'standalone', ...common, address: url?.address ?? own });
  }
  const given = { sentinel, standaloneAddress, node: common.node };
  const { sentinel: resolved, reportTooFew } = resolveSentinel(given, listedIn(input), findings);
  const standalone = { mode: 'standalone', ...common, address: standaloneAddress ?? own } as const;
  // Without an address something was refused, so these options are never used.
  if (resolved === null) return only(standalone);
  const { strict: isStrict } = sentinel;
  return {
    options: { mode, ...common, sentinel: resolved },
    standalone: standaloneAddress === null ? null : standalone,
    isStrict,
    reportTooFew,
  };
}

function listedIn(input: unknown): unknown {
  return isGiven(input) && isGiven(input['sentinel']) ? input['sentinel']['nodes'] : null;
}

function only(options: ResolvedRedisOptions): Resolved {
  return { options, standalone: null, isStrict: false, reportTooFew: null };
}

/** Returns the address of the one Redis of standalone mode. */
export function addressOf({ host, port, path }: Pick<Top, 'host' | 'port' | 'path'>): NodeAddress {
  return path === null ? { host, port } : socketAddress(path);
}

/** The options that are used in the requested mode, with what a URL says of the nodes. */
function usedOf(input: Given, findings: Findings): Given {
  const mode = isMode(input['mode']) ? input['mode'] : undefined;
  const idle = Object.entries(KEYS_OF_MODE).flatMap(([of, keys]) => (of === mode ? [] : keys));
  const isUsed = ([key]: readonly [string, unknown]): boolean => !idle.includes(key);
  if (mode !== undefined) warnAboutIdle(input, idle, mode, findings);
  const used = Object.fromEntries(Object.entries(input).filter(isUsed));
  return used['url'] === undefined ? withPath(used, findings) : withUrl(used, findings);
}

function withPath(used: Given, findings: Findings): Given {
  const { host, port, ...others } = used;
  if (used['path'] === undefined) return used;
  refuseBeside('path', { host, port }, findings);
  return others;
}

function refuseBeside(winner: string, others: Given, findings: Findings): void {
  for (const [key, value] of Object.entries(others)) {
    if (value === undefined) continue;
    const remedy = `Keep ${findings.name(key)} or ${findings.name(winner)}, not both`;
    findings.refuse(key, value, `is given together with ${findings.name(winner)}`, remedy);
  }
}

function isMode(value: unknown): value is RedisMode {
  return typeof value === 'string' && Object.hasOwn(KEYS_OF_MODE, value);
}

function withUrl({ host, port, path, ...used }: Given, findings: Findings): Given {
  refuseBeside('url', { host, port, path }, findings);
  const { url, node = {} } = used;
  const parse = typeof url === 'string' ? parseRedisUrl(url) : null;
  // One that cannot be read is reported by its row.
  if (parse?.ok !== true || !isGiven(node)) return used;
  return { ...used, node: mergeUrl(parse.parts, node, findings) };
}

// Not refused: going back to one Redis must not need more than another `mode`.
function warnAboutIdle(
  input: Given,
  idle: readonly string[],
  mode: RedisMode,
  findings: Findings,
): void {
  const remedy = (key: string): string =>
    mode === 'sentinel'
      ? `Remove ${key}; standaloneAddress is the Redis to use when there are too few Sentinels`
      : `Remove ${key}, unless you want to go back to the mode it belongs to`;
  for (const key of idle.filter((candidate) => input[candidate] !== undefined)) {
    const shown = typeof input[key] === 'number' ? input[key] : '(set)';
    findings.warn(key, shown, `has no effect in mode '${mode}'`, remedy(key));
  }
}
