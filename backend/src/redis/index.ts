export { RedisModule } from './redis.module.js';
export type { RedisAsyncOptions, RedisOptionsFactory, RegisterOptions } from './redis.module.js';
export { RedisService } from './redis.service.js';
export { RedisCommandSet } from './redis.commands.js';
export { InjectRedis, redisToken } from './redis.tokens.js';
export type { NodeStatus, PoolStatus, RedisStatus } from './redis.status.js';
export {
  formatAddress,
  optionsFromEnv,
  parseAddress,
  redactOptions,
  resolveFromEnv,
  resolveOptions,
  type MemoryModeOptions,
  type NodeAddress,
  type NodeOptions,
  type PoolOptions,
  type ReadPolicy,
  type RedisHaOptions,
  type ResolvedRedisOptions,
  type RoutingOptions,
  type SentinelModeOptions,
  type SentinelOptions,
  type StandaloneModeOptions,
} from './config/index.js';
export {
  ClosedError,
  CommandAbortedError,
  CommandRejectedError,
  CommandTimeoutError,
  CommandUncertainError,
  ConfigInvalidError,
  ConnectionLostError,
  InvalidArgumentError,
  NoPrimaryError,
  NoReplicaError,
  QueueFullError,
  RedisDisabledError,
  RedisHaError,
  SentinelsUnreachableError,
  SwitchoverFailedError,
  type ErrorDetails,
  type Problem,
} from './errors/index.js';
export type {
  FailoverReason,
  FailoverRecord,
  FailoverTimes,
  RedisHaEvent,
  RedisHaEventOf,
  RedisHaEventType,
} from './events/index.js';
export type { ChainableCommander, DriverClient, TrackedOptions } from './connection/index.js';
export type {
  BatchResult,
  CallOptions,
  MessageListener,
  RedisCommands,
  RedisSession,
  ScanOptions,
  Script,
  ScriptDefinition,
  SubscribeOptions,
  Subscription,
} from './routing/index.js';
export type { SwitchoverOptions, SwitchoverReport } from './switchover/index.js';
export type { FailoverSummary, SentinelStatus } from './topology/index.js';
