import type { Clock } from '../base/timing/index.js';
import type { Lane } from './breaker/index.js';
import type { HybridClock, MemoryStore, RedisStore } from './store/index.js';
import type { RecentWrites, WriteJournal } from './journal/index.js';

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
