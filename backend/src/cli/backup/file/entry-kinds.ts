import { decodeEntry, isTombstone } from '../../../redis/keyspace/index.js';
import type { RdbKey } from '../rdb/rdb-reader.js';
import type { SnapshotCounts } from './backup-header.js';

/**
 * What a key is:
 * - `session`: a session of this library, or of a store for another one
 * - `end`: what keeps something from coming back: the tombstone of a session or a value, the mark of a group
 * - `cached`: a value of the cache, or that there is none
 * - `other`: anything else; nobody but the application knows what it means
 */
export type KeyKind = 'session' | 'end' | 'cached' | 'other';

// 'S' and 'E', for the sessions of this library and of others, and the same in small letters where they are sealed.
const SESSION_CODECS: ReadonlySet<number> = new Set([0x53, 0x73, 0x45, 0x65]);

/** Says what a key of a snapshot is. */
export function kindOf({ text }: Pick<RdbKey, 'text'>): KeyKind {
  if (text === null) return 'other';
  if (isTombstone(text)) return 'end';
  const decoded = decodeEntry(text);
  if (!decoded.ok) return 'other';
  return SESSION_CODECS.has(decoded.entry.codec) ? 'session' : 'cached';
}

/** Counts what is in a snapshot. */
export class KeyCounter {
  readonly #counts = { keys: 0, sessions: 0, ends: 0, cached: 0, expiring: 0 };

  /** What was counted. */
  get counts(): SnapshotCounts {
    return { ...this.#counts };
  }

  /** Counts a key. */
  add(key: RdbKey): void {
    this.#counts.keys++;
    if (key.expiresAt !== null) this.#counts.expiring++;
    const kind = kindOf(key);
    if (kind === 'session') this.#counts.sessions++;
    else if (kind === 'end') this.#counts.ends++;
    else if (kind === 'cached') this.#counts.cached++;
  }
}
