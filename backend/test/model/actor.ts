import type { Clock } from '../../src/redis/base/timing/index.js';
import type { Keyspace } from '../../src/redis/keyspace/index.js';

/** A process, in one of its lives, as histories use it. */
export interface Actor {
  readonly name: string;
  readonly sessions: Keyspace;
  readonly cache: Keyspace;
  readonly clock: Pick<Clock, 'sleep'>;
  /** It has crashed: what it was told says nothing any more. */
  readonly isOver: boolean;
  /** It goes on with a journal of before, whose values it does not hold in memory. */
  readonly hasInherited: boolean;
  /** Whether Redis can be reached, and heard. */
  readonly isLinked: boolean;
  /** Whether Redis gets what it sends, heard or not. */
  readonly isSending: boolean;
  /** Whether it asks Redis, and has told it everything. */
  readonly isCurrent: boolean;
  /** Since when it hears at once what others write; `Infinity` while it does not. */
  readonly heardSince: number;
  /** How many writes wait for Redis. */
  readonly pending: number;
  /** A token for a lease, which no other call has. */
  newToken(): string;
}
