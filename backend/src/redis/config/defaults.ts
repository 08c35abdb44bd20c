import { keepAddress } from './address-mapper.js';
import type { NodeAddress } from '../base/address/index.js';
import type { ResolvedRedisOptions, ResolvedSentinelOptions } from './resolved-options.js';

/** The shape of {@link DEFAULTS}: the names are those of the resolved options. */
export interface Defaults {
  readonly node: ResolvedRedisOptions['node'];
  readonly routing: ResolvedRedisOptions['routing'];
  readonly pools: ResolvedRedisOptions['pools'];
  readonly fallback: ResolvedRedisOptions['fallback'];
  readonly journal: ResolvedRedisOptions['journal'];
  readonly shutdownTimeoutMs: number;
  /** The one Redis of standalone mode, and where to go when Sentinel mode is given up. */
  readonly address: NodeAddress;
  readonly sentinel: ResolvedSentinelOptions['sentinel'] & { readonly strict: boolean };
}

/** The port of a Sentinel that is listed without one. */
export const SENTINEL_PORT = 26_379;

/** Fewer Sentinels than this cannot outvote one that is wrong, so Sentinel mode is refused. */
export const MIN_SENTINELS = 3;

/** The only table of default values. `null` means none. */
export const DEFAULTS: Defaults = Object.freeze({
  node: Object.freeze({
    username: null,
    password: null,
    tls: null,
    db: 0,
    keyPrefix: '',
    clientName: 'nestjs-redis-ha',
    connectTimeoutMs: 1_000,
    heartbeatIntervalMs: 1_000,
    heartbeatTimeoutMs: 3_000,
    stallAfterMs: 100,
    keepAliveMs: 10_000,
  }),
  routing: Object.freeze({
    readPolicy: 'replica-preferred',
    maxStalenessMs: null,
    readTimeoutMs: 250,
    writeTimeoutMs: 8_000,
    maxQueuedCommands: 50_000,
    maxQueuedBytes: 67_108_864,
    retryUncertain: true,
  }),
  pools: Object.freeze({ writeSize: 10, readSize: 1 }),
  fallback: Object.freeze({
    timeoutMs: 200,
    breakerFailures: 5,
    breakerOpenMs: 500,
    stableMs: 1_000,
    maxEntries: 100_000,
    maxBytes: 67_108_864,
  }),
  journal: Object.freeze({
    maxEntries: 100_000,
    maxBytes: 33_554_432,
    maxAgeMs: 3_600_000,
    replayPerSecond: 10_000,
    reapplyMs: 15_000,
    file: null,
    fsync: 'always',
  }),
  shutdownTimeoutMs: 2_000,
  address: Object.freeze({ host: '127.0.0.1', port: 6_379 }),
  sentinel: Object.freeze({
    username: null,
    password: null,
    tls: null,
    masterName: 'mymaster',
    nodes: Object.freeze([]),
    mapAddress: keepAddress,
    pollIntervalMs: 1_000,
    fastPollIntervalMs: 75,
    commandTimeoutMs: 500,
    strict: false,
  }),
});

/** The default of an option by its path, such as `node.db`; `undefined` when it has none. */
export function defaultOf(path: string): unknown {
  const from = path === 'host' || path === 'port' ? `address.${path}` : path;
  const known = from === 'fallbackAddress' ? 'address' : from;
  return known.split('.').reduce<unknown>(member, DEFAULTS);
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}
