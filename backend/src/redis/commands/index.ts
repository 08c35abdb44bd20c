export {
  BlockingCalls,
  type MessageListener,
  PrimaryLoans,
  RawClients,
  ExclusiveConnection,
  SUBSCRIBE_OPTIONS,
  type SubscribeOptions,
  type Subscription,
  SubscriptionKeeper,
  withExclusive,
} from './dedicated/index.js';
export {
  type BatchResult,
  CALL_OPTIONS,
  type CallOptions,
  checkTransaction,
  type CommandIntent,
  CommandMethods,
  type CommandRoute,
  defineCommandMethods,
  intentOf,
  isRepeatable,
  newBatch,
  type QueuedCommand,
  type RedisCommands,
  refusal,
  type RunCommand,
} from './table/index.js';
export { CommandRouter } from './shared/index.js';
export { CommandRunner } from './command-runner.js';
export { scan, SCAN_OPTIONS, type ScanOptions, type ScanSource } from './scan.js';
export { newScript, SCRIPT, type Script, type ScriptDefinition } from './script.js';
