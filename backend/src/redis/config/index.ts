export {
  buildAddressMapper,
  keepAddress,
  type BuiltMapper,
  type NatMap,
} from './address-mapper.js';
export type {
  MemoryModeOptions,
  NodeOptions,
  PoolOptions,
  ReadPolicy,
  RedisHaOptions,
  RoutingOptions,
  SentinelModeOptions,
  SentinelOptions,
  StandaloneModeOptions,
} from './redis-options.js';
export type {
  AddressMapper,
  ResolvedAccess,
  ResolvedMemoryOptions,
  ResolvedRedisOptions,
  ResolvedSentinelOptions,
  ResolvedStandaloneOptions,
} from './resolved-options.js';
export { DEFAULTS, MIN_SENTINELS, SENTINEL_PORT, type Defaults } from './defaults.js';
export { ENV_VARIABLES, OPTION_TABLE, type OptionRow } from './option-table.js';
export { DEFAULT_CONNECTION, resolveOptions, type Resolution } from './resolve-options.js';
export { optionsFromEnv, resolveFromEnv, type EnvReading } from './options-from-env.js';
export type { Environment } from './env-values.js';
export { redactOptions, type Redacted } from './redact-options.js';
