import { isSocketPath } from '../base/address/index.js';
import type { Problem } from '../base/errors/index.js';
import { HIDDEN, isGiven, nearestName, readFlag, type Given } from '../base/options/index.js';
import { readTls } from './env-tls.js';
import { EnvValues, type Environment } from './env-values.js';
import { RETIRED_VARIABLES } from './foreign-names.js';
import {
  ENV_VARIABLES,
  groupOf,
  keyOf,
  OPTION_TABLE,
  usualVariable,
  type OptionRow,
} from './option-table.js';
import { layOver, listsSentinels, type OptionsOverEnvironment } from './over-environment.js';
import { TOP, type RedisHaOptions, type RedisMode } from './redis-options.js';
import { mergeUrl, readUrl } from './redis-url.js';
import { addressOf, DEFAULT_CONNECTION, resolveWith, type Resolution } from './resolve-options.js';

/** What the environment asks for, before it is checked as a whole. */
interface OptionsFromEnv {
  /** To be given to `resolveOptions`. Unreadable variables are left out. */
  readonly options: RedisHaOptions;
  /** Variables that cannot be read, under their own names. */
  readonly problems: readonly Problem[];
  /** Variables that are probably a mistake. */
  readonly warnings: readonly Problem[];
}

/** Values by the path of their option. */
type FlatOptions = Map<string, unknown>;

const MODES: readonly RedisMode[] = ['standalone', 'sentinel', 'memory'];
/** Options that depend on more than one variable, or on the mode. */
const READ_APART = new Set(['mode', 'url', 'node.tls', 'sentinel.tls']);

/** Not read in memory mode. */
const AN_ADDRESS = new Set(['host', 'port', 'path']);

/** Variables of these families are ours alone, so an unknown one is a mistake. */
const OWN_FAMILIES = /^REDIS_(?:ROUTING|NODE|POOLS|FALLBACK|JOURNAL|HOT_KEYS|NEAR)_/;
/** Nearly the names of ours: what was meant to be encrypted would lie open. */
const NEAR_SESSIONS = /^REDIS_SESSIONS?_(?:KEY|PLAIN|ENCRYPT)/;
/** Nearly the names of the lists: without one of them it would be one Redis, without failover. */
const NEAR_SENTINELS = /^REDIS_SENTINELS?(?:_|$)/;
/** What Kubernetes sets for services named like our families. */
const SERVICE_VARIABLES = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP)(?:_\w+)?)$/;

/**
 * Reads the environment and resolves it. Everything is reported under the names of the variables.
 *
 * @throws ConfigInvalidError (`CONFIG_INVALID`) listing every problem at once, without secrets.
 */
export function resolveFromEnv(
  env: Environment = process.env,
  connectionName: string = DEFAULT_CONNECTION,
): Resolution {
  const values = new EnvValues(env);
  return resolveWith(values.findings, draftOptions(values), connectionName);
}

/**
 * Reads the environment, lays options over it, and resolves both. An option of the code wins over its variable;
 * without options it is the environment alone.
 *
 * @throws ConfigInvalidError (`CONFIG_INVALID`) listing every problem at once, without secrets.
 */
export function resolveOverEnv(
  options: OptionsOverEnvironment | undefined,
  env: Environment = process.env,
  connectionName: string = DEFAULT_CONNECTION,
): Resolution {
  if (options === undefined) return resolveFromEnv(env, connectionName);
  const values = new EnvValues(env);
  const code: unknown = options;
  if (!isGiven(code)) return resolveWith(values.findings, code, connectionName);
  const { standaloneAddress, ...environment } = draftOptions(values, modeIn(code));
  const isGuessed = listsSentinels(code) && !isAddressSet(values);
  const below = isGuessed ? environment : { ...environment, standaloneAddress };
  const laid = layOver(below, code, (path) => {
    values.noteSource(path, path);
  });
  return resolveWith(values.findings, laid, connectionName);
}

