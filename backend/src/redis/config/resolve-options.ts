import { ConfigInvalidError, type Problem } from '../base/errors/index.js';
import { checkOrder } from './check-order.js';
import { Findings } from './findings.js';
import { stripBrackets, type NodeAddress } from '../base/address/index.js';
import { checkKeys, isGiven, readGroup, readScalar, type Given } from './option-reader.js';
import { rowOf } from './option-table.js';
import type { RedisHaOptions } from './redis-options.js';
import { mergeUrl, readUrl, type UrlParts } from './redis-url.js';
import { resolveAccess } from './resolve-access.js';
import { resolveSentinel } from './resolve-sentinel.js';
import type { ResolvedMemoryOptions, ResolvedRedisOptions } from './resolved-options.js';
import { sealOptions } from './seal-options.js';

/** Options that can be used, and what is worth a warning about them. */
export interface Resolution {
  /** Complete, frozen, and printed without secrets. */
  readonly options: ResolvedRedisOptions;
  /** To be logged once at start. Holds no secrets. */
  readonly warnings: readonly Problem[];
}

type Mode = RedisHaOptions['mode'];
type Common = Omit<ResolvedMemoryOptions, 'mode'>;

const KEYS_OF_ALL_MODES = [
  'mode',
  'node',
  'routing',
  'pools',
  'fallback',
  'journal',
  'shutdownTimeoutMs',
];
const KEYS_OF_MODE: Readonly<Record<Mode, readonly string[]>> = {
  standalone: ['host', 'port', 'url'],
  sentinel: ['sentinel', 'fallbackAddress'],
  memory: [],
};
const NAME = /^\S+$/;
/** The name of a connection that was given none. */
export const DEFAULT_CONNECTION = 'default';

/**
 * Turns what the application wrote into what the engine consumes: every default applied, frozen.
 *
 * Sentinel mode with fewer than three Sentinels becomes standalone mode with a warning that says why,
 * unless `sentinel.strict` is set.
 *
 * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) listing every problem at once, without secrets.
 */
export function resolveOptions(
  input: RedisHaOptions,
  connectionName: string = DEFAULT_CONNECTION,
): Resolution {
  return resolveWith(new Findings(), input, connectionName);
}

/** {@link resolveOptions} on top of what was found already, under the names `findings` knows. */
export function resolveWith(
  findings: Findings,
  input: unknown,
  connectionName: string,
): Resolution {
  const options = resolve(findings, input, connectionName);
  if (options === undefined || findings.problems.length > 0) {
    throw new ConfigInvalidError(findings.problems);
  }
  return Object.freeze({ options: sealOptions(options), warnings: findings.warnings });
}

function resolve(
  findings: Findings,
  input: unknown,
  connectionName: string,
): ResolvedRedisOptions | undefined {
  checkName(connectionName, findings);
  if (!isGiven(input)) {
    const shown = typeof input === 'string' ? '(text)' : input;
    findings.refuse('options', shown, 'must be an object', "Write { mode: 'standalone' }");
    return undefined;
  }
  const mode = readMode(input, findings);
  checkModeKeys(input, mode, findings);
  switch (mode) {
    case 'standalone':
      return resolveStandalone(input, connectionName, findings);
    case 'sentinel':
      return resolveSentinelMode(input, connectionName, findings);
    case 'memory':
      return { mode, ...resolveCommon(input, input['node'], connectionName, findings) };
    case undefined:
      resolveCommon(input, input['node'], connectionName, findings);
      return undefined;
  }
}

function resolveStandalone(given: Given, name: string, findings: Findings): ResolvedRedisOptions {
  const url = given['url'] === undefined ? undefined : readUrl('url', given['url'], findings);
  for (const key of ['host', 'port'].filter(() => given['url'] !== undefined)) {
    if (given[key] === undefined) continue;
    findings.refuse(key, given[key], 'is given together with url', `Keep ${key} or url, not both`);
  }
  const own: NodeAddress = {
    host: stripBrackets(String(readRoot('host', given, findings))),
    port: Number(readRoot('port', given, findings)),
  };
  const common = resolveCommon(given, nodeWithUrl(given['node'], url, findings), name, findings);
  return { mode: 'standalone', ...common, address: url?.address ?? own };
}

function nodeWithUrl(node: unknown, url: UrlParts | undefined, findings: Findings): unknown {
  if (url === undefined) return node;
  if (node === undefined) return mergeUrl(url, {}, findings);
  return isGiven(node) ? mergeUrl(url, node, findings) : node;
}

function resolveSentinelMode(given: Given, name: string, findings: Findings): ResolvedRedisOptions {
  const common = resolveCommon(given, given['node'], name, findings);
  const outcome = resolveSentinel(given, findings);
  if (outcome.kind === 'fallback') {
    return { mode: 'standalone', ...common, address: outcome.address };
  }
  return { mode: 'sentinel', ...common, sentinel: outcome.sentinel };
}

function resolveCommon(given: Given, node: unknown, name: string, findings: Findings): Common {
  const scalars = readGroup('node', node, findings);
  const common = {
    name,
    node: {
      ...scalars,
      ...resolveAccess('node', scalars, isGiven(node) ? node['tls'] : undefined, findings),
    },
    routing: { ...readGroup('routing', given['routing'], findings) },
    pools: { ...readGroup('pools', given['pools'], findings) },
    fallback: { ...readGroup('fallback', given['fallback'], findings) },
    journal: { ...readGroup('journal', given['journal'], findings) },
    shutdownTimeoutMs: Number(readRoot('shutdownTimeoutMs', given, findings)),
  };
  checkOrder('node', common.node, findings);
  return common;
}

function readRoot(key: string, given: Given, findings: Findings): unknown {
  const row = rowOf(key);
  return row === undefined ? undefined : readScalar(row, given[key], findings);
}

function readMode(given: Given, findings: Findings): Mode | undefined {
  const mode = given['mode'];
  if (mode === 'standalone' || mode === 'sentinel' || mode === 'memory') return mode;
  findings.refuse(
    'mode',
    mode,
    mode === undefined ? 'is missing' : `must be ${String(rowOf('mode')?.rule.expects)}`,
    "Set mode to 'sentinel' for production, 'standalone' for one Redis, 'memory' for none",
  );
  return undefined;
}

function checkModeKeys(given: Given, mode: Mode | undefined, findings: Findings): void {
  const ofEveryMode = [...KEYS_OF_ALL_MODES, ...Object.values(KEYS_OF_MODE).flat()];
  checkKeys(given, '', ofEveryMode, findings);
  if (mode === undefined) return;
  const idle = ofEveryMode.filter(
    (key) => !KEYS_OF_ALL_MODES.includes(key) && !KEYS_OF_MODE[mode].includes(key),
  );
  // Not refused: going back to one Redis must not need more than another `mode`.
  for (const key of idle.filter((candidate) => given[candidate] !== undefined)) {
    const shown = typeof given[key] === 'number' ? given[key] : '(set)';
    findings.warn(key, shown, `has no effect in mode '${mode}'`, idleRemedy(key, mode));
  }
}

function idleRemedy(key: string, mode: Mode): string {
  return mode === 'sentinel'
    ? `Remove ${key}; fallbackAddress is the Redis to use when Sentinel mode is given up`
    : `Remove ${key}, unless you mean to come back to the mode it belongs to`;
}

function checkName(connectionName: unknown, findings: Findings): void {
  if (typeof connectionName === 'string' && NAME.test(connectionName)) return;
  findings.refuse(
    'connectionName',
    connectionName,
    'must be text without white space, and not empty',
    `Leave it out for '${DEFAULT_CONNECTION}'`,
  );
}
