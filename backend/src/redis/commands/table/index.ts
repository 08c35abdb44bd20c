export { CALL_OPTIONS, type CallOptions } from './call-options.js';
export { problemOf } from './command-arguments.js';
export {
  type CommandIntent,
  type CommandRoute,
  blockOption,
  insteadOf,
  intentOf,
  isRepeatable,
  TRANSACTION,
} from './command-intent.js';
export {
  CommandMethods,
  type RedisCommands,
  type RunCommand,
  defineCommandMethods,
  newBatch,
} from './command-methods.js';
export {
  type BatchResult,
  CommandPayload,
  type Payload,
  type QueuedCommand,
  TransactionPayload,
} from './payloads.js';
export { checkTransaction, refusal } from './refusals.js';