/** Reads the environment only. Never throws; nothing is resolved and no default is applied. */
export function optionsFromEnv(env: Environment = process.env): OptionsFromEnv {
  const values = new EnvValues(env);
  // Each value was read by the rule of its row, and resolving checks it again.
  const options = draftOptions(values) as unknown as RedisHaOptions;
  const { problems, warnings } = values.findings;
  return Object.freeze({ options, problems, warnings });
}

/** @param modeInCode - the mode, where the code and not the environment chooses it */
function draftOptions(values: EnvValues, modeInCode?: RedisMode): Given {
  const mode = modeInCode ?? chooseMode(values);
  if (modeInCode !== undefined) warnAboutChosenMode(modeInCode, values);
  const flat: FlatOptions = new Map();
  for (const row of OPTION_TABLE.filter((candidate) => isRead(candidate, mode))) {
    set(flat, row.path, values.read(row));
  }
  if (mode !== 'memory') {
    set(flat, 'node.tls', readTls('REDIS_', values));
    applyUrl(flat, values);
    warnAboutServiceLink(values);
  }
  if (mode === 'sentinel') {
    set(flat, 'sentinel.tls', readTls('REDIS_SENTINEL_', values));
    moveToStandaloneAddress(flat, values);
  }
  refuseRetired(values);
  warnAboutUnknown(values);
  return { mode, ...nest(flat) };
}

function isAddressSet(values: EnvValues): boolean {
  return OPTION_TABLE.filter(({ path }) => AN_ADDRESS.has(path) || path === 'url').some(({ env }) =>
    env.some((variable) => values.get(variable) !== undefined),
  );
}

function modeIn(code: Given): RedisMode | undefined {
  return MODES.find((candidate) => candidate === code['mode']);
}

// Going back with one variable is what these are for, and here they could not.
function warnAboutChosenMode(mode: RedisMode, values: EnvValues): void {
  for (const variable of ['REDIS_MODE', 'REDIS_SENTINEL_ENABLED']) {
    const value = values.get(variable);
    if (value === undefined || value.trim().toLowerCase() === mode) continue;
    values.findings.warn(
      variable,
      value,
      `has no effect, because mode is '${mode}' in the code`,
      'Leave mode out in the code, or unset the variable',
    );
  }
}

function chooseMode(values: EnvValues): RedisMode {
  const asked = readMode(values);
  const enabled = readEnabled(values);
  if (asked === 'sentinel' && enabled === false) {
    values.findings.warn(
      'REDIS_SENTINEL_ENABLED',
      false,
      'has no effect, because REDIS_MODE is set to sentinel',
      'Unset REDIS_MODE, or set it to standalone, to go back to one Redis',
    );
  }
  if (asked !== undefined) return asked;
  if (enabled === false) return 'standalone';
  if (enabled === true || values.get('REDIS_SENTINEL_HOSTS') !== undefined) return 'sentinel';
  if (values.get('REDIS_SENTINELS') !== undefined) {
    values.findings.warn(
      'REDIS_SENTINELS',
      '(set)',
      'has no effect, because Sentinel mode is off: running WITHOUT FAILOVER against one Redis',
      'Set REDIS_SENTINEL_ENABLED to true, or to false to say that this is meant',
    );
  }
  return 'standalone';
}

function readMode(values: EnvValues): RedisMode | undefined {
  const raw = values.get('REDIS_MODE');
  const mode = MODES.find((candidate) => candidate === raw?.trim().toLowerCase());
  if (raw !== undefined && mode === undefined) {
    const words = MODES.join(', ');
    values.refuse('REDIS_MODE', raw, `must be one of ${words}`, 'Correct it, or unset it');
  }
  return mode;
}

function readEnabled(values: EnvValues): boolean | undefined {
  const raw = values.get('REDIS_SENTINEL_ENABLED');
  const isEnabled = raw === undefined ? undefined : readFlag(raw);
  if (raw !== undefined && isEnabled === undefined) {
    values.refuse(
      'REDIS_SENTINEL_ENABLED',
      raw,
      'must be true or false',
      'Set it to true for Sentinel mode, or to false for one Redis',
    );
  }
  return isEnabled;
}

