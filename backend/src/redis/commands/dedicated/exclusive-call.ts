import type { Loan } from '../../cluster/connection/index.js';
import {
  classifyFailure,
  CommandTimeoutError,
  CommandUncertainError,
  ConnectionLostError,
} from '../../base/errors/index.js';
import { atDeadline, onSignal, type Clock } from '../../base/timing/index.js';
import type { CommandIntent } from '../table/command-intent.js';
import type { Payload } from '../table/payloads.js';
import { rejectedError } from '../shared/outcome-errors.js';

/** A command or transaction to run on a lent connection. */
export interface ExclusiveCall {
  readonly payload: Payload;
  readonly intent: CommandIntent;
  /** `null` waits until the connection ends. */
  readonly timeoutMs: number | null;
  readonly signal: AbortSignal | null;
}

/** The command was not executed, or it was a read: it may be sent again. */
export class TryElsewhere extends ConnectionLostError {}

/**
 * Runs a call on a lent connection. Closes the connection when the deadline passes or the signal
 * fires: otherwise the late answer would be taken for that of the next command.
 */
export async function runExclusively(
  loan: Loan,
  call: ExclusiveCall,
  clock: Clock,
): Promise<unknown> {
  const { payload, intent, timeoutMs, signal } = call;
  let cutBy: 'deadline' | 'signal' | null = null;
  const cut = (by: 'deadline' | 'signal'): void => {
    cutBy = by;
    loan.discard();
  };
  const [deadline, abort] = [atDeadline(clock, timeoutMs), onSignal(signal)];
  const stopTimer = deadline(() => {
    cut('deadline');
  });
  const stopListening = abort(() => {
    cut('signal');
  });
  try {
    return await new Promise<unknown>((onValue, onFailure) => {
      payload.write(loan.wire, { onValue, onFailure });
      loan.wire.flush();
    });
  } catch (error) {
    throw outcomeOf(error, payload.label, intent, cutBy);
  } finally {
    stopTimer();
    stopListening();
  }
}

function outcomeOf(
  error: unknown,
  command: string,
  intent: CommandIntent,
  cutBy: 'deadline' | 'signal' | null,
): Error {
  const failure = classifyFailure(error);
  if (failure === 'rejected') return rejectedError(command, error);
  if (failure !== 'unknown') return new TryElsewhere(`${command} was not executed`, { command });
  const reason = cutBy ?? 'connection lost';
  if (intent.changes) {
    return new CommandUncertainError(
      `${command} was sent and may or may not have been executed: ${reason}`,
      { command, reason },
    );
  }
  if (cutBy !== null)
    return new CommandTimeoutError(`${command} was not answered: stopped by its ${cutBy}`, {
      command,
      reason,
    });
  return new TryElsewhere(`The connection was lost during ${command}`, { command });
}
