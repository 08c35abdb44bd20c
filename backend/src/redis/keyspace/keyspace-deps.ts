import type { Clock } from '../base/timing/index.js';
import type { Guard } from './breaker/guard.js';
import type { MemoryStore } from './store/memory-store.js';
import type { RedisStore } from './store/redis-store.js';
import type { HybridClock } from './store/stamp.js';
import type { OwnWrites } from './journal/own-writes.js';

/** What all keyspaces of one connection share. */
export interface KeyspaceDeps {
  readonly clock: Clock;
  readonly stamps: HybridClock;
  readonly memory: MemoryStore;
  readonly own: OwnWrites;
  readonly reads: Guard;
  readonly writes: Guard;
  /** `null` in memory mode: then there is nothing to fall back from, and nothing to come back to. */
  readonly redis: SharedStore | null;
  /** How long a tombstone is kept. */
  readonly tombstoneMs: number;
  /** Called when a record was added to the journal. */
  readonly onBacklog: () => void;
}

/** What keyspaces use of the store in Redis, which they share with other processes. */
export type SharedStore = Pick<
  RedisStore,
  | 'mayLag'
  | 'askFor'
  | 'sendAsked'
  | 'read'
  | 'readPrimary'
  | 'apply'
  | 'applyLive'
  | 'members'
  | 'drop'
  | 'dropNow'
  | 'claim'
  | 'renew'
  | 'release'
  | 'increment'
  | 'takeIfFree'
  | 'giveBack'
>;
