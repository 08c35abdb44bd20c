export {
  compareStamps,
  decodeEntry,
  encodeEntry,
  type Entry,
  type EntryFault,
  type EntryKind,
  MAX_GROUP_BYTES,
  MAX_GROUPS,
  type RedisPort,
  type RunOptions,
  type Stamp,
} from './store/index.js';
export type {
  Claim,
  EntryDraft,
  Keyspace,
  KeyspacePolicy,
  Reading,
  ReadingSource,
  WriteReceipt,
} from './keyspace.js';
export { Keyspaces } from './keyspaces.js';
export { openKeptJournal, type KeptJournal } from './journal/index.js';
export type { FallbackStatus } from './fallback-status.js';
export type { GuardStats } from './breaker/index.js';
export { policy, type KeyspaceOptions } from './keyspace-options.js';
