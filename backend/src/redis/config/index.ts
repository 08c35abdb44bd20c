export { containFaults, type AddressMapper } from './address-mapper.js';
export {
  hotKeyLevel,
  type HotKeyLevel,
  type HotKeyOptions,
  type NearOptions,
  type ShownKey,
} from './key-options.js';
export {
  type Credentials,
  type CredentialsFunction,
  type CredentialsReport,
  type Login,
  type LoginRenewal,
  type RedisCredentials,
} from './credentials.js';
export { OPTION_TABLE } from './option-table.js';
export { optionsFromEnv, resolveFromEnv, resolveOverEnv } from './options-from-env.js';
export type { OptionsOverEnvironment } from './over-environment.js';
export { redactOptions } from './redact-options.js';
export {
  plainData,
  readPolicy,
  TOP,
  type MemoryModeOptions,
  type NodeOptions,
  type PlainData,
  type PoolOptions,
  type ReadPolicy,
  type RedisHaOptions,
  type RedisMode,
  type ResolvedAccess,
  type ConnectedOptions,
  type ResolvedRedisOptions,
  type ResolvedSentinelOptions,
  type RoutingOptions,
  type SentinelModeOptions,
  type SentinelOptions,
  type SessionDataOptions,
  type StandaloneModeOptions,
} from './redis-options.js';
export {
  DEFAULT_CONNECTION,
  resolveOptions,
  type Resolution,
  type ShortList,
} from './resolve-options.js';
export { MIN_SENTINELS, type SentinelsFound } from './resolve-sentinel.js';
export { changingCredentials } from './resolve-access.js';
export type { TlsFunction, TlsMaterial } from './tls-rule.js';