/** The variables of a mode that is not used are not read, so that going back works when they are broken. */
function isRead(row: OptionRow, mode: RedisMode): boolean {
  if (READ_APART.has(row.path) || row.env.length === 0) return false;
  if (groupOf(row.path) === 'sentinel') return mode === 'sentinel';
  return mode !== 'memory' || !AN_ADDRESS.has(row.path);
}

function applyUrl(flat: FlatOptions, values: EnvValues): void {
  const row = OPTION_TABLE.find((candidate) => candidate.path === 'url');
  const raw = row === undefined ? undefined : values.read(row);
  if (typeof raw !== 'string') return;
  for (const path of [...AN_ADDRESS].filter((candidate) => flat.has(candidate))) {
    const variable = usualVariable(path);
    values.refuse(
      variable,
      flat.get(path),
      `is given together with ${values.findings.name('url')}`,
      `Keep ${variable} or ${values.findings.name('url')}, not both`,
    );
  }
  const parts = readUrl(raw, 'url', values.findings);
  if (parts === undefined) return;
  const node = mergeUrl(parts, membersOf(flat, 'node'), values.findings);
  const merged = Object.entries(node).map(([key, value]) => [`node.${key}`, value] as const);
  const { host } = parts.address;
  const address = isSocketPath(host) ? { path: host } : parts.address;
  for (const [path, value] of [...merged, ...Object.entries(address)]) {
    if (!flat.has(path)) values.noteSource(path, values.findings.name('url'));
    set(flat, path, value);
  }
}

/**
 * In Sentinel mode, the address of standalone mode is the Redis that is used when there are too few
 * Sentinels: also where it is the default, which the warning names.
 */
function moveToStandaloneAddress(flat: FlatOptions, values: EnvValues): void {
  const given = Object.fromEntries([...AN_ADDRESS].map((key) => [key, flat.get(key)]));
  const top = TOP.read({ mode: 'standalone', ...given }, values.findings);
  for (const key of AN_ADDRESS) flat.delete(key);
  flat.set('standaloneAddress', addressOf(top));
}

function warnAboutServiceLink(values: EnvValues): void {
  if (!values.isServiceLink('REDIS_PORT')) return;
  values.findings.warn(
    'REDIS_PORT',
    HIDDEN,
    'was set by Kubernetes for a service named redis and is not used',
    'Set REDIS_PORT yourself, or set enableServiceLinks: false on the pod',
  );
}

// Without it, what it asked for would be missing, and nobody would notice before it is needed.
function refuseRetired(values: EnvValues): void {
  for (const [name, remedy] of Object.entries(RETIRED_VARIABLES)) {
    const value = values.get(name);
    if (value !== undefined) values.refuse(name, value, 'is no variable any more', remedy);
  }
}

function warnAboutUnknown(values: EnvValues): void {
  const unknown = values
    .names()
    .filter((name) => [OWN_FAMILIES, NEAR_SESSIONS, NEAR_SENTINELS].some((own) => own.test(name)))
    .filter((name) => !ENV_VARIABLES.includes(name))
    .filter((name) => !Object.hasOwn(RETIRED_VARIABLES, name))
    .filter((name) => !SERVICE_VARIABLES.test(name));
  for (const name of unknown) {
    const nearest = nearestName(name, ENV_VARIABLES);
    const remedy = nearest === undefined ? 'Unset it' : `Did you mean ${nearest}?`;
    // Its value may be a secret: a mistyped REDIS_SENTINEL_PASSWORD.
    values.findings.warn(name, HIDDEN, 'is not a variable of this library', remedy);
  }
}

function set(flat: FlatOptions, path: string, value: unknown): void {
  if (value !== undefined) flat.set(path, value);
}

function membersOf(flat: FlatOptions, group: string): Given {
  const own = [...flat].filter(([path]) => groupOf(path) === group);
  return Object.fromEntries(own.map(([path, value]) => [keyOf(path), value]));
}

function nest(flat: FlatOptions): Given {
  const groups = new Set([...flat.keys()].map(groupOf).filter((group) => group !== ''));
  return {
    ...membersOf(flat, ''),
    ...Object.fromEntries([...groups].map((group) => [group, membersOf(flat, group)])),
  };
}
