import {
  CircuitOpenError,
  DegradedUnsupportedError,
  JournalFullError,
  RedisDisabledError,
  type RedisHaError,
} from '../base/errors/index.js';
import type { Away } from './breaker/index.js';
import type { NamespacePolicy } from './keyspace.js';

/** What a `strict` namespace answers when Redis did not do it. */
export function strictRefusal(namespace: string, away: Away): unknown {
  // What was tried has an error of its own, which says more.
  if (away.cause !== null) return away.cause;
  return new CircuitOpenError(
    `Redis is away and the namespace ${namespace} is strict: memory must not answer for it`,
    { namespace },
  );
}

/** What a `strict` namespace answers in memory mode. */
export function noRedisAtAll(namespace: string): RedisHaError {
  return new RedisDisabledError(
    `There is no Redis in memory mode, and the namespace ${namespace} is strict. ` +
      'Give it another policy, or set REDIS_MODE to standalone or sentinel.',
    { namespace },
  );
}

/** What operations answer that one process cannot do for all. */
export function cannotBeShared(
  operation: string,
  { namespace, policy }: { readonly namespace: string; readonly policy: NamespacePolicy },
  away: Away | null,
): unknown {
  if (policy === 'strict') {
    return away === null ? noRedisAtAll(namespace) : strictRefusal(namespace, away);
  }
  const cause = away?.cause ?? undefined;
  return new DegradedUnsupportedError(
    `${operation} in the namespace ${namespace} needs Redis, which is away: ` +
      'other processes take part in it, so memory cannot do it',
    { namespace, operation },
    cause === undefined ? undefined : { cause },
  );
}

/** What a write answers for which the journal has no room. */
export function noRoom(
  namespace: string,
  journal: { readonly entries: number; readonly bytes: number },
): JournalFullError {
  return new JournalFullError(
    `Redis is away and the journal is full; a write in the namespace ${namespace} was not done`,
    { namespace, entries: journal.entries, bytes: journal.bytes },
  );
}
