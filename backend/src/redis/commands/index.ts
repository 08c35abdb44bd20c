export { BlockingCalls } from './dedicated/blocking-calls.js';
export { ConfirmedWrites } from './dedicated/confirmed-writes.js';
export { ExclusiveConnection, withExclusive } from './dedicated/exclusive-connection.js';
export { PrimaryLoans } from './dedicated/primary-loans.js';
export { RawClients } from './dedicated/raw-clients.js';
export {
  type MessageListener,
  SUBSCRIBE_OPTIONS,
  type SubscribeOptions,
  type Subscription,
  SubscriptionKeeper,
} from './dedicated/subscription-keeper.js';
export { CALL_OPTIONS, type CallOptions, type DeclaredAs } from './table/call-options.js';
export {
  type CommandIntent,
  type CommandRoute,
  intentOf,
  isRepeatable,
} from './table/command-intent.js';
export {
  type ChainedCommands,
  CommandMethods,
  defineCommandMethods,
  newBatch,
  type RedisCommands,
} from './table/command-methods.js';
export type { BatchResult, QueuedCommand } from './table/payloads.js';
export { checkTransaction, refusal } from './table/command-arguments.js';
export { CommandRouter } from './shared/command-router.js';
export { CommandRunner, type OwnConnectionCalls } from './command-runner.js';
export { scan, SCAN_OPTIONS, type ScanOptions, type ScanSource } from './scan.js';
export { newScript, SCRIPT, type Script, type ScriptDefinition } from './script.js';
