import { CommandUncertainError, type FailureKind } from '../../base/errors/index.js';
import type { CommandOperation } from '../../base/operations/index.js';
import type { CommandIntent } from '../table/command-intent.js';
import type { Payload } from '../table/payloads.js';
import type { PrimaryLoan } from './wait-ender.js';

/** A command or transaction that runs on a connection of its own. */
export interface LoanCall {
  readonly payload: Payload;
  readonly intent: CommandIntent;
  /** Whether running it twice is harmless, and the application allows it. */
  readonly isRepeatable: boolean;
  /** On the engine's clock; `Infinity` for none. */
  readonly deadlineAt: number;
  readonly signal: AbortSignal | null;
  /** What is told of its way, if somebody watches. */
  readonly operation?: CommandOperation | undefined;
  /** Counts that it is sent again, if it is counted itself. */
  readonly onAgain?: (reason: 'lost' | 'refused') => void;
}

/** What ends an attempt before it is answered. All but the fence end the call as well. */
export type Ending = 'fence' | 'abort' | 'deadline' | 'shutdown';

/** How an attempt failed. */
export interface Failure {
  readonly failure: FailureKind;
  readonly error: unknown;
  readonly ending: Ending | null;
}

/** The outcome of one attempt. */
export type Outcome = { readonly reply: unknown } | Failure;

/** Where a call gets its connection: from the pool, or the one it belongs to. */
export interface LoanPlace {
  /** Waits for a connection on which the call may be sent. Rejects when it will not get one. */
  enter(call: LoanCall): Promise<PrimaryLoan>;
  /** The attempt is over. */
  leave(loan: PrimaryLoan, outcome: Outcome): void;
  /** Whether the call may be sent again after this failure. */
  hasConnection(call: LoanCall, failure: FailureKind): boolean;
  /** The error when it may not, and nothing was changed. */
  lostError(call: LoanCall, error: unknown): Error;
}

/** Whether it may wait in the server. */
export function isBlocking({ intent }: LoanCall): boolean {
  return intent.route === 'blocking';
}

/** Whether an error says that nobody knows whether the call was executed. */
export function isUncertain(error: unknown): error is CommandUncertainError {
  return error instanceof CommandUncertainError;
}
