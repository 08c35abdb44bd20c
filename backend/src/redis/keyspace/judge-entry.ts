import { stampOf, type DecodedEntry } from './store/entry.js';
import type { DecodedSlot } from './store/memory-records.js';
import type { KeyspacePolicy, Reading, ReadingSource } from './keyspace.js';

const MISSING: Reading = { state: 'missing' };
const UNKNOWN: Reading = { state: 'unknown' };

/** How an entry is judged. */
export interface JudgeOptions {
  readonly policy: KeyspacePolicy;
  /** How long after it expires an entry may still be served, in milliseconds. */
  readonly maxStaleMs: number;
  /** Calendar time. */
  readonly now: number;
  /** There is no Redis at all, so memory knows every key. */
  readonly isMemoryAll: boolean;
}

/** Bytes, and the result of decoding them. */
export interface HeldBytes {
  readonly bytes: Buffer;
  readonly decoded: DecodedEntry;
}

/** Returns what bytes from Redis mean. */
export function readingFromRedis(
  held: HeldBytes,
  options: JudgeOptions,
  slot?: DecodedSlot,
): Reading {
  return judge(held, 'redis', options, slot);
}

/**
 * Returns what a copy in memory means while Redis is not asked. No copy proves nothing: the key may exist.
 *
 * @param slot - where the copy is held
 * @param isTrusted - false when another process may have changed the key since
 */
export function readingFromMemory(
  copy: HeldBytes | null,
  isTrusted: boolean,
  options: JudgeOptions,
  slot?: DecodedSlot,
): Reading {
  if (copy === null) return otherwise(options);
  if (isTrusted) {
    const reading = judge(copy, 'memory', options, slot);
    // Its time was over for this process. Another one may have written it again since.
    return reading.state === 'missing' ? otherwise(options) : reading;
  }
  if (options.policy !== 'cache') return UNKNOWN;
  const reading = judge(copy, 'stale', options, slot);
  return reading.state === 'found' ? { ...reading, isFresh: false } : UNKNOWN;
}

function judge(
  { decoded, bytes }: HeldBytes,
  from: ReadingSource,
  options: JudgeOptions,
  slot: DecodedSlot | undefined,
): Reading {
  if (!decoded.ok) return { state: 'unreadable', fault: decoded.fault, stamp: stampOf(bytes) };
  const { entry } = decoded;
  if (entry.kind === 'tombstone') {
    return { state: 'deleted', stamp: entry.stamp, source: from === 'redis' ? 'redis' : 'memory' };
  }
  const { freshUntil } = entry;
  if (freshUntil === 0 || options.now < freshUntil) {
    return { state: 'found', entry, isFresh: true, source: from, slot };
  }
  const isServable = options.policy === 'cache' && options.now < freshUntil + options.maxStaleMs;
  if (!isServable) return { state: 'missing', stamp: entry.stamp };
  const source = from === 'memory' ? 'stale' : from;
  return { state: 'found', entry, isFresh: false, source, slot };
}

function otherwise({ isMemoryAll }: JudgeOptions): Reading {
  return isMemoryAll ? MISSING : UNKNOWN;
}
