import type { ModeChange, ServiceModeName } from '../base/events/index.js';
import type { GuardStats } from './breaker/guard.js';
import type { JournalFileStatus } from './journal/disk/file-status.js';
import type { NoticeStatus } from './breaker/refused-notices.js';
import type { MemoryUsage } from './store/memory-store.js';

/** The status of what works without Redis. Numbers only, no keys. */
export interface FallbackStatus {
  readonly mode: ServiceModeName;
  /** Since when, in calendar milliseconds. */
  readonly since: number;
  /** The latest changes of the mode, oldest first, up to a hundred. */
  readonly history: readonly ModeChange[];
  readonly breakers: {
    readonly reads: 'closed' | 'open' | 'half-open';
    readonly writes: 'closed' | 'open' | 'half-open';
  };
  /** The outcomes of what keyspaces asked of Redis. */
  readonly guards: { readonly reads: GuardStats; readonly writes: GuardStats };
  /** Copies that answer while Redis is away, and the bounds of all of them together. */
  readonly memory: MemoryUsage;
  readonly journal: {
    /** Writes that wait to be replayed. */
    readonly entries: number;
    readonly bytes: number;
    /** The bounds of these and of those that are `acknowledged`, together. */
    readonly maxEntries: number;
    readonly maxBytes: number;
    readonly appended: number;
    /** Replayed and written. */
    readonly applied: number;
    /** Replayed and not written, because Redis had something newer. */
    readonly superseded: number;
    /** Lost for lack of room. */
    readonly dropped: number;
    /** Lost because they were too old to be replayed. */
    readonly expired: number;
    /** Lost because Redis refuses them for what they are. */
    readonly rejected: number;
    /** Acknowledged by Redis a moment ago, and held in case that a failover loses them. */
    readonly acknowledged: number;
    /** Not taken for lack of room: `JOURNAL_FULL`, or a cached value that only memory keeps. */
    readonly refused: number;
    /** The latest write that ended with `JOURNAL_FULL` would still find no room. */
    readonly isFull: boolean;
    /** How long the oldest of those that wait has waited; `null` when there are none. */
    readonly oldestMs: number | null;
    /** The file of this process; `null` where the journal is in memory only. */
    readonly file: JournalFileStatus | null;
  };
  /** By notices other processes learn that their near copies have changed. */
  readonly notices: NoticeStatus;
  /** This process learns the same of others by listening to theirs. Without the right to, it uses no near copies. */
  readonly listening: NoticeStatus;
}
