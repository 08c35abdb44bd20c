export { BlockingCalls } from './blocking-calls.js';
export type { CallOptions } from './call.js';
export { intentOf, isRepeatable, type CommandIntent, type CommandRoute } from './command-intent.js';
export { CommandRouter } from './command-router.js';
export { CommandRunner } from './command-runner.js';
export type { BatchResult, QueuedCommand } from './payloads.js';
export { PrimaryLeases } from './primary-leases.js';
export { RawClients } from './raw-clients.js';
export {
  CommandMethods,
  defineCommandMethods,
  newBatch,
  type RedisCommands,
  type RunCommand,
} from './redis-commands.js';
export { scan, type ScanOptions, type ScanSource } from './scan.js';
export { newScript, type Script, type ScriptDefinition } from './script.js';
export { RedisSession, withSession } from './session.js';
export {
  SubscriptionKeeper,
  type MessageListener,
  type SubscribeOptions,
  type Subscription,
} from './subscription-keeper.js';
