import { RedisHaError } from './redis-ha-error.js';

/** One problem of an option or an argument, and what to do about it. */
export interface Problem {
  /** Path of the option or name of the environment variable, for example `sentinel.nodes[1]`. */
  readonly field: string;
  /** The value as received. Secrets were replaced before. */
  readonly value: unknown;
  /** What is wrong with it. */
  readonly message: string;
  /** What to write instead. */
  readonly remedy: string;
}

/** The configuration cannot be used. Lists every problem at once. */
export class ConfigInvalidError extends RedisHaError {
  readonly code = 'CONFIG_INVALID';
  readonly retryable = false;

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(
      (p) => `  - ${p.field} = ${showValue(p.value)}: ${p.message}. ${p.remedy}`,
    );
    super(`The Redis configuration has ${count(problems.length)}:\n${lines.join('\n')}`, {
      problems,
    });
  }

  // No member of its own: Nest prints an error with all its members, and each problem stands in two places already.
  get problems(): readonly Problem[] {
    return this.details['problems'] as readonly Problem[];
  }
}

/** An argument of a call cannot be used. */
export class InvalidArgumentError extends RedisHaError {
  readonly code = 'INVALID_ARGUMENT';
  readonly retryable = false;

  constructor(problem: Problem) {
    super(`${problem.field} = ${showValue(problem.value)}: ${problem.message}. ${problem.remedy}`, {
      problem,
    });
  }
}

/** No primary took the command before the deadline. The command was not executed. */
export class NoPrimaryError extends RedisHaError {
  readonly code = 'NO_PRIMARY';
  readonly retryable = true;
}

/** The read policy allows replicas only, and no replica can serve. The command was not sent. */
export class NoReplicaError extends RedisHaError {
  readonly code = 'NO_REPLICA';
  readonly retryable = true;
}

/** No Sentinel answered, so nothing is known about the cluster. */
export class SentinelsUnreachableError extends RedisHaError {
  readonly code = 'SENTINELS_UNREACHABLE';
  readonly retryable = true;
}

/** The deadline passed. The command was not executed, or it was a read; nothing was changed. */
export class CommandTimeoutError extends RedisHaError {
  readonly code = 'COMMAND_TIMEOUT';
  readonly retryable = true;
}

/**
 * The command was sent and its answer was lost, and it was not safe to repeat, or no time was left.
 * It may or may not have been executed: only the caller can find out.
 */
export class CommandUncertainError extends RedisHaError {
  readonly code = 'COMMAND_UNCERTAIN';
  readonly retryable = false;
}

/**
 * The primary executed the write, and fewer replicas than asked for confirmed it by the deadline. The write
 * stands; `details` has the numbers.
 */
export class NotReplicatedError extends RedisHaError {
  readonly code = 'NOT_REPLICATED';
  readonly retryable = false;
}

/** Redis answered with an error of its own, such as `WRONGTYPE`. */
export class CommandRejectedError extends RedisHaError {
  readonly code = 'COMMAND_REJECTED';
  readonly retryable = false;
}

/** The caller's `AbortSignal` fired. The command was not executed, or it was a read. */
export class CommandAbortedError extends RedisHaError {
  readonly code = 'COMMAND_ABORTED';
  readonly retryable = false;
}

/** Too many commands are waiting for a node. The command was not queued. */
export class QueueFullError extends RedisHaError {
  readonly code = 'QUEUE_FULL';
  readonly retryable = true;
}

/** The connection that a call needs was lost or could not be opened, such as an exclusive connection. */
export class ConnectionLostError extends RedisHaError {
  readonly code = 'CONNECTION_LOST';
  readonly retryable = true;
}

/** A planned switchover did not complete; the message says what was undone. */
export class SwitchoverFailedError extends RedisHaError {
  readonly code = 'SWITCHOVER_FAILED';
  readonly retryable = true;
}

/** The module runs in memory mode, by configuration: there is no Redis to send commands to. */
export class RedisDisabledError extends RedisHaError {
  readonly code = 'REDIS_DISABLED';
  readonly retryable = false;
}

/** Redis is away and the namespace is `strict`: memory must not answer for it. Nothing was done. */
export class CircuitOpenError extends RedisHaError {
  readonly code = 'CIRCUIT_OPEN';
  readonly retryable = true;
}

/** Redis is away and this cannot be done in memory, because other processes take part in it. */
export class DegradedUnsupportedError extends RedisHaError {
  readonly code = 'DEGRADED_UNSUPPORTED';
  readonly retryable = true;
}

/** Redis is away and memory does not know the key: it may exist or not. */
export class DegradedUnknownError extends RedisHaError {
  readonly code = 'DEGRADED_UNKNOWN';
  readonly retryable = true;
}

/** Redis is away and the journal is full. The write was not done. */
export class JournalFullError extends RedisHaError {
  readonly code = 'JOURNAL_FULL';
  readonly retryable = true;
}

/** The journal's file cannot be used: another process uses it, or the disk reports an error. */
export class JournalFileError extends RedisHaError {
  readonly code = 'JOURNAL_FILE_FAILED';
  readonly retryable = false;
}

/** The loader of a cached value failed, and there was no older value to serve. Its error is the `cause`. */
export class LoaderFailedError extends RedisHaError {
  readonly code = 'LOADER_FAILED';
  readonly retryable = true;
}

/** The loader of a cached value did not end in time, and there was no older value to serve. */
export class LoaderTimeoutError extends RedisHaError {
  readonly code = 'LOADER_TIMEOUT';
  readonly retryable = true;
}

/** A value would change on its way to bytes and back. Nothing was written. */
export class ValueUnserializableError extends RedisHaError {
  readonly code = 'VALUE_UNSERIALIZABLE';
  readonly retryable = false;
}

/** A value is larger than `maxValueBytes`. Nothing was written. */
export class ValueTooLargeError extends RedisHaError {
  readonly code = 'VALUE_TOO_LARGE';
  readonly retryable = false;
}

/** A token belongs to no session: never issued, expired, rotated or destroyed. */
export class SessionInvalidError extends RedisHaError {
  readonly code = 'SESSION_INVALID';
  readonly retryable = false;
}

/** Whether the session exists cannot be determined now: Redis is away, memory does not know it, no archive answers. */
export class SessionUnavailableError extends RedisHaError {
  readonly code = 'SESSION_UNAVAILABLE';
  readonly retryable = true;
}

/** The module is shutting down or has shut down. */
export class ClosedError extends RedisHaError {
  readonly code = 'CLOSED';
  readonly retryable = false;
}

/** The test cluster could not do what the test asked for. */
export class TestClusterError extends RedisHaError {
  readonly code = 'TEST_CLUSTER_FAILED';
  readonly retryable = false;
}

/** `RedisTestingModule` was asked for something that it does not keep in memory. Nothing was done. */
export class UnsupportedInTestError extends RedisHaError {
  readonly code = 'TEST_UNSUPPORTED';
  readonly retryable = false;
}

function count(problems: number): string {
  return problems === 1 ? '1 problem' : `${String(problems)} problems`;
}

function showValue(value: unknown): string {
  if (value === undefined) return '(not set)';
  if (typeof value === 'function') return '(a function)';
  try {
    const text: unknown = JSON.stringify(value);
    return typeof text === 'string' ? text : `(${typeof value})`;
  } catch {
    return `(${typeof value})`;
  }
}
