import type { EventBus } from '../../base/events/index.js';
import type { Clock } from '../../base/timing/index.js';
import type { TracedOptions } from '../table/call-options.js';
import { blockOption, type CommandIntent } from '../table/command-intent.js';
import type { CommandPayload } from '../table/payloads.js';
import { connectionLostError } from './loan-errors.js';
import { isUncertain, type LoanPlace } from './loan-call.js';
import type { PrimaryLoans } from './primary-loans.js';

const SECONDS_LAST = new Set(['blpop', 'brpop', 'brpoplpush', 'blmove', 'bzpopmin', 'bzpopmax']);
const SECONDS_FIRST = new Set(['blmpop', 'bzmpop']);

/**
 * Runs commands that may wait in the server (`BLPOP`, `XREAD BLOCK` …), each on a lent connection. The
 * caller does not notice a failover during the wait: the command is sent again to the new primary,
 * unless an element may have been taken and the answer lost.
 */
export class BlockingCalls {
  readonly #loans: PrimaryLoans;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #graceMs: number;
  readonly #place: LoanPlace;

  constructor(loans: PrimaryLoans, clock: Clock, bus: EventBus, graceMs: number) {
    this.#loans = loans;
    this.#clock = clock;
    this.#bus = bus;
    this.#graceMs = graceMs;
    this.#place = placeInPool(loans, clock);
  }

  /** Runs until the answer, the signal, or the deadline: the time it may block plus that of a failover. */
  async run(
    payload: CommandPayload,
    intent: CommandIntent,
    isRepeatable: boolean,
    options: TracedOptions | null,
  ): Promise<unknown> {
    const { timeoutMs = this.#usualTimeout(payload), signal = null, idempotent } = options ?? {};
    const call = {
      payload,
      intent,
      isRepeatable: idempotent ?? isRepeatable,
      signal,
      deadlineAt: this.#clock.now() + timeoutMs,
      operation: options?.operation,
      onAgain: this.#loans.countAgain,
    };
    try {
      return await this.#loans.calls.run(call, this.#place);
    } catch (error) {
      if (isUncertain(error)) {
        const { label: command } = payload;
        const reason = 'interrupted while it waited';
        this.#bus.emit({ type: 'command.uncertain', command, reason });
      }
      throw error;
    }
  }

  // A command that blocks for ever has no deadline: it may wait for as long as the application runs.
  #usualTimeout(payload: CommandPayload): number {
    const blockMs = blockTimeOf(payload);
    return blockMs === 0 ? Infinity : blockMs + this.#graceMs;
  }
}

/** Each attempt takes a connection from the pool and gives it back. */
function placeInPool(loans: PrimaryLoans, clock: Clock): LoanPlace {
  return {
    enter: ({ deadlineAt, signal }) => loans.acquire(deadlineAt - clock.now(), signal, 'blocking'),
    leave: (loan, outcome) => {
      const isClean = 'reply' in outcome || (outcome.failure !== 'unknown' && !outcome.ending);
      if (isClean) loan.release();
      else loan.discard();
    },
    hasConnection: () => true,
    lostError: connectionLostError,
  };
}

/** Returns how long the command itself asks to block, in ms; 0 means for ever. */
function blockTimeOf({ label, args }: CommandPayload): number {
  const name = label.toLowerCase();
  const flat = args.flat();
  if (SECONDS_LAST.has(name)) return toMs(flat.at(-1), 1000);
  if (SECONDS_FIRST.has(name)) return toMs(flat[0], 1000);
  if (name === 'blmovem') return toMs(flat[4], 1000);
  if (name === 'ts.read') return toMs(blockOption(flat.slice(2)), 1);
  return toMs(blockOption(flat), 1);
}

function toMs(value: unknown, factor: number): number {
  const number = Number(value);
  return Number.isFinite(number) && number > 0 ? number * factor : 0;
}
