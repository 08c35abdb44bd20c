export {
  type DecodedEntry,
  type Entry,
  type EntryFault,
  type EntryKind,
  MAX_GROUPS,
  MAX_GROUP_BYTES,
  decodeEntry,
  encodeEntry,
  newTombstone,
  stampOf,
} from './entry.js';
export {
  type ApplyOutcome,
  type KeyValueStore,
  type StampedDrop,
  type StampedWrite,
} from './key-value-store.js';
export { MemoryStore } from './memory-store.js';
export { type RedisPort, type RunOptions } from './redis-port.js';
export { RedisStore } from './redis-store.js';
export {
  HybridClock,
  STAMP_BYTES,
  type Stamp,
  compareStamps,
  isStampDigits,
  stampDigits,
  stampOfDigits,
} from './stamp.js';
