import { InvalidArgumentError, NotReplicatedError, RedisHaError } from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import type { Clock } from '../../base/timing/index.js';
import type { TracedOptions } from '../table/call-options.js';
import { type CommandIntent, intentOf } from '../table/command-intent.js';
import { CommandPayload, type Payload } from '../table/payloads.js';
import { connectionLostError } from './loan-errors.js';
import { isUncertain, type LoanCall, type LoanPlace } from './loan-call.js';
import type { PrimaryLoans } from './primary-loans.js';
import type { PrimaryLoan } from './wait-ender.js';

// Left for the answer to WAIT, which has the number: a tenth of the time, but enough for a busy machine.
const ANSWER_SHARE = 0.1;
const MIN_ANSWER_MS = 50;

const WAIT: CommandIntent = { ...intentOf('wait', []), route: 'primary', changes: false };

/** A write, or a transaction of writes, that replicas are to confirm. */
export interface ConfirmedWrite {
  readonly payload: Payload;
  readonly intent: CommandIntent;
  readonly isRepeatable: boolean;
  readonly replicas: number;
  readonly options: TracedOptions;
}

/** A number of replicas, and how it ended when there were fewer. */
interface Confirmation {
  /** `null` when Redis did not say. */
  readonly acknowledged: number | null;
  readonly reason: string;
}

/**
 * Runs writes of which the caller wants to know that replicas have them. `WAIT` counts the writes of its own
 * connection and keeps it busy, so each write has a connection of its own, of those for exclusive use.
 */
export class ConfirmedWrites {
  readonly #loans: PrimaryLoans;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #usualTimeoutMs: number;

  constructor(loans: PrimaryLoans, clock: Clock, bus: EventBus, usualTimeoutMs: number) {
    this.#loans = loans;
    this.#clock = clock;
    this.#bus = bus;
    this.#usualTimeoutMs = usualTimeoutMs;
  }

  /**
   * Resolves with the answer when so many replicas have confirmed the write.
   *
   * @throws NotReplicatedError (`NOT_REPLICATED`) when fewer did by the deadline. The write stands.
   */
  async run(write: ConfirmedWrite): Promise<unknown> {
    const { payload, intent, replicas, options } = write;
    const { timeoutMs = this.#usualTimeoutMs, signal = null } = options;
    const deadlineAt = this.#clock.now() + timeoutMs;
    const { operation } = options;
    const { isRepeatable } = write;
    const onAgain = this.#loans.countAgain;
    const call = { payload, intent, isRepeatable, signal, deadlineAt, operation, onAgain };
    const { reply, loan } = await this.#write(call);
    const { acknowledged, reason } = await this.#confirm(loan, replicas, call);
    if (acknowledged !== null && acknowledged >= replicas) return reply;
    throw notReplicated(payload.label, { replicas, acknowledged, timeoutMs, reason });
  }

  async #write(call: LoanCall): Promise<{ readonly reply: unknown; readonly loan: PrimaryLoan }> {
    const held: PrimaryLoan[] = [];
    const place: LoanPlace = {
      enter: ({ deadlineAt, signal }) =>
        this.#loans.acquire(deadlineAt - this.#clock.now(), signal, 'exclusive'),
      leave: (loan, outcome) => {
        if ('reply' in outcome) held.push(loan);
        else if (outcome.failure === 'unknown' || outcome.ending !== null) loan.discard();
        else loan.release();
      },
      hasConnection: () => true,
      lostError: connectionLostError,
    };
    try {
      const reply = await this.#loans.calls.run(call, place);
      // An attempt that is answered has kept its connection.
      return { reply, loan: held[0] as PrimaryLoan };
    } catch (error) {
      if (isUncertain(error)) {
        const { label: command } = call.payload;
        const reason = 'its connection was lost';
        this.#bus.emit({ type: 'command.uncertain', command, reason });
      }
      throw error;
    }
  }

  async #confirm(
    loan: PrimaryLoan,
    replicas: number,
    { deadlineAt, signal }: LoanCall,
  ): Promise<Confirmation> {
    const waitMs = waitTimeOf(deadlineAt - this.#clock.now());
    const payload = new CommandPayload('wait', [replicas, waitMs], 'utf8');
    const call = { payload, intent: WAIT, isRepeatable: false, deadlineAt, signal };
    try {
      const count = await this.#loans.calls.run(call, onThis(loan));
      loan.release();
      return { acknowledged: Number(count), reason: 'no more of them confirmed it in time' };
    } catch (error) {
      loan.discard();
      return { acknowledged: null, reason: whyUnknown(error) };
    }
  }
}

/** Returns the error for a command that no replica can confirm; `null` for one that can be. */
export function unconfirmable({
  name,
  route,
  changes,
}: CommandIntent): InvalidArgumentError | null {
  if (route === 'primary' && changes) return null;
  return new InvalidArgumentError({
    field: 'replicas',
    value: name.split('|')[0],
    message:
      route === 'blocking'
        ? 'a command that waits in the server cannot wait for replicas too'
        : 'it changes nothing that a replica could confirm',
    remedy: 'Give replicas to writes and transactions',
  });
}

/** Returns how long Redis may wait for replicas, so that its answer arrives before the deadline. */
function waitTimeOf(leftMs: number): number {
  const answerMs = Math.min(Math.max(leftMs * ANSWER_SHARE, MIN_ANSWER_MS), leftMs / 2);
  return Math.max(1, Math.floor(leftMs - answerMs));
}

/** The second command of a connection that is held: it is sent on this one or not at all. */
function onThis(loan: PrimaryLoan): LoanPlace {
  return {
    enter: () => Promise.resolve(loan),
    leave: () => undefined,
    hasConnection: () => false,
    lostError: connectionLostError,
  };
}

function whyUnknown(error: unknown): string {
  if (!RedisHaError.is(error)) return 'the answer to WAIT was lost';
  if (error.code === 'COMMAND_REJECTED')
    return `Redis refused WAIT (${String(error.details['reply'])})`;
  if (error.code === 'COMMAND_ABORTED') return 'the caller aborted it';
  if (error.code === 'COMMAND_TIMEOUT') return 'the primary did not say in time';
  return 'the connection was lost';
}

function notReplicated(
  command: string,
  found: Confirmation & { readonly replicas: number; readonly timeoutMs: number },
): NotReplicatedError {
  const { replicas, acknowledged, reason } = found;
  const count = acknowledged === null ? 'an unknown number' : String(acknowledged);
  return new NotReplicatedError(
    `${command} was executed by the primary, and ${count} of ${String(replicas)} replicas confirmed it: ` +
      `${reason}. It stands, unless the primary is lost before it is copied`,
    { command, ...found },
  );
}
