import { formatAddress } from '../../base/address/index.js';
import { explainFailure } from '../../cluster/connection/index.js';
import { type ReadPolicy, type ResolvedRedisOptions } from '../../config/index.js';
import {
  ClosedError,
  CommandAbortedError,
  CommandRejectedError,
  CommandTimeoutError,
  CommandUncertainError,
  firstOfTransaction,
  NoPrimaryError,
  NoReplicaError,
  QueueFullError,
  replyPrefix,
  safeMessage,
  withoutArguments,
  type ErrorDetails,
  type RedisHaError,
} from '../../base/errors/index.js';
import { whyNoReads, whyNoWrites, type TopologyTracker } from '../../cluster/topology/index.js';
import type { Call } from './call.js';

/** Redis answered with an error, and would do so again. `isDeclared`: only its caller says that it reads. */
export function rejectedError(
  command: string,
  error: unknown,
  isDeclared = false,
): CommandRejectedError {
  const first = firstOfTransaction(error);
  const cause = withoutArguments(error);
  const reply = replyPrefix(cause);
  const of = first === null ? '' : ` The first was: ${first}`;
  const advice = isDeclared && reply === 'READONLY' ? WRONGLY_DECLARED : '';
  return new CommandRejectedError(safeMessage(cause) + of + advice, { command, reply }, { cause });
}

const WRONGLY_DECLARED =
  " It was declared with { as: 'read' }, and it writes: declare it with { as: 'write' }";

/** A command of a transaction was rejected when the transaction was sent again; the first time is uncertain. */
export function repeatedError(command: string, error: unknown): CommandUncertainError {
  const reason = 'it was rejected when the transaction was sent again';
  return new CommandUncertainError(
    `${command} may or may not have been executed: ${reason}`,
    { command, reason },
    { cause: withoutArguments(error) },
  );
}

/** The command was sent, and its outcome is uncertain. */
export function uncertainError(call: Call, reason: string, cause?: unknown): CommandUncertainError {
  const command = call.payload.label;
  const repeated = call.isRepeatable
    ? 'It was repeated as long as there was time.'
    : 'It was not repeated, because doing it twice could do harm; read the data to find out.';
  return new CommandUncertainError(
    `${command} was sent and may or may not have been executed: ${reason}. ${repeated}`,
    { command, reason, isIdempotent: call.isRepeatable },
    cause === undefined ? undefined : { cause: withoutArguments(cause) },
  );
}

/** The caller's signal fired, and nothing was changed. */
export function abortedError(call: Call, signal: AbortSignal): CommandAbortedError {
  return new CommandAbortedError(
    `${call.payload.label} was aborted by its caller`,
    { command: call.payload.label },
    { cause: signal.reason },
  );
}

/** The engine is closing, and the command was not executed. */
export function closedError(call: Call): ClosedError {
  return new ClosedError('Redis is shutting down', { command: call.payload.label });
}

/** There is no node for the command, and the queue is full. */
export function queueFullError(
  call: Call,
  line: { readonly size: number; readonly bytes: number },
  { maxQueuedCommands, maxQueuedBytes }: ResolvedRedisOptions['routing'],
): QueueFullError {
  const { size: waiting, bytes: waitingBytes } = line;
  return new QueueFullError(
    `${String(waiting)} commands already wait for a node; ${call.payload.label} was not queued`,
    { waiting, waitingBytes, maxQueuedCommands, maxQueuedBytes },
  );
}

/** The deadline passed, or every node refuses the credentials, and nothing was changed. The message says what was missing. */
export function expiredError(
  call: Call,
  tracker: TopologyTracker,
  usualPolicy: ReadPolicy,
): RedisHaError {
  const command = call.payload.label;
  const details = { command, timeoutMs: call.timeoutMs, refusal: call.refusal };
  if (call.openAttempts > 0) {
    return new CommandTimeoutError(
      `${command} was not answered within ${String(call.timeoutMs)} ms`,
      details,
    );
  }
  const policy = call.intent.route === 'read' ? (call.readPolicy ?? usualPolicy) : 'primary';
  if (policy === 'primary') return noPrimaryError(call, tracker);
  const reason = whyNoReads(tracker, { primary: policy !== 'replica', replicas: true });
  const told = [
    `${policy === 'replica' ? 'No replica' : 'No node'} could answer ${command}${within(call.timeoutMs, tracker)}: ${reason}`,
    { ...details, reason },
  ] as const;
  return policy === 'replica' ? new NoReplicaError(...told) : new CommandTimeoutError(...told);
}

function noPrimaryError(call: Call, tracker: TopologyTracker): RedisHaError {
  const command = call.payload.label;
  const { timeoutMs, refusal } = call;
  const reason = whyNoWrites(tracker, refusal);
  return new NoPrimaryError(`${command} was not executed${within(timeoutMs, tracker)}: ${reason}`, {
    command,
    timeoutMs,
    ...detailsOf(tracker),
    refusal,
    reason,
  });
}

/** Nothing was sent: no primary took writes in time, or every node refuses the credentials. */
export function neverWritable(tracker: TopologyTracker, timeoutMs: number): NoPrimaryError {
  const reason = whyNoWrites(tracker);
  return new NoPrimaryError(`No primary took writes${within(timeoutMs, tracker)}: ${reason}`, {
    timeoutMs,
    ...detailsOf(tracker),
    reason,
  });
}

/** The same, where the primary takes writes, and no connection for one caller alone could be opened to it. */
export function neverLent(
  tracker: TopologyTracker,
  timeoutMs: number,
  failure: string | null,
): NoPrimaryError {
  if (failure === null || !tracker.isWritable) return neverWritable(tracker, timeoutMs);
  const reason = explainFailure(failure, 'node');
  return new NoPrimaryError(
    `No connection for one caller alone could be opened to the primary: ${reason}`,
    { timeoutMs, ...detailsOf(tracker), reason },
  );
}

// Where nobody lets us in, the deadline was not waited for.
function within(timeoutMs: number, { accessRefusedAt }: TopologyTracker): string {
  return accessRefusedAt !== null ? '' : ` within ${String(Math.round(timeoutMs))} ms`;
}

function detailsOf({ primaryAddress, primaryConnection, gate }: TopologyTracker): ErrorDetails {
  return {
    primary: primaryAddress === null ? null : formatAddress(primaryAddress),
    connection: primaryConnection?.state.kind ?? 'none',
    gate: gate.state.kind,
  };
}
