import type { Clock } from '../base/timing/index.js';
import type { Guard } from './breaker/index.js';
import type { HybridClock, MemoryStore, RedisStore } from './store/index.js';
import type { RecentWrites, WriteJournal } from './journal/index.js';

/** What all keyspaces of one connection share. */
export interface KeyspaceDeps {
  readonly clock: Clock;
  readonly stamps: HybridClock;
  readonly memory: MemoryStore;
  readonly journal: WriteJournal;
  readonly recent: RecentWrites;
  readonly reads: Guard;
  readonly writes: Guard;
  /** `null` in memory mode: then there is nothing to fall back from, and nothing to come back to. */
  readonly redis: RedisStore | null;
  /** How long a tombstone is kept. */
  readonly tombstoneMs: number;
  /** Called when a record was added to the journal. */
  readonly onBacklog: () => void;
}
