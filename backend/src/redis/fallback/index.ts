export {
  decodeEntry,
  encodeEntry,
  MAX_GROUP_BYTES,
  MAX_GROUPS,
  type Entry,
  type EntryFault,
  type EntryKind,
} from './entry.js';
export type {
  Claim,
  EntryDraft,
  Namespace,
  NamespacePolicy,
  Reading,
  ReadingSource,
  WriteReceipt,
} from './namespace.js';
export { Fallback } from './fallback.js';
export { openKeptJournal, type KeptJournal } from './kept-journal.js';
export type { FallbackStatus } from './fallback-status.js';
export type { LaneCounts } from './lane.js';
export type { NamespaceSettings } from './namespace-settings.js';
export type { RedisPort, RunTerms } from './redis-port.js';
export { compareStamps, type Stamp } from './stamp.js';
