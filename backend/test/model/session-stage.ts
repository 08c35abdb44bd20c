import type { Clock } from '../../src/redis/base/timing/index.js';
import type { Keyspace } from '../../src/redis/keyspace/index.js';
import type { SessionService } from '../../src/redis/sessions/index.js';
import type { ManualClock } from '../../src/redis/testing/index.js';

/** The way of a process to Redis, and what waits to go there. */
export interface Link {
  readonly isAway: boolean;
  /** How many changes Redis has still to hear of. */
  readonly pending: number;
  goAway(): void;
  reach(): void;
  /** Hands one change to Redis, where changes do not go by themselves. */
  replayOne(choose: (targets: readonly string[]) => number): unknown;
}

/** What sessions of a process stand on. */
export interface Footing {
  readonly keyspace: Keyspace;
  readonly link: Link;
  readonly clock: Clock;
}

/** Time that is moved by hand, and the processes that live in it. */
export interface Stage {
  readonly time: Pick<ManualClock, 'wallTime' | 'advance'>;
  readonly footings: readonly Footing[];
  /** Redis comes back without anything. */
  readonly lose?: () => void;
}

/** A process with sessions. */
export interface Process {
  readonly link: Link;
  readonly sessions: SessionService<{ n: number }>;
}

/** Whether it is cut off, or has something to hand in. */
export function isBusy({ link }: Process): boolean {
  return link.isAway || link.pending > 0;
}
