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
  type RunTerms,
  type Stamp,
} from './store/index.js';
export type {
  Claim,
  EntryDraft,
  Namespace,
  NamespacePolicy,
  Reading,
  ReadingSource,
  WriteReceipt,
} from './keyspace.js';
export { Fallback } from './keyspaces.js';
export { openKeptJournal, type KeptJournal } from './journal/index.js';
export type { FallbackStatus } from './fallback-status.js';
export type { LaneCounts } from './breaker/index.js';
export { policy, type NamespaceSettings } from './keyspace-options.js';
