import { CommandRejectedError } from '../../base/errors/index.js';
import type { Clock } from '../../base/timing/index.js';
import { intentOf } from '../table/command-intent.js';
import { CommandPayload } from '../table/payloads.js';
import { ExclusiveConnection } from './exclusive-connection.js';
import type { LoanCall } from './loan-call.js';
import { connectionLostError } from './loan-errors.js';
import type { PrimaryLoans } from './primary-loans.js';
import type { PrimaryLoan } from './wait-ender.js';

const FIRST_WRITE_KEY = 'nestjs-redis-ha:first-write';

/** Lends an exclusive connection to `work` and takes it back afterwards. */
export async function withExclusive<T>(
  work: (connection: ExclusiveConnection) => Promise<T>,
  loans: PrimaryLoans,
  clock: Clock,
  timeoutMs: number,
): Promise<T> {
  const loan = await begin(loans, clock, timeoutMs);
  const connection = new ExclusiveConnection({ loan, loans, clock, timeoutMs });
  try {
    const result = await work(connection);
    // The work has succeeded, even if its connection cannot be used again.
    if (await connection.end()) loan.release();
    else loan.discard();
    return result;
  } catch (error) {
    // The state of the connection is unknown now: there may be a watched key or half a transaction.
    void connection.end();
    loan.discard();
    throw error;
  }
}

/**
 * Waits for a connection on which the work can begin. Right after a switch it also waits until the new
 * primary takes a write: until its first replica is linked it may refuse writes, and with a refused
 * `EXEC` Redis forgets the watched keys.
 */
async function begin(loans: PrimaryLoans, clock: Clock, timeoutMs: number): Promise<PrimaryLoan> {
  const deadlineAt = clock.now() + timeoutMs;
  for (;;) {
    const loan = await loans.acquire(deadlineAt - clock.now());
    if (!loans.isFirstWriteAwaited) return loan;
    const hasBegun = await takesWrites(loan, loans, deadlineAt);
    if (hasBegun) return loan;
    loan.discard();
  }
}

/** Sends the first write: it deletes a key that does not exist, so it changes nothing. Returns whether the work can begin. */
async function takesWrites(
  loan: PrimaryLoan,
  loans: PrimaryLoans,
  deadlineAt: number,
): Promise<boolean> {
  const args = [FIRST_WRITE_KEY];
  const call: LoanCall = {
    payload: new CommandPayload('unlink', args, 'utf8'),
    intent: intentOf('unlink', args),
    isRepeatable: true,
    deadlineAt,
    signal: null,
  };
  try {
    await loans.calls.run(call, {
      enter: () => Promise.resolve(loan),
      leave: () => undefined,
      hasConnection: () => loan.wire.isReady && loans.mayWrite(loan),
      lostError: connectionLostError,
    });
    return true;
  } catch (error) {
    // A right that is missing says nothing about the primary.
    return error instanceof CommandRejectedError;
  }
}
