import {
  CircuitOpenError,
  DegradedUnsupportedError,
  JournalFullError,
  RedisDisabledError,
  type RedisHaError,
} from '../../base/errors/index.js';
import type { Away } from './guard.js';

/** The error of a `strict` keyspace when Redis failed. */
export function strictRefusal(keyspace: string, away: Away): unknown {
  // If the command was sent, its own error says more.
  if (away.cause !== null) return away.cause;
  return new CircuitOpenError(
    `Redis is away and the keyspace ${keyspace} is strict: memory must not answer for it`,
    { keyspace },
  );
}

/** The error of a `strict` keyspace in memory mode. */
export function noRedisAtAll(keyspace: string): RedisHaError {
  return new RedisDisabledError(
    `There is no Redis in memory mode, and the keyspace ${keyspace} is strict. ` +
      'Give it another policy, or set REDIS_MODE to standalone or sentinel.',
    { keyspace },
  );
}

/** The error of operations that one process cannot do for all of them. */
export function cannotBeShared(
  operation: string,
  { keyspace, isStrict }: { readonly keyspace: string; readonly isStrict: boolean },
  away: Away | null,
): unknown {
  if (isStrict) {
    return away === null ? noRedisAtAll(keyspace) : strictRefusal(keyspace, away);
  }
  const cause = away?.cause ?? undefined;
  return new DegradedUnsupportedError(
    `${operation} in the keyspace ${keyspace} needs Redis, which is away: ` +
      'other processes take part in it, so memory cannot do it',
    { keyspace, operation },
    cause === undefined ? undefined : { cause },
  );
}

/** The error of a write for which the journal has no room. */
export function noRoom(
  keyspace: string,
  journal: { readonly entries: number; readonly bytes: number },
): JournalFullError {
  return new JournalFullError(
    `Redis is away and the journal is full; a write in the keyspace ${keyspace} was not done`,
    { keyspace, entries: journal.entries, bytes: journal.bytes },
  );
}
