export { BlockingCalls } from './dedicated/blocking-calls.js';
export { ConfirmedWrites } from './dedicated/confirmed-writes.js';
export { ExclusiveConnection, type ExclusiveScripts } from './dedicated/exclusive-connection.js';
export { INVALIDATIONS } from './subscriptions/invalidations.js';
export { PrimaryLoans } from './dedicated/primary-loans.js';
export { RefusedClients, refuseCommands, refusedOptions } from './dedicated/refused-clients.js';
export {
  type ConnectionTarget,
  RawClients,
  type RawClientOptions,
} from './dedicated/raw-clients.js';
export {
  asText,
  type BufferListener,
  channelList,
  checkListener,
  type MessageListener,
  SUBSCRIBE_OPTIONS,
  type SubscribeOptions,
  type Subscription,
} from './subscriptions/subscription.js';
export { Subscriptions } from './subscriptions/subscriptions.js';
export { CommandOperations } from './operations/command-operations.js';
export {
  CALL_OPTIONS,
  type CallOptions,
  type DeclaredAs,
  type ScriptRun,
  type TracedOptions,
} from './table/call-options.js';
export {
  type CommandIntent,
  type CommandRoute,
  intentOf,
  isRepeatable,
} from './table/command-intent.js';
export {
  type ChainedCommands,
  type ChainedScripts,
  CommandMethods,
  defineCommandMethods,
  newBatch,
  type RedisCommands,
  type UncalledArguments,
} from './table/command-methods.js';
export { isFirstTheOnlyKey, keysOf } from './table/command-keys.js';
export type { BatchResult, Payload, PayloadWire, QueuedCommand } from './table/payloads.js';
export { checkTransaction, refusal } from './table/command-arguments.js';
export { CommandRouter } from './shared/command-router.js';
export { rejectedError } from './shared/outcome-errors.js';
export { endedError } from './dedicated/loan-errors.js';
export { CommandRunner, type OwnConnectionCalls, type SharedCalls } from './command-runner.js';
export {
  MEMBER_SCAN_OPTIONS,
  type MemberScanOptions,
  scan,
  SCAN_OPTIONS,
  type ScanOptions,
  type ScanSource,
} from './scan.js';
export {
  isUnknownScript,
  newScript,
  SCRIPT,
  type Script,
  type ScriptDefinition,
} from './table/script.js';
export {
  addScripts,
  defineMethod,
  NO_SCRIPTS,
  type ScriptBook,
  scriptBook,
  type ScriptDefinitions,
  type ScriptMethods,
} from './table/script-methods.js';
export type { ScriptArguments, ScriptKeys } from './table/script-words.js';
export { withExclusive } from './dedicated/with-exclusive.js';
