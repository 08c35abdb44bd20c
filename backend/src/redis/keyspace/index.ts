export {
  type Decoded,
  decodeEntry,
  type Entry,
  type EntryFault,
  hasStamp,
  isTombstone,
  MAX_GROUP_BYTES,
  MAX_GROUPS,
  type Unreadable,
} from './store/entry.js';
export type { DecodedSlot } from './store/memory-records.js';
export type { RedisPort, RunOptions } from './store/redis-port.js';
export { ENTRIES, FAILURES, MARKS } from './store/script-parts.js';
export { SlotNames } from './store/slot-names.js';
export {
  compareStamps,
  isStampDigits,
  laterThan,
  MAX_AHEAD_MS,
  rightAfter,
  type Stamp,
  stampBytes,
  stampDigits,
  stampOfDigits,
} from './store/stamp.js';
export { type KeyspaceOptions, memoryPercent, policy } from './keyspace-options.js';
export type {
  Claim,
  DeleteOptions,
  DropOptions,
  EntryDraft,
  Keyspace,
  KeyspacePolicy,
  ReadOptions,
  WriteOptions,
  WritePlace,
  WriteReceipt,
} from './keyspace.js';
export {
  type Awaitable,
  type EntryDecoder,
  type Found,
  isOfOthers,
  NOT_LEFT,
  type Reading,
  type ReadingSource,
} from './reading.js';
export { Keyspaces } from './keyspaces.js';
export { openKeptJournal, type KeptJournal } from './journal/kept-journal.js';
export type { FallbackStatus } from './fallback-status.js';
export type { GuardStats } from './breaker/guard.js';
