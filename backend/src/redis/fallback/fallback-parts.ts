import type { Clock } from '../timing/index.js';
import type { Lane } from './lane.js';
import type { MemoryStore } from './memory-store.js';
import type { RecentWrites } from './recent-writes.js';
import type { RedisStore } from './redis-store.js';
import type { HybridClock } from './stamp.js';
import type { WriteJournal } from './write-journal.js';

/** What all namespaces of one connection share. */
export interface FallbackParts {
  readonly clock: Clock;
  readonly stamps: HybridClock;
  readonly memory: MemoryStore;
  readonly journal: WriteJournal;
  readonly recent: RecentWrites;
  readonly reads: Lane;
  readonly writes: Lane;
  /** `null` in memory mode: then there is nothing to fall back from, and nothing to come back to. */
  readonly redis: RedisStore | null;
  /** How long a delete is remembered. */
  readonly tombstoneMs: number;
  /** Called when something was journaled. */
  readonly onBacklog: () => void;
}
