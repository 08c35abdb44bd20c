import {
  ClosedError,
  CommandAbortedError,
  CommandTimeoutError,
  CommandUncertainError,
  ConnectionLostError,
  replyPrefix,
  withoutArguments,
} from '../../base/errors/index.js';
import type { Ending, LoanCall } from './loan-call.js';

const REASONS: Readonly<Record<Ending, string>> = {
  fence: 'the primary was being replaced',
  abort: 'the caller aborted it',
  deadline: 'stopped by its deadline',
  shutdown: 'the application is shutting down',
};

/** Returns in words what ended an attempt whose answer was lost. */
export function reasonOf(ending: Ending | null): string {
  return ending === null ? 'the connection was lost' : REASONS[ending];
}

type Named = Pick<LoanCall, 'payload' | 'signal'>;

/** The call was sent, and its outcome is uncertain. */
export function uncertainError({ payload }: Named, reason: string, cause: unknown): Error {
  const command = payload.label;
  return new CommandUncertainError(
    `${command} was sent and may or may not have been executed: ${reason}`,
    { command, reason },
    { cause: cause instanceof Error ? withoutArguments(cause) : cause },
  );
}

/** The call was ended, and nothing was changed. `refusal` is the last answer of Redis, if there was one. */
export function endedError(call: Named, ending: Ending | null, refusal: unknown): Error {
  const command = call.payload.label;
  if (ending === 'abort') {
    const cause: unknown = call.signal?.reason;
    return new CommandAbortedError(`${command} was aborted by its caller`, { command }, { cause });
  }
  if (ending === 'shutdown') return new ClosedError('Redis is shutting down', { command });
  const reply = refusal instanceof Error ? replyPrefix(refusal) : null;
  const why = reply === null || reply === 'ERR' ? REASONS.deadline : `Redis said ${reply}`;
  return new CommandTimeoutError(`${command} was not executed in time: ${why}`, {
    command,
    reason: 'deadline',
  });
}

/** The connection of the call is lost, and nothing was changed. */
export function connectionLostError({ payload }: Named, cause: unknown): Error {
  const command = payload.label;
  return new ConnectionLostError(
    `The connection was lost, so ${command} was not executed`,
    { command },
    { cause: cause instanceof Error ? withoutArguments(cause) : cause },
  );
}
