export {
  buildAddressMapper,
  containFaults,
  keepAddress,
  type AddressMapper,
  type BuiltMapper,
  type NatMap,
} from './address-mapper.js';
export { SENTINEL_PORT } from './address-rules.js';
export type { Environment } from './env-values.js';
export { ENV_VARIABLES, OPTION_TABLE, type OptionRow } from './option-table.js';
export { optionsFromEnv, resolveFromEnv, type OptionsFromEnv } from './options-from-env.js';
export { redactOptions, type Redacted } from './redact-options.js';
export {
  readPolicy,
  TOP,
  type MemoryModeOptions,
  type NodeOptions,
  type PoolOptions,
  type ReadPolicy,
  type RedisHaOptions,
  type RedisMode,
  type ResolvedAccess,
  type ResolvedMemoryOptions,
  type ResolvedRedisOptions,
  type ResolvedSentinelOptions,
  type ResolvedStandaloneOptions,
  type RoutingOptions,
  type SentinelModeOptions,
  type SentinelOptions,
  type StandaloneModeOptions,
} from './redis-options.js';
export { DEFAULT_CONNECTION, resolveOptions, type Resolution } from './resolve-options.js';
export { MIN_SENTINELS } from './resolve-sentinel.js';
