import type { ModeChange, ServiceModeName } from '../base/events/index.js';
import type { GuardStats } from './breaker/index.js';

/** Status of the part of the service that works without Redis. Numbers only, no keys. */
export interface FallbackStatus {
  readonly mode: ServiceModeName;
  /** Start of the current mode, in calendar milliseconds. */
  readonly since: number;
  /** The latest changes of the mode, oldest first, up to a hundred. */
  readonly history: readonly ModeChange[];
  readonly breakers: {
    readonly reads: 'closed' | 'open' | 'half-open';
    readonly writes: 'closed' | 'open' | 'half-open';
  };
  /** Outcomes of the calls that keyspaces made to Redis. */
  readonly guards: { readonly reads: GuardStats; readonly writes: GuardStats };
  readonly memory: {
    readonly entries: number;
    readonly bytes: number;
    readonly maxEntries: number;
    readonly maxBytes: number;
    /** Entries removed for lack of room. */
    readonly evictions: number;
  };
  readonly journal: {
    readonly entries: number;
    readonly bytes: number;
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
  };
}
